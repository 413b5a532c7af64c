#include "llm/local/pattern_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "llm/local/character_set.h"

namespace promethean::llm::local {

namespace {

constexpr int kMaxGroups = 32;
constexpr size_t kMaxTimes = 10'000;
constexpr size_t kMaxLength = size_t{1} << 32;  // of what a repetition stands for; above any text, below any overflow
constexpr char32_t kEnd = 0xFFFFFFFF;

CharacterSet digits() {
  return CharacterSet::range('0', '9');
}
CharacterSet word() {
  CharacterSet set = digits();
  set.add('a', 'z');
  set.add('A', 'Z');
  set.add('_', '_');
  return set;
}
CharacterSet beyond_ascii() {
  return CharacterSet::range(0x80, CharacterSet::kLast);
}
CharacterSet ascii_without(const CharacterSet& set) {
  return set.complement().without(beyond_ascii());
}
CharacterSet with_beyond(CharacterSet set) {
  set.add(beyond_ascii());
  return set;
}
CharacterSet plain_space() {
  return CharacterSet::of(" \t\n\r\f\v");
}
// White space by whatever dialect.
CharacterSet any_space() {
  CharacterSet set = CharacterSet::of(" \t\n\v\f\r");
  for (const char32_t c : {0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF}) set.add(c, c);
  set.add(0x2000, 0x200A);
  set.add(0x1C, 0x1F);
  return set;
}
CharacterSet any_but_line_end() {
  CharacterSet ends = CharacterSet::of("\n\r");
  for (const char32_t c : {0x85, 0x2028, 0x2029}) ends.add(c, c);
  return ends.complement();
}

std::u32string code_points(std::string_view text) {  // of valid UTF-8
  std::u32string out;
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length && at + i < text.size(); ++i)
      c = c << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    out += c;
    at += length;
  }
  return out;
}

class PatternParser {
 public:
  PatternParser(std::string_view pattern, GrammarRules& rules) : text_(code_points(pattern)), rules_(rules) {}

  base::Result<PatternRule> parse() {
    PatternRule whole = alternatives(0);
    if (!failed() && peek() == ')') refuse("there is a ')' without a '('");
    if (failed()) return base::fail(base::Code::kInvalidArgument, error_);
    return whole;
  }

 private:
  char32_t peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : kEnd; }
  bool take(char32_t c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool failed() const { return !error_.empty(); }
  PatternRule refuse(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return {"\"\"", 0, 0};
  }

  PatternRule alternatives(int depth);
  PatternRule sequence(int depth);
  PatternRule atom(int depth);
  PatternRule group(int depth);
  PatternRule one_of(const CharacterSet& set);
  PatternRule anything() { return {rules_.repeat(one_of(CharacterSet::all()).rule, 0, std::nullopt), 0, std::nullopt}; }
  bool times(size_t& least, std::optional<size_t>& most);
  std::optional<size_t> number();
  PatternRule repeated(const PatternRule& what, size_t least, std::optional<size_t> most);
  // A character, or a class of them where `one` is unset.
  struct Member {
    CharacterSet set;
    std::optional<char32_t> one;
  };
  static Member single(char32_t c) { return {CharacterSet::range(c, c), c}; }
  CharacterSet bracket();
  Member member(bool negated);
  Member escape(bool most);
  char32_t hex(size_t count);
  CharacterSet property();

  std::u32string text_;
  size_t at_ = 0;
  GrammarRules& rules_;
  std::string error_;
};

void append(PatternRule& to, const PatternRule& next) {
  to.rule += (to.rule.empty() ? "" : " ") + next.rule;
  to.least += next.least;
  to.most = to.most && next.most ? std::optional(*to.most + *next.most) : std::nullopt;
}

PatternRule PatternParser::alternatives(int depth) {
  if (depth > kMaxGroups) return refuse("its groups are nested too deep");
  PatternRule all = sequence(depth);
  std::string body = all.rule;
  while (!failed() && take('|')) {
    const PatternRule other = sequence(depth);
    body += " | " + other.rule;
    all.least = std::min(all.least, other.least);
    all.most = all.most && other.most ? std::optional(std::max(*all.most, *other.most)) : std::nullopt;
  }
  all.rule = rules_.add(std::move(body));
  return all;
}

// At the top the ends of an alternative are the ends of the string when they are anchored.
PatternRule PatternParser::sequence(int depth) {
  PatternRule all{"", 0, 0};
  const bool begins = depth == 0 && take('^');
  if (depth == 0 && !begins) append(all, anything());
  bool ends = false;
  while (!failed() && !ends && peek() != kEnd && peek() != '|' && peek() != ')') {
    if (depth == 0 && peek() == '$' && (peek(1) == kEnd || peek(1) == '|'))
      ends = take('$');
    else
      append(all, atom(depth));
  }
  if (depth == 0 && !ends) append(all, anything());
  if (all.rule.empty()) all.rule = "\"\"";
  return all;
}

PatternRule PatternParser::atom(int depth) {
  PatternRule one;
  const char32_t c = peek();
  if (c == '(') {
    one = group(depth);
  } else if (c == '^' || c == '$') {
    return refuse("an anchor stands inside of it");
  } else if (c == '*' || c == '+' || c == '?') {
    return refuse("there is nothing before a repetition");
  } else if (c == '.') {
    ++at_;
    one = one_of(any_but_line_end());
  } else if (c == '[') {
    one = one_of(bracket());
  } else if (c == '\\') {
    one = one_of(escape(false).set);
  } else {
    ++at_;
    one = one_of(CharacterSet::range(c, c));
  }
  size_t least = 1;
  std::optional<size_t> most = 1;
  if (failed() || !times(least, most)) return one;
  take('?');  // as few as possible: the same strings
  if (peek() == '+' || peek() == '*' || peek() == '?') return refuse("a repetition is repeated");
  return repeated(one, least, most);
}

PatternRule PatternParser::group(int depth) {
  ++at_;
  if (take('?')) {
    const bool named = peek() == '<' && peek(1) != '=' && peek(1) != '!';
    if (named) {
      while (peek() != '>' && peek() != kEnd) ++at_;
      take('>');
    } else if (!take(':')) {
      return refuse("it looks ahead or behind, or has flags in a group");
    }
  }
  PatternRule inside = alternatives(depth + 1);
  if (!failed() && !take(')')) return refuse("a group is not closed");
  return inside;
}

PatternRule PatternParser::one_of(const CharacterSet& set) {
  if (failed()) return {"\"\"", 0, 0};
  std::string body = set.in_json();
  if (body.empty()) return refuse("a class has no character");
  return {rules_.add(std::move(body)), 1, 1};
}

// False when no repetition follows; a '{' that begins none is a character.
bool PatternParser::times(size_t& least, std::optional<size_t>& most) {
  if (take('*')) return least = 0, most.reset(), true;
  if (take('+')) return most.reset(), true;
  if (take('?')) return least = 0, true;
  if (peek() != '{') return false;
  const size_t before = at_++;
  const auto from = number();
  if (from) {
    least = *from;
    most = *from;
    if (take(',')) most = number();
    if (take('}')) {
      if (least > kMaxTimes || most.value_or(0) > kMaxTimes)
        refuse(fmt::format("something is repeated more than {} times", kMaxTimes));
      if (most && *most < least) refuse("a repetition ends before it begins");
      return true;
    }
  }
  at_ = before;
  return false;
}

std::optional<size_t> PatternParser::number() {
  if (peek() < '0' || peek() > '9') return std::nullopt;
  size_t value = 0;
  for (; peek() >= '0' && peek() <= '9'; ++at_) value = std::min(value * 10 + (peek() - '0'), 2 * kMaxTimes);
  return value;
}

PatternRule PatternParser::repeated(const PatternRule& what, size_t least, std::optional<size_t> most) {
  if (failed()) return what;
  // A grammar that may go round without a character has no end.
  if (!most && what.least == 0) return refuse("something that may be empty is repeated without a limit");
  PatternRule out{rules_.add(rules_.repeat(what.rule, least, most)), what.least * least, std::nullopt};
  if (most && what.most) out.most = *most * *what.most;
  if (std::max(out.least, out.most.value_or(0)) > kMaxLength) return refuse("it stands for texts without measure");
  return out;
}

CharacterSet PatternParser::bracket() {
  ++at_;
  const bool negated = take('^');
  CharacterSet set;
  while (!failed() && peek() != ']') {
    const Member from = member(negated);
    if (!from.one || peek() != '-' || peek(1) == ']') {
      set.add(from.set);
      continue;
    }
    ++at_;
    const Member to = member(negated);
    if (failed()) break;
    if (!to.one || *to.one < *from.one) {
      refuse("a range of characters ends before it begins");
      break;
    }
    set.add(*from.one, *to.one);
  }
  take(']');
  return negated ? set.complement() : set;
}

PatternParser::Member PatternParser::member(bool negated) {
  if (peek() == kEnd) {
    refuse("a class is not closed");
    return {};
  }
  if (peek() == '\\') return escape(negated);
  return single(text_[at_++]);
}

// After a backslash: a character, or a class of them. Of a class whose characters beyond ASCII depend on the dialect
// there are the fewest, or, for what stands in a negated bracket, the most.
PatternParser::Member PatternParser::escape(bool most) {
  ++at_;
  const char32_t c = peek();
  ++at_;
  switch (c) {
    case 'd':
      return {most ? with_beyond(digits()) : digits(), {}};
    case 'D':
      return {most ? digits().complement() : ascii_without(digits()), {}};
    case 'w':
      return {most ? with_beyond(word()) : word(), {}};
    case 'W':
      return {most ? word().complement() : ascii_without(word()), {}};
    case 's':
      return {most ? any_space() : plain_space(), {}};
    case 'S':
      return {most ? plain_space().complement() : any_space().complement(), {}};
    case 'n':
      return single('\n');
    case 'r':
      return single('\r');
    case 't':
      return single('\t');
    case 'f':
      return single('\f');
    case 'v':
      return single('\v');
    case '0':
      return single(0);
    case 'x':
      return single(hex(2));
    case 'u':
      return single(hex(4));
    case 'p':
      return {most ? with_beyond(property()) : property(), {}};
    default:
      break;
  }
  const bool is_letter_or_digit = c < 0x80 && word().contains(c) && c != '_';
  if (c != kEnd && !is_letter_or_digit) return single(c);
  refuse(c == kEnd ? "it ends with a backslash" : fmt::format("\\{} has no equivalent here", static_cast<char>(c)));
  return {};
}

char32_t PatternParser::hex(size_t count) {
  char32_t value = 0;
  for (size_t i = 0; i < count; ++i, ++at_) {
    const char32_t c = peek();
    const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!letter && (c < '0' || c > '9')) {
      refuse("a character's number is not written in hexadecimal digits");
      return 0;
    }
    value = value << 4 | (letter ? (c | 0x20) - 'a' + 10 : c - '0');
  }
  return value;
}

// \p{L} and its like: those of its characters that ASCII has.
CharacterSet PatternParser::property() {
  std::string name;
  if (take('{')) {
    while (peek() < 0x80 && peek() != '}') name += static_cast<char>(text_[at_++]);
    take('}');
  }
  const CharacterSet upper = CharacterSet::range('A', 'Z');
  CharacterSet letters = CharacterSet::range('a', 'z');
  if (name == "Ll") return letters;
  if (name == "Lu") return upper;
  letters.add(upper);
  if (name == "L" || name == "Letter") return letters;
  if (name == "N" || name == "Nd" || name == "Number") return digits();
  refuse("\\p{" + name + "} has no equivalent here");
  return {};
}

}  // namespace

base::Result<PatternRule> pattern_rule(std::string_view pattern, GrammarRules& rules) {
  return PatternParser(pattern, rules).parse();
}

}  // namespace promethean::llm::local
