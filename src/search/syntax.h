// Tier 2: files read by their grammar. Exact ranges and nesting, at a twentieth of the scanner's speed, so it is used
// on demand: for outlines and for the files of an answer.
//
//   if (auto tree = SyntaxTree::parse(Language::kGo, path, text, budget, stop)) {
//     tree->definitions();         // the same form as scan_definitions
//     tree->within(offset);        // "code", "comment", "literal"; empty: the grammar cannot say
//   }
//
// A build without grammars knows none and parses nothing. Threads: one tree, one thread; its text outlives it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "async/context.h"
#include "base/clock.h"
#include "search/definitions.h"

namespace promethean::search {

// What reading by grammar may cost within one answer: each file's size, and time in all.
class SyntaxBudget {
 public:
  explicit SyntaxBudget(std::chrono::milliseconds time, size_t max_bytes = 1 << 20)
      : until_(base::steady_now() + time), max_bytes_(max_bytes) {}

  bool allows(size_t bytes) const { return bytes <= max_bytes_ && base::steady_now() < until_; }
  base::SteadyTime::duration left() const { return until_ - base::steady_now(); }
  bool spent() const { return left() <= left().zero(); }

 private:
  base::SteadyTime until_;
  size_t max_bytes_;
};

bool has_grammar(Language language);

class SyntaxTree {
 public:
  // Nothing: no grammar, too large, the budget is spent, or `stop` was set. `path` tells dialects apart (.tsx).
  static std::optional<SyntaxTree> parse(Language language, std::string_view path, std::string_view text,
                                         const SyntaxBudget& budget, const async::StopFlag& stop);
  SyntaxTree(SyntaxTree&&) noexcept;
  ~SyntaxTree();

  // Whether some of the text did not fit the grammar.
  bool has_errors() const;
  std::vector<Definition> definitions() const;
  std::string_view within(size_t offset) const;

 private:
  struct State;
  explicit SyntaxTree(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The definitions of a text by the best reader there is: by grammar, unless the scanner knows a function or type that
// the grammar does not, as where macros hide them. `syntax` says which it was.
struct ReadDefinitions {
  std::vector<Definition> list;
  bool syntax = false;
};
ReadDefinitions read_definitions(Language language, std::string_view path, std::string_view text,
                                 const SyntaxBudget& budget, const async::StopFlag& stop);

}  // namespace promethean::search
