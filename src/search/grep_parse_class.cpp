// Bracket classes and escapes.
#include <algorithm>
#include <array>

#include "search/grep_parser.h"

namespace promethean::search {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 32);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

struct PosixClass {
  std::string_view name;
  std::string_view pairs;  // first and last of each range
};
constexpr auto kPosixClasses = std::to_array<PosixClass>({
    {"alnum", "09AZaz"},
    {"alpha", "AZaz"},
    {"ascii", std::string_view("\0\x7F", 2)},
    {"blank", "\t\t  "},
    {"cntrl", std::string_view("\0\x1F\x7F\x7F", 4)},
    {"digit", "09"},
    {"graph", "!~"},
    {"lower", "az"},
    {"print", " ~"},
    {"punct", "!/:@[`{~"},
    {"space", "\t\r  "},
    {"upper", "AZ"},
    {"word", "09AZ__az"},
    {"xdigit", "09AFaf"},
});

CodeSet codes_of(const PosixClass& posix) {
  CodeSet set;
  for (size_t i = 0; i + 1 < posix.pairs.size(); i += 2) {
    set.add(static_cast<unsigned char>(posix.pairs[i]), static_cast<unsigned char>(posix.pairs[i + 1]));
  }
  return set;
}

}  // namespace

CodeSet PatternParser::folded(CodeSet set) const {
  if (!flags_.ignore_case) return set;
  return flags_.unicode ? fold_codes(set) : fold_ascii(set);
}

bool PatternParser::bracket(int depth, CodeSet* out) {
  if (depth > kMaxDepth) return fail("the classes are nested too deeply");
  const size_t begin = at_++;
  skip_blanks();
  const bool negated = take("^");
  if (!bracket_items(depth, out)) return fail_at(begin, "unclosed character class");
  if (negated) out->negate(greatest());
  return true;
}

// What begins a class and would mean something else later: `]` and `-`.
bool PatternParser::bracket_begin(CodeSet* out) {
  skip_blanks();
  bool any = false;
  for (; take("-"); any = true) {
    out->add('-', '-');
    skip_blanks();
  }
  if (!any && take("]")) out->add(']', ']');
  return true;
}

// Unions, combined by `&&`, `--` and `~~` from left to right; behind the closing bracket afterwards.
bool PatternParser::bracket_items(int depth, CodeSet* out) {
  CodeSet current;
  char operation = 0;
  bracket_begin(&current);
  for (skip_blanks(); more(); skip_blanks()) {
    if (take("]")) {
      combine(operation, out, std::move(current));
      return true;
    }
    if (looking_at("[")) {
      if (posix_class(&current)) continue;
      CodeSet inner;
      foreign_ = true;
      if (!bracket(depth + 1, &inner)) return false;
      current.add(inner);
    } else if (looking_at("&&") || looking_at("--") || looking_at("~~")) {
      foreign_ = true;
      combine(operation, out, std::move(current));
      current = CodeSet();
      operation = here();
      at_ += 2;
    } else if (!bracket_range(&current)) {
      return false;
    }
  }
  return fail("unclosed character class");
}

void PatternParser::combine(char operation, CodeSet* left, CodeSet right) {
  if (operation == 0) {
    *left = std::move(right);
  } else if (operation == '&') {
    left->intersect(right);
  } else if (operation == '-') {
    left->subtract(right);
  } else {
    CodeSet both = *left;
    both.intersect(right);
    left->add(right);
    left->subtract(both);
  }
}

// "[:alpha:]"; false, and nothing read, when it is no such thing.
bool PatternParser::posix_class(CodeSet* out) {
  if (!looking_at("[:")) return false;
  const size_t close = text_.find(":]", at_ + 2);
  if (close == std::string_view::npos) return false;
  std::string_view name = text_.substr(at_ + 2, close - at_ - 2);
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  const auto found = std::ranges::find(kPosixClasses, name, &PosixClass::name);
  if (found == kPosixClasses.end()) return false;
  CodeSet set = folded(codes_of(*found));
  if (negated) set.negate(greatest());
  out->add(set);
  at_ = close + 2;
  return true;
}

char PatternParser::behind_blanks() const {
  size_t at = at_ + 1;
  while (flags_.verbose && at < text_.size() && (text_[at] == ' ' || (text_[at] >= '\t' && text_[at] <= '\r'))) ++at;
  return at < text_.size() ? text_[at] : '\0';
}

bool PatternParser::bracket_range(CodeSet* out) {
  const size_t begin = at_;
  Item first;
  if (!bracket_item(&first)) return false;
  skip_blanks();
  if (!looking_at("-") || behind_blanks() == ']' || behind_blanks() == '-') {
    add_item(first, out);
    return true;
  }
  ++at_;
  skip_blanks();
  Item last;
  if (!more()) return fail("unclosed character class");
  if (!bracket_item(&last)) return false;
  if (!first.is_literal || !last.is_literal) return fail_at(begin, "a class cannot be the end of a range");
  if (first.code > last.code) return fail_at(begin, "a range whose end comes before its begin");
  out->add(folded(CodeSet({{first.code, last.code}})));
  return true;
}

void PatternParser::add_item(const Item& item, CodeSet* out) const {
  out->add(item.is_literal ? folded(CodeSet::of(item.code)) : item.codes);
}

bool PatternParser::bracket_item(Item* out) {
  if (here() != '\\') {
    const Decoded character = decode_utf8(text_, at_);
    if (!flags_.unicode && character.code >= 0x80) return fail("a class without Unicode holds bytes: write \\xHH");
    at_ += character.size;
    *out = {.is_literal = true, .code = character.code};
    return true;
  }
  if (at_ + 1 >= text_.size()) return fail("a backslash at the end of the pattern");
  if (std::string_view("dDsSwWpP").find(text_[at_ + 1]) != std::string_view::npos) return class_escape(out);
  if (!character_escape(out)) return false;
  if (!flags_.unicode && out->code >= 0x80 && !out->raw_byte) return fail("a class without Unicode holds bytes");
  return true;
}

CodeSet PatternParser::perl_class(char letter) const {
  const char low = static_cast<char>(letter | 32);
  CodeSet set;
  if (flags_.unicode) {
    set = low == 'd' ? digit_codes() : low == 's' ? space_codes() : word_codes();
  } else {
    const std::string_view name = low == 'd' ? "digit" : low == 's' ? "space" : "word";
    set = codes_of(*std::ranges::find(kPosixClasses, name, &PosixClass::name));
  }
  if (letter != low) set.negate(greatest());
  return set;
}

bool PatternParser::class_escape(Item* out) {
  const char letter = text_[at_ + 1];
  at_ += 2;
  if ((letter | 32) == 'p') return property_escape(letter == 'P', &out->codes);
  out->codes = perl_class(letter);
  return true;
}

bool PatternParser::property_escape(bool negated, CodeSet* out) {
  const size_t begin = at_ - 2;
  if (!flags_.unicode) return fail_at(begin, "Unicode properties need the flag u");
  if (!more()) return fail_at(begin, "a Unicode property needs a name");
  std::string_view name;
  if (take("{")) {
    const size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return fail_at(begin, "unclosed name of a Unicode property");
    name = text_.substr(at_, close - at_);
    at_ = close + 1;
  } else {
    name = text_.substr(at_, decode_utf8(text_, at_).size);
    at_ += name.size();
  }
  const auto set = property_codes(name);
  if (set == nullptr) return fail_at(begin, "Unicode property not found");
  *out = folded(*set);
  if (negated) out->negate();
  return true;
}

bool PatternParser::character_escape(Item* out) {
  constexpr std::string_view kNames = "afntrv";
  constexpr std::string_view kMeanings = "\a\f\n\t\r\v";
  const char letter = text_[at_ + 1];
  out->is_literal = true;
  if (letter == 'x' || letter == 'u' || letter == 'U') return hex_escape(letter, out);
  if (letter == 'v') foreign_ = true;
  const bool alphanumeric = (letter >= '0' && letter <= '9') || ((letter | 32) >= 'a' && (letter | 32) <= 'z');
  if (const size_t name = kNames.find(letter); name != std::string_view::npos) {
    out->code = static_cast<unsigned char>(kMeanings[name]);
  } else if (letter >= ' ' && letter <= '~' && !alphanumeric && letter != '<' && letter != '>') {
    out->code = static_cast<unsigned char>(letter);
  } else {
    return fail("unrecognized escape sequence");
  }
  at_ += 2;
  return true;
}

// `\x41` `\u0041` `\U00000041` and `\x{41}`.
bool PatternParser::hex_escape(char letter, Item* out) {
  const size_t begin = at_;
  at_ += 2;
  const bool braces = take("{");
  const size_t wanted = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
  uint32_t code = 0;
  size_t digits = 0;
  for (; more() && hex_value(here()) >= 0 && digits < (braces ? 8 : wanted); ++at_, ++digits) {
    code = code << 4 | static_cast<uint32_t>(hex_value(here()));
  }
  if (digits == 0 || (!braces && digits < wanted)) return fail("invalid hexadecimal digit");
  if (braces && !take("}")) return fail_at(begin, "unclosed hexadecimal escape");
  if (code > CodeSet::kMaxCode || (code >= 0xD800 && code <= 0xDFFF)) return fail_at(begin, "no Unicode code point");
  out->code = code;
  out->raw_byte = !flags_.unicode && !braces && letter == 'x';
  return true;
}

}  // namespace promethean::search
