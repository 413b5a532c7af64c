#include <re2/re2.h>

#include "search/grep_syntax.h"

namespace promethean::search {

namespace {

// Unicode's Alphabetic, Mark, Decimal_Number, Connector_Punctuation and Join_Control (UTS #18, annex C). RE2 has no
// Alphabetic; what it has beyond letters, marks and letter numbers are these enclosed letters.
constexpr std::string_view kWord =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})";
constexpr std::string_view kSpace =
    R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

void append_utf8(std::string* out, uint32_t code) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// The complement of a set as the inside of a class: RE2 cannot nest classes, so the ranges are found by asking it about
// every code point once. Only a `\W` or `\S` inside brackets needs this.
std::string complement(std::string_view set) {
  std::string all;
  std::vector<uint32_t> codes;
  for (uint32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    codes.push_back(code);
    append_utf8(&all, code);
  }
  const re2::RE2 one("(?s)[^" + std::string(set) + "]");
  std::string ranges;
  char text[64];
  const re2::StringPiece whole(all);
  size_t at = 0;
  uint32_t first = 0, last = 0;
  bool open = false;
  const auto close = [&] {
    if (open) std::snprintf(text, sizeof(text), "\\x{%x}-\\x{%x}", first, last), ranges += text;
    open = false;
  };
  for (const uint32_t code : codes) {
    const size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    const bool in = one.Match(whole.substr(at, size), 0, size, re2::RE2::ANCHOR_BOTH, nullptr, 0);
    at += size;
    if (!in) {
      close();
    } else if (open && last + 1 == code) {
      last = code;
    } else {
      close();
      first = last = code, open = true;
    }
  }
  close();
  return ranges;
}

const std::string& complement_of(char letter) {
  static const std::string not_word = complement(kWord);
  static const std::string not_space = complement(kSpace);
  return letter == 'W' ? not_word : not_space;
}

std::string class_outside(char letter) {
  switch (letter) {
    case 'w':
      return "[" + std::string(kWord) + "]";
    case 'W':
      return "[^" + std::string(kWord) + "]";
    case 's':
      return "[" + std::string(kSpace) + "]";
    case 'S':
      return "[^" + std::string(kSpace) + "]";
    case 'd':
      return "\\p{Nd}";
    default:
      return "\\P{Nd}";
  }
}

std::string class_inside(char letter) {
  switch (letter) {
    case 'w':
      return std::string(kWord);
    case 's':
      return std::string(kSpace);
    case 'd':
      return "\\p{Nd}";
    case 'D':
      return "\\P{Nd}";
    default:
      return complement_of(letter);
  }
}

}  // namespace

std::string_view unicode_word_set() {
  return kWord;
}

std::string with_unicode_classes(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[++i];
      if (next == 'Q') {  // quoted up to \E
        const size_t end = pattern.find("\\E", i);
        out += pattern.substr(i - 1, end == std::string_view::npos ? end : end + 2 - (i - 1));
        if (end == std::string_view::npos) return out;
        i = end + 1;
      } else if (std::string_view("wWdDsS").find(next) != std::string_view::npos) {
        out += in_class ? class_inside(next) : class_outside(next);
      } else {
        out += c;
        out += next;
      }
      continue;
    }
    out += c;
    if (c == '[' && !in_class) {
      in_class = true;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out += pattern[++i];
    } else if (c == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
      const size_t end = pattern.find(":]", i + 2);
      if (end == std::string_view::npos) continue;
      out += pattern.substr(i + 1, end + 2 - (i + 1));
      i = end + 1;
    } else if (c == ']') {
      in_class = false;
    }
  }
  return out;
}

bool names_newline(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\n') return true;
    if (pattern[i] == '\\' && i + 1 < pattern.size() && pattern[++i] == 'n') return true;
  }
  return false;
}

}  // namespace promethean::search
