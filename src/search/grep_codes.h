// Sets of code points: what a class of a pattern means, and what Unicode says (properties, case folding).
//
// The data are PCRE2's, so they are of the Unicode version that the installed PCRE2 knows. A set is read out of it by
// matching all code points once (a few milliseconds) and then kept. Threads: values; the functions, any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

class CodeSet {
 public:
  static constexpr uint32_t kMaxCode = 0x10FFFF;
  static constexpr uint32_t kMaxByte = 0xFF;
  struct Range {
    uint32_t first = 0, last = 0;
    bool operator==(const Range&) const = default;
  };

  CodeSet() = default;
  CodeSet(std::initializer_list<Range> ranges) : CodeSet(std::vector<Range>(ranges)) {}
  explicit CodeSet(std::vector<Range> ranges);  // in any order
  static CodeSet of(uint32_t code) { return CodeSet({{code, code}}); }

  void add(uint32_t first, uint32_t last);
  void add(const CodeSet& other);
  void intersect(const CodeSet& other);
  void subtract(const CodeSet& other);
  // Within 0..max; of code points the surrogates stay out, as no text has them.
  void negate(uint32_t max = kMaxCode);

  bool has(uint32_t code) const;
  bool empty() const { return ranges_.empty(); }
  std::optional<uint32_t> single() const;
  uint64_t size() const;
  std::span<const Range> ranges() const { return ranges_; }  // rising, with gaps between them
  bool operator==(const CodeSet&) const = default;

 private:
  void tidy();
  std::vector<Range> ranges_;
};

const CodeSet& word_codes();   // \w: Alphabetic, marks, decimal digits, connectors, join controls
const CodeSet& digit_codes();  // \d
const CodeSet& space_codes();  // \s

// What stands between the braces of `\p{...}`: a general category, a script, a binary property, `sc=`, `scx=`, `gc=`
// with a value; nullptr for what is none of these.
std::shared_ptr<const CodeSet> property_codes(std::string_view text);

// The set with everything that its members fold to and are folded from (simple case folding).
CodeSet fold_codes(const CodeSet& set);
// The same for ASCII only.
CodeSet fold_ascii(const CodeSet& set);

void append_utf8(std::string* out, uint32_t code);

// A character of a text. `size` is 0 for bytes that are not UTF-8.
struct Decoded {
  uint32_t code = 0;
  uint32_t size = 0;
};
Decoded decode_utf8(std::string_view text, size_t at);    // the one that begins at `at` < size
Decoded decode_before(std::string_view text, size_t at);  // the one that ends at `at` > 0

}  // namespace promethean::search
