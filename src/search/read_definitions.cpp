#include <algorithm>

#include "search/syntax.h"

namespace promethean::search {

namespace {

// Types and functions: what a reader must not miss. Variables and fields are counted differently by the two.
size_t structure_count(const std::vector<Definition>& list) {
  using enum DefinitionKind;
  return static_cast<size_t>(std::ranges::count_if(list, [](const Definition& d) {
    return d.kind == kFunction || d.kind == kMethod || d.kind == kConstructor || d.kind == kClass ||
           d.kind == kStruct || d.kind == kInterface || d.kind == kTrait || d.kind == kEnum || d.kind == kUnion;
  }));
}

}  // namespace

ReadDefinitions read_definitions(Language language, std::string_view path, std::string_view text,
                                 const SyntaxBudget& budget, const async::StopFlag& stop) {
  const auto tree = SyntaxTree::parse(language, path, text, budget, stop);
  if (!tree) return {scan_definitions(language, text), false};
  auto by_grammar = tree->definitions();
  if (!tree->has_errors()) return {std::move(by_grammar), true};
  auto scanned = scan_definitions(language, text);
  if (structure_count(by_grammar) < structure_count(scanned)) return {std::move(scanned), false};
  return {std::move(by_grammar), true};
}

}  // namespace promethean::search
