#include "repo/glob.h"

#include <cctype>
#include <limits>
#include <optional>
#include <string>

namespace promethean::repo {

namespace {

constexpr size_t kNone = std::numeric_limits<size_t>::max();

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

// The POSIX class `name` for one ASCII byte; nullopt for an unknown name.
std::optional<bool> in_named_class(std::string_view name, unsigned char c) {
  const bool ascii = c < 128;
  if (name == "alnum") return ascii && std::isalnum(c);
  if (name == "alpha") return ascii && std::isalpha(c);
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return ascii && std::iscntrl(c);
  if (name == "digit") return c >= '0' && c <= '9';
  if (name == "graph") return ascii && std::isgraph(c);
  if (name == "lower") return c >= 'a' && c <= 'z';
  if (name == "print") return ascii && std::isprint(c);
  if (name == "punct") return ascii && std::ispunct(c);
  if (name == "space") return ascii && std::isspace(c);
  if (name == "upper") return c >= 'A' && c <= 'Z';
  if (name == "xdigit") return ascii && std::isxdigit(c);
  return std::nullopt;
}

// What a bracket expression says, before case folding: git folds single bytes, ranges and names differently.
struct Bracket {
  std::bitset<256> singles, ranges, names;
  bool negated = false;
  size_t end = 0;  // after the `]`
};

// Adds `[:name:]` at `at` (the inner `[`). Returns the index of its `]`, 0 when it is an ordinary `[`, kNone when
// malformed.
size_t add_named_class(std::string_view pattern, size_t at, Bracket& out) {
  const size_t close = pattern.find(']', at + 2);
  if (close == std::string_view::npos) return kNone;
  if (close < at + 3 || pattern[close - 1] != ':') return 0;
  const auto name = pattern.substr(at + 2, close - 1 - (at + 2));
  if (!in_named_class(name, 'a')) return kNone;
  for (unsigned c = 0; c < 256; ++c) {
    if (*in_named_class(name, static_cast<unsigned char>(c))) out.names.set(c);
  }
  return close;
}

// Parses the bracket expression whose `[` is at `at`; nullopt when it is malformed.
std::optional<Bracket> parse_bracket(std::string_view pattern, size_t at) {
  Bracket out;
  size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) out.negated = true, ++i;
  int previous = 0;  // the byte a `-` would start from; 0: none
  for (bool first = true;; first = false, ++i) {
    if (i >= pattern.size()) return std::nullopt;
    char c = pattern[i];
    if (c == ']' && !first) break;
    if (c == '-' && previous != 0 && i + 1 < pattern.size() && pattern[i + 1] != ']') {
      c = pattern[++i];
      if (c == '\\' && ++i >= pattern.size()) return std::nullopt;
      const unsigned last = static_cast<unsigned char>(pattern[i]);
      for (unsigned b = static_cast<unsigned>(previous); b <= last; ++b) out.ranges.set(b);
      previous = 0;
      continue;
    }
    if (c == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
      const size_t close = add_named_class(pattern, i, out);
      if (close == kNone) return std::nullopt;
      if (close != 0) {
        i = close;
        previous = 0;
        continue;
      }
    }
    if (c == '\\') {
      if (++i >= pattern.size()) return std::nullopt;
      c = pattern[i];
    }
    out.singles.set(static_cast<unsigned char>(c));
    previous = static_cast<unsigned char>(c);
  }
  out.end = i + 1;
  return out;
}

// The bytes that match: with `ignore_case` git lowers the text, and tries upper case for ranges and [:upper:] only.
std::bitset<256> fold(const Bracket& bracket, bool ignore_case) {
  std::bitset<256> result;
  for (unsigned b = 0; b < 256; ++b) {
    const auto low = static_cast<unsigned char>(ignore_case ? lower(static_cast<char>(b)) : static_cast<char>(b));
    const auto high = static_cast<unsigned char>(upper(static_cast<char>(low)));
    bool in = bracket.singles[low] || bracket.ranges[low] || bracket.names[low];
    if (ignore_case) in = in || bracket.ranges[high] || bracket.names[high];
    result.set(b, in != bracket.negated);
  }
  return result;
}

}  // namespace

Glob Glob::compile(std::string_view pattern, Mode mode, bool ignore_case) {
  Glob glob;
  glob.ignore_case_ = ignore_case;
  glob.slash_special_ = mode == Mode::kPath;
  size_t i = 0;
  while (i < pattern.size() && !glob.malformed_) {
    const char c = pattern[i];
    if (c == '*') {
      i = glob.add_stars(pattern, i, mode);
    } else if (c == '?') {
      glob.tokens_.push_back({Op::kAny});
      ++i;
    } else if (c == '[') {
      i = glob.add_class(pattern, i, mode);
    } else if (c == '\\') {
      if (i + 1 == pattern.size()) glob.malformed_ = true;
      if (!glob.malformed_) glob.add_byte(pattern[i + 1], false);
      i += 2;
    } else {
      glob.add_byte(c, ignore_case);
      ++i;
    }
  }
  return glob;
}

void Glob::add_byte(char c, bool fold) {
  tokens_.push_back({Op::kByte, static_cast<uint8_t>(fold ? lower(c) : c)});
}

size_t Glob::add_stars(std::string_view pattern, size_t at, Mode mode) {
  size_t end = at;
  while (end < pattern.size() && pattern[end] == '*') ++end;
  if (mode == Mode::kName) {
    tokens_.push_back({Op::kStarStar});
    return end;
  }
  const bool opens = at == 0 || pattern[at - 1] == '/';
  const bool before_slash = end < pattern.size() && pattern[end] == '/';
  const bool before_escaped_slash = pattern.substr(end).starts_with("\\/");
  if (end - at == 1 || !opens || !(end == pattern.size() || before_slash || before_escaped_slash)) {
    tokens_.push_back({Op::kStar});
    return end;
  }
  tokens_.push_back({before_slash ? Op::kDirs : Op::kStarStar});
  return before_slash ? end + 1 : end;
}

size_t Glob::add_class(std::string_view pattern, size_t at, Mode mode) {
  const auto bracket = parse_bracket(pattern, at);
  if (!bracket || sets_.size() == std::numeric_limits<uint16_t>::max()) {
    malformed_ = true;
    return pattern.size();
  }
  ByteSet set = fold(*bracket, ignore_case_);
  if (mode == Mode::kPath) set.reset('/');
  tokens_.push_back({Op::kClass, 0, static_cast<uint16_t>(sets_.size())});
  sets_.push_back(set);
  return bracket->end;
}

bool Glob::matches_one(const Token& token, char c) const {
  if (token.op == Op::kClass) return sets_[token.set][static_cast<unsigned char>(c)];
  if (token.op == Op::kAny) return !(slash_special_ && c == '/');
  return static_cast<char>(token.byte) == (ignore_case_ ? lower(c) : c);
}

// Only the last `*` and the last `**` need to be tried again with more text: what came before them ended as early as it
// could, and a `*` cannot reach beyond its path segment.
bool Glob::matches(std::string_view text) const {
  if (malformed_) return false;
  size_t token = 0, at = 0;
  size_t star = kNone, star_at = 0;  // the last kStar: its index, and where its text ends
  size_t deep = kNone, deep_at = 0;  // the last kStarStar or kDirs
  for (;;) {
    if (token < tokens_.size() && tokens_[token].op == Op::kStar) {
      star = token++, star_at = at;
      continue;
    }
    if (token < tokens_.size() && (tokens_[token].op == Op::kStarStar || tokens_[token].op == Op::kDirs)) {
      deep = token++, deep_at = at, star = kNone;
      continue;
    }
    if (token == tokens_.size() && at == text.size()) return true;
    if (token < tokens_.size() && at < text.size() && matches_one(tokens_[token], text[at])) {
      ++token, ++at;
      continue;
    }
    if (star != kNone && star_at < text.size() && text[star_at] != '/') {
      at = ++star_at, token = star + 1;
      continue;
    }
    if (deep == kNone || deep_at >= text.size()) return false;
    if (tokens_[deep].op == Op::kStarStar) {
      ++deep_at;
    } else {
      const size_t slash = text.find('/', deep_at);
      if (slash == std::string_view::npos) return false;
      deep_at = slash + 1;
    }
    at = deep_at, token = deep + 1, star = kNone;
  }
}

}  // namespace promethean::repo
