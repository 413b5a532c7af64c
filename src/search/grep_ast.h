// GrepNode: a pattern in ripgrep's syntax, understood: sets of code points or bytes, looks, repetitions.
//
// Flags have done their work: case folding is in the sets, `.` is a set, `^` is one of the looks.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "search/grep_codes.h"

namespace promethean::search {

// What must hold at a place without consuming anything. "Half" ones look at one side only.
enum class Look : uint8_t {
  kLineStart,
  kLineEnd,
  kCrlfStart,
  kCrlfEnd,
  kTextStart,
  kTextEnd,
  kWord,
  kNotWord,
  kWordStart,
  kWordEnd,
  kWordStartHalf,
  kWordEndHalf,
};

struct GrepNode {
  enum class Kind : uint8_t {
    kEmpty,
    kSet,     // one code point out of `set`; with `bytes`, one byte
    kLook,    // `look`; with `bytes`, words are ASCII words
    kRepeat,  // the only child, `least` to `most` times
    kConcat,
    kAlternate,
    kOpaque,  // PCRE2 only: something that matches we do not know what
  };
  static constexpr uint32_t kUnlimited = UINT32_MAX;

  Kind kind = Kind::kEmpty;
  std::shared_ptr<const CodeSet> set;
  bool bytes = false;
  Look look = Look::kLineStart;
  uint32_t least = 0, most = 0;
  bool greedy = true;
  std::vector<GrepNode> children;

  static GrepNode of(CodeSet codes, bool bytes = false) {
    GrepNode node{.kind = Kind::kSet};
    node.set = std::make_shared<const CodeSet>(std::move(codes));
    node.bytes = bytes;
    return node;
  }
  // All bytes below 0x80 mean the same as a byte and as a code point.
  bool ascii_only() const { return set->empty() || set->ranges().back().last < 0x80; }
};

}  // namespace promethean::search
