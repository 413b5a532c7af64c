#include "search/symbols.h"

#include <algorithm>
#include <array>

namespace promethean::search {

namespace {

constexpr std::array<std::string_view, 5> kMatches{"exact", "prefix", "substring", "fuzzy", "text"};

}  // namespace

std::string_view tier_name(Tier tier) {
  switch (tier) {
    case Tier::kSyntax:
      return "syntax";
    case Tier::kScan:
      return "scan";
    case Tier::kTextual:
      return "textual";
  }
  return "textual";
}

std::string_view match_name(NameMatch match) {
  return kMatches[static_cast<size_t>(match)];
}

std::optional<NameMatch> parse_match(std::string_view text) {
  const auto it = std::ranges::find(kMatches, text);
  if (it == kMatches.end() || *it == "text") return std::nullopt;
  return static_cast<NameMatch>(it - kMatches.begin());
}

std::string_view relation_name(Relation relation) {
  switch (relation) {
    case Relation::kSameFile:
      return "same_file";
    case Relation::kSameFolder:
      return "same_folder";
    case Relation::kImporter:
      return "importer";
    case Relation::kOther:
      return "other";
  }
  return "other";
}

}  // namespace promethean::search
