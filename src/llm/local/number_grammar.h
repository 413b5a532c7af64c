// Numbers between bounds as GBNF: the numerals of JSON whose value is in a range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace promethean::llm::local {

// Inclusive bounds; unset: 15 digits, or as many as the other bound has. An expression without spaces around it; ""
// when there is no integer between them.
std::string integer_grammar(std::optional<int64_t> least, std::optional<int64_t> most);

struct NumberRange {
  std::optional<double> least;
  std::optional<double> most;
  bool above = false;  // `least` itself is left out
  bool below = false;
};

// Numerals with 0, 1, 2, 3 or 6 decimals; more when the range has none of those. "" when it has none at all, or none
// below 10^15.
std::string number_grammar(const NumberRange& range);

}  // namespace promethean::llm::local
