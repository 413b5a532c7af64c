// Glob: the wildcard language of gitignore, byte for byte as git matches it.
//
// `?` one byte, `*` any bytes, `[a-z]` `[!x]` `[[:alpha:]]` a class, `\x` the byte x. In kPath mode `/` is special:
// `?`,
// `*` and classes never match it; `**/` stands for any number of directories (none too), a last `**` for everything
// below; `**` elsewhere is a `*`. In kName mode the text has no slash and `**` is a `*`. A malformed pattern (unclosed
// class, last backslash) matches nothing. Time is polynomial in pattern and text: no pattern can blow up.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace promethean::repo {

class Glob {
 public:
  enum class Mode { kName, kPath };

  static Glob compile(std::string_view pattern, Mode mode, bool ignore_case = false);

  bool matches(std::string_view text) const;  // the whole text; any thread
  bool malformed() const { return malformed_; }

 private:
  enum class Op : uint8_t { kByte, kAny, kClass, kStar, kStarStar, kDirs };
  struct Token {
    Op op;
    uint8_t byte = 0;  // kByte
    uint16_t set = 0;  // kClass: index into sets_
  };
  using ByteSet = std::bitset<256>;

  size_t add_stars(std::string_view pattern, size_t at, Mode mode);
  size_t add_class(std::string_view pattern, size_t at, Mode mode);
  void add_byte(char c, bool fold);
  bool matches_one(const Token& token, char c) const;

  std::vector<Token> tokens_;
  std::vector<ByteSet> sets_;
  bool ignore_case_ = false;
  bool slash_special_ = false;
  bool malformed_ = false;
};

}  // namespace promethean::repo
