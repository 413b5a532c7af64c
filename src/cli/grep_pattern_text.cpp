#include "cli/grep_pattern_text.h"

#include <algorithm>

#include "search/grep_codes.h"

namespace promethean::cli {

namespace {

std::string quoted_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$#&-~/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// Smart case: letters, and none of them upper case. What stands behind a backslash is no letter.
bool is_lower_case(std::string_view pattern, bool fixed) {
  const auto upper = search::property_codes("Lu");
  const auto letters = search::property_codes("L");
  bool any = false;
  for (size_t at = 0; at < pattern.size();) {
    if (!fixed && pattern[at] == '\\') {
      at += 2;
      const bool named = at < pattern.size() && pattern[at] == '{' &&
                         std::string_view("pPxuU").find(pattern[at - 1]) != std::string_view::npos;
      if (named) at = std::min(pattern.find('}', at), pattern.size());
      continue;
    }
    const auto character = search::decode_utf8(pattern, at);
    if (character.size > 0 && upper->has(character.code)) return false;
    any = any || (character.size > 0 && letters->has(character.code));
    at += std::max<size_t>(character.size, 1);
  }
  return any;
}

}  // namespace

PatternText pattern_text(const GrepOptions& options, const std::vector<std::string>& patterns) {
  PatternText text{.fixed = options.fixed, .ignore_case = options.ignore_case};
  if (options.smart_case && !options.case_sensitive) {
    text.ignore_case = std::ranges::all_of(patterns, [&](const auto& p) { return is_lower_case(p, options.fixed); });
  }
  if (options.case_sensitive) text.ignore_case = false;
  const bool joined = patterns.size() > 1 || options.line_regexp;
  if (!joined) {
    text.pattern = patterns[0];
  } else {
    for (const std::string& pattern : patterns) {
      if (!text.pattern.empty()) text.pattern += '|';
      text.pattern += "(?:" + (options.fixed ? quoted_pattern(pattern) : pattern) + ")";
    }
    if (options.line_regexp) text.pattern = "^(?:" + text.pattern + ")$";
    text.fixed = false;
  }
  if (text.pattern.empty()) text.pattern = "(?:)", text.fixed = false;
  return text;
}

}  // namespace promethean::cli
