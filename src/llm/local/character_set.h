// CharacterSet: the characters that a class of a regular expression stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "llm/local/grammar_rules.h"

namespace promethean::llm::local {

class CharacterSet {
 public:
  static constexpr char32_t kLast = 0x10FFFF;

  static CharacterSet all();
  static CharacterSet of(std::string_view ascii);  // each of these characters
  static CharacterSet range(char32_t first, char32_t last) {
    CharacterSet set;
    set.add(first, last);
    return set;
  }

  void add(char32_t first, char32_t last);
  void add(const CharacterSet& other);
  CharacterSet complement() const;
  CharacterSet without(const CharacterSet& other) const;
  bool contains(char32_t c) const;

  // One character of the set as it stands inside a JSON string; "" when no character of it can. Of control characters
  // only those with a short escape (\n and the like) are offered when there are others.
  std::string in_json() const;

 private:
  struct Range {
    char32_t first;
    char32_t last;
  };
  std::vector<Range> ranges_;  // sorted, apart from each other
};

}  // namespace promethean::llm::local
