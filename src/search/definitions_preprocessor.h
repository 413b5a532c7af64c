// Chooses among the branches of #if ... #else ... #endif, so that braces stay in balance without evaluating anything.
//
// All branches are read as long as each is a sequence of whole statements. When the first branch left something open,
// or started in the middle of a statement, its alternatives are left out. `#if 0` is left out.
#pragma once

#include <string_view>
#include <vector>

#include "search/definitions_lexer.h"

namespace promethean::search {

class BranchChooser {
 public:
  explicit BranchChooser(const Tokens* tokens) : tokens_(tokens) {}

  // Takes one directive line; true when it is a #define that is to be kept as a token.
  bool directive(std::string_view line);

  // Whether tokens are being left out now.
  bool skipping() const { return !stack_.empty() && stack_.back().skip; }

 private:
  struct Branch {
    int depth;  // open brackets when #if came
    bool mid_statement;
    bool skip;        // the current branch is left out
    bool outer_skip;  // and so was what encloses it
    bool taken;       // a branch was read already
  };
  int depth();
  bool at_statement_border() const;
  void open(std::string_view condition);
  void alternative();

  const Tokens* tokens_;
  std::vector<Branch> stack_;
  size_t counted_ = 0;  // tokens whose brackets are in depth_
  int depth_ = 0;
};

}  // namespace promethean::search
