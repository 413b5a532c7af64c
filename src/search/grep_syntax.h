// What grep must know of a pattern beyond what RE2 tells: its Unicode spelling, and the literals it cannot do without.
// Both read RE2's syntax conservatively: what they do not understand they leave as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

// The pattern with `\w \d \s \W \D \S` spelled as Unicode classes, as ripgrep reads them. The pattern must be valid.
std::string with_unicode_classes(std::string_view pattern);

// The Unicode word characters as the inside of a bracket class.
std::string_view unicode_word_set();

// Strings of which at least one is in every match; empty when there are none worth looking for. With `ignore_case` they
// are lower-case ASCII, to be found ignoring ASCII case. `whole` says that the pattern is the one literal itself.
struct RequiredLiterals {
  std::vector<std::string> any_of;
  bool whole = false;
};
RequiredLiterals required_literals(std::string_view pattern, bool ignore_case);

// Whether the pattern asks for a newline by `\n` or as itself.
bool names_newline(std::string_view pattern);

}  // namespace promethean::search
