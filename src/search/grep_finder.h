// LiteralFinder: the first place at which one of a few strings occurs. The filter in front of the regular expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

class LiteralFinder {
 public:
  // `literals` are not empty strings; with `ignore_case` they are lower-case ASCII.
  LiteralFinder(std::vector<std::string> literals, bool ignore_case);

  static constexpr size_t kNone = std::string_view::npos;

  // One walk over one text: remembers where each literal comes next, so that no byte is searched twice.
  class Walk {
   public:
    Walk(const LiteralFinder& finder, std::string_view text);
    // The first occurrence at or after `from`; `from` never goes down.
    size_t next(size_t from);

   private:
    const LiteralFinder& finder_;
    std::string_view text_;
    std::vector<size_t> at_;
  };

 private:
  struct Literal {
    std::string text;
    size_t rare = 0;  // index of the byte that is least frequent in source code
  };
  size_t find(const Literal& literal, std::string_view text, size_t from) const;
  size_t find_folded(const Literal& literal, std::string_view text, size_t from) const;

  std::vector<Literal> literals_;
  bool ignore_case_;
};

}  // namespace promethean::search
