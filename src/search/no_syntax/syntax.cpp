// A build without grammars (PROMETHEAN_SYNTAX=OFF).
#include "search/syntax.h"

namespace promethean::search {

struct SyntaxTree::State {};

bool has_grammar(Language) {
  return false;
}

std::optional<SyntaxTree> SyntaxTree::parse(Language, std::string_view, std::string_view, const SyntaxBudget&,
                                            const async::StopFlag&) {
  return std::nullopt;
}

SyntaxTree::SyntaxTree(std::unique_ptr<State> state) : state_(std::move(state)) {}
SyntaxTree::SyntaxTree(SyntaxTree&&) noexcept = default;
SyntaxTree::~SyntaxTree() = default;

bool SyntaxTree::has_errors() const {
  return false;
}

std::vector<Definition> SyntaxTree::definitions() const {
  return {};
}

std::string_view SyntaxTree::within(size_t) const {
  return {};
}

}  // namespace promethean::search
