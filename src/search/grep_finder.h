// LiteralFinder: the first place at which one of a few strings occurs. The filter in front of the regular expression.
//
// For each string the two bytes that are rarest in source code are compared at sixteen places at once; only where both
// fit is the whole string compared. Threads: immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

class LiteralFinder {
 public:
  static constexpr size_t kNone = std::string_view::npos;

  // `literals` are not empty strings; with `ignore_case` they are lower-case ASCII and letters match in both cases.
  LiteralFinder(std::vector<std::string> literals, bool ignore_case);

  // The first occurrence of any that begins at or after `from`.
  size_t find(std::string_view text, size_t from) const;

 private:
  struct Literal {
    std::string text;
    size_t first = 0, second = 0;                   // places of the two rare bytes; equal for a string of one byte
    unsigned char fold_first = 0, fold_second = 0;  // 0x20 when that byte is a letter and case is ignored
  };
  bool is_at(const Literal& literal, std::string_view text, size_t at) const;
  bool any_at(std::string_view text, size_t at) const;
  size_t find_wide(std::string_view text, size_t* from) const;

  std::vector<Literal> literals_;
  size_t reach_ = 0;  // the largest place of a rare byte
  bool ignore_case_;
};

}  // namespace promethean::search
