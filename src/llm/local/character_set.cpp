#include "llm/local/character_set.h"

#include <fmt/format.h>

#include <algorithm>

namespace promethean::llm::local {

CharacterSet CharacterSet::all() {
  return range(0, kLast);
}

CharacterSet CharacterSet::of(std::string_view ascii) {
  CharacterSet set;
  for (const char c : ascii) set.add(static_cast<unsigned char>(c), static_cast<unsigned char>(c));
  return set;
}

void CharacterSet::add(char32_t first, char32_t last) {
  ranges_.push_back({first, last});
  std::ranges::sort(ranges_, {}, &Range::first);
  std::vector<Range> joined;
  for (const Range& next : ranges_) {
    if (!joined.empty() && next.first <= joined.back().last + 1)
      joined.back().last = std::max(joined.back().last, next.last);
    else
      joined.push_back(next);
  }
  ranges_ = std::move(joined);
}

void CharacterSet::add(const CharacterSet& other) {
  for (const Range& range : other.ranges_) add(range.first, range.last);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet out;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) out.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLast) out.ranges_.push_back({next, kLast});
  return out;
}

CharacterSet CharacterSet::without(const CharacterSet& other) const {
  CharacterSet outside = complement();
  outside.add(other);
  return outside.complement();
}

bool CharacterSet::contains(char32_t c) const {
  return std::ranges::any_of(ranges_, [c](const Range& range) { return range.first <= c && c <= range.last; });
}

std::string CharacterSet::in_json() const {
  CharacterSet escaped = range(0, 0x1F);
  escaped.add(of("\"\\\x7F"));
  escaped.add(0xD800, 0xDFFF);  // halves of a pair are no characters
  const CharacterSet plain = without(escaped);
  std::string out;
  const auto offer = [&out](const std::string& way) { out += (out.empty() ? "" : " | ") + way; };
  if (!plain.ranges_.empty()) {
    std::string bracket = "[";
    for (const Range& range : plain.ranges_) {
      bracket += GrammarRules::character(range.first);
      if (range.last > range.first) bracket += "-" + GrammarRules::character(range.last);
    }
    offer(bracket + "]");
  }
  constexpr std::pair<char, std::string_view> kShort[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"},
                                                          {'\t', "\\t"}, {'\b', "\\b"},  {'\f', "\\f"}};
  for (const auto& [character, escape] : kShort) {
    if (contains(static_cast<unsigned char>(character))) offer(GrammarRules::literal(escape));
  }
  for (char32_t c = 0; out.empty() && c <= 0x7F; ++c) {
    if (contains(c)) offer(GrammarRules::literal(fmt::format("\\u{:04x}", static_cast<uint32_t>(c))));
  }
  return out;
}

}  // namespace promethean::llm::local
