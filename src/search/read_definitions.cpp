#include <algorithm>
#include <set>

#include "search/syntax.h"

namespace promethean::search {

namespace {

// Types and functions: what a reader must not miss. The two differ in which variables and fields count.
bool is_structural(const Definition& d) {
  using enum DefinitionKind;
  return d.kind == kFunction || d.kind == kMethod || d.kind == kConstructor || d.kind == kClass || d.kind == kStruct ||
         d.kind == kInterface || d.kind == kTrait || d.kind == kEnum || d.kind == kUnion;
}

using Places = std::set<std::pair<uint32_t, std::string_view>>;

Places places_of(const std::vector<Definition>& list) {
  Places places;
  for (const Definition& d : list) places.emplace(d.line, d.name);
  return places;
}

bool holds_all(const Places& places, const std::vector<Definition>& list) {
  return std::ranges::all_of(list, [&places](const Definition& d) {
    // The white space in `operator ==` is nobody's business.
    return !is_structural(d) || d.name.starts_with("operator") || places.contains({d.line, d.name});
  });
}

}  // namespace

ReadDefinitions read_definitions(Language language, std::string_view path, std::string_view text,
                                 const SyntaxBudget& budget, const async::StopFlag& stop) {
  const auto tree = SyntaxTree::parse(language, path, text, budget, stop);
  if (!tree) return {scan_definitions(language, text), false};
  auto by_grammar = tree->definitions();
  auto scanned = scan_definitions(language, text);
  if (holds_all(places_of(by_grammar), scanned)) return {std::move(by_grammar), true};
  return {std::move(scanned), false};
}

}  // namespace promethean::search
