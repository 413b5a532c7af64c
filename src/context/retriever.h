// Retriever: from a question to citations. What the question names exactly comes first (places and identifiers, then
// quoted strings), then what ranks best; overlaps are dropped, and the rest is cut to a number and a token budget.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "context/evidence.h"

namespace promethean::context {

struct RetrievalOptions {
  bool enabled = true;
  size_t max_citations = 6;
  int64_t max_tokens = 2000;  // of all excerpts together, by the backend's tokenizer
  search::Kind kind = search::Kind::kAll;
  std::chrono::milliseconds deadline{2'000};  // of all three parts together
};

struct Retrieval {
  std::vector<Citation> citations;
  std::vector<std::string> missing;  // "grep: …": parts that could not be asked, and why
  EvidenceState state;
  json::Object to_json() const;  // retrieval_context
};

// Tokens of a text for the model that will read it.
using CountTokens = std::function<Task<base::Result<int64_t>>(Context&, std::string)>;

// Threads: any core. `source` outlives it.
class Retriever {
 public:
  explicit Retriever(EvidenceSource& source) : source_(source) {}

  // kUnavailable when no part could be asked, else the error of `ctx` or of `count`.
  Task<base::Result<Retrieval>> retrieve(Context& ctx, std::string text, RetrievalOptions options, CountTokens count);

  EvidenceSource& source() { return source_; }

 private:
  EvidenceSource& source_;
};

}  // namespace promethean::context
