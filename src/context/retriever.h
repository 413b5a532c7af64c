// Retriever: from a question to citations. What the question names exactly comes first (places, identifiers, quoted
// strings), then what ranks best; overlaps are dropped, and the rest is cut to a number and a token budget.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "async/pool.h"
#include "base/fd.h"
#include "context/citation.h"
#include "context/question.h"
#include "search/live_index.h"

namespace promethean::context {

using async::Context;
using async::Task;

struct RetrievalOptions {
  bool enabled = true;
  size_t max_citations = 6;
  int64_t max_tokens = 2000;  // of all excerpts together, by the backend's tokenizer
  search::Kind kind = search::Kind::kAll;
  std::chrono::milliseconds deadline{2'000};
};

struct Retrieval {
  std::vector<Citation> citations;
  std::vector<std::string> missing;  // parts that could not be asked, and why
  uint64_t generation = 0;           // of the index
  base::WallTime as_of{};
  double seconds = 0;
  json::Object to_json() const;  // retrieval_context
};

// Tokens of a text for the model that will read it.
using CountTokens = std::function<Task<base::Result<int64_t>>(Context&, std::string)>;

// Threads: any core. `index`, `root` and `pool` outlive it.
class Retriever {
 public:
  Retriever(search::LiveIndex& index, const base::RootDir& root, async::BlockingPool& pool)
      : index_(index), root_(root), pool_(pool) {}

  // Never fails because of what it finds; only when `ctx` itself is done.
  Task<base::Result<Retrieval>> retrieve(Context& ctx, std::string text, RetrievalOptions options, CountTokens count);

 private:
  search::LiveIndex& index_;
  const base::RootDir& root_;
  async::BlockingPool& pool_;
};

}  // namespace promethean::context
