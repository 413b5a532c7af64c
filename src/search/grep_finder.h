// LiteralFinder: the first place at which one of a few strings occurs. The filter in front of every engine.
//
// Up to three strings: of each, the two bytes that are rarest in source code are compared at 32 places at once, and
// only where both fit is the whole string compared. More of them: the nibbles of their first three bytes are looked up
// in tables of eight buckets (the algorithm of Hyperscan's Teddy). Without AVX2 sixteen places at once, two bytes a
// string. Threads: immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/grep_literals.h"

namespace promethean::search {

class LiteralFinder {
 public:
  static constexpr size_t kNone = std::string_view::npos;

  explicit LiteralFinder(std::vector<GrepLiteral> literals);  // none is empty

  // The first place at or after `from` at which any begins.
  size_t find(std::string_view text, size_t from) const;

  size_t count() const { return literals_.size(); }
  size_t size(size_t literal) const { return literals_[literal].text.size(); }
  bool is_at(size_t literal, std::string_view text, size_t at) const;

 private:
  struct Literal {
    std::string text;
    bool fold = false;
    size_t first = 0, second = 0;                   // places of the two rare bytes; equal for a string of one byte
    unsigned char fold_first = 0, fold_second = 0;  // 0x20 when that byte is a letter that matches in both cases
  };
  struct Buckets {  // by byte of the fingerprint: which buckets a low and a high nibble may belong to
    std::array<std::array<unsigned char, 16>, 3> low{}, high{};
  };
  // Where the bytes of `window` are looked at, and which text they are a part or a copy of.
  struct Scan {
    std::string_view window;
    std::string_view text;
    size_t shift = 0;  // place of the window in the text
  };
  void fill_buckets();
  bool is_hit(const Scan& scan, size_t place, unsigned buckets) const;
  // From `from` on while all bytes that are needed lie in the window; moves `*from` to where it stopped.
  size_t scan_wide(const Scan& scan, size_t* from) const;
  size_t scan_pairs_avx2(const Scan& scan, size_t* from) const;
  size_t scan_buckets_avx2(const Scan& scan, size_t* from) const;
  size_t scan_pairs_sse2(const Scan& scan, size_t* from) const;

  std::vector<Literal> literals_;
  size_t reach_ = 0;  // the largest place of a byte that is looked at
  bool use_buckets_ = false;
  Buckets buckets_;
  std::array<std::vector<uint8_t>, 8> members_;  // literals of a bucket
};

}  // namespace promethean::search
