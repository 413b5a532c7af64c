// size: one grammar, to be read from top to bottom
#include "search/grep_parse.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "search/grep_parser.h"

namespace promethean::search {

namespace {

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_ascii_letter(char c) {
  return (c | 32) >= 'a' && (c | 32) <= 'z';
}

GrepNode look_node(Look look, bool ascii) {
  GrepNode node{.kind = GrepNode::Kind::kLook};
  node.look = look;
  node.bytes = ascii;
  return node;
}

}  // namespace

bool PatternParser::fail_at(size_t place, std::string message) {
  if (error_.empty()) error_ = fmt::format("{} (at byte {} of the pattern)", message, place);
  return false;
}

bool PatternParser::take(std::string_view text) {
  if (!looking_at(text)) return false;
  at_ += text.size();
  return true;
}

void PatternParser::skip_blanks() {
  while (flags_.verbose && more()) {
    if (here() == ' ' || (here() >= '\t' && here() <= '\r')) {
      ++at_;
    } else if (here() == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      return;
    }
  }
}

base::Result<ParsedPattern> PatternParser::run() {
  ParsedPattern parsed;
  if (!base::is_valid_utf8(text_)) {
    fail_at(0, "the pattern is not UTF-8");
  } else if (alternation(0, &parsed.root) && more()) {
    fail("unopened group");
  }
  if (!error_.empty()) return base::fail(base::Code::kInvalidArgument, error_);
  parsed.needs_pcre2 = needs_pcre2_;
  parsed.foreign = foreign_;
  return parsed;
}

bool PatternParser::alternation(int depth, GrepNode* out) {
  if (depth > kMaxDepth) return fail("the groups are nested too deeply");
  if (!concatenation(depth, out)) return false;
  if (!more() || here() != '|') return true;
  GrepNode branches{.kind = GrepNode::Kind::kAlternate};
  branches.children.push_back(std::move(*out));
  while (take("|")) {
    if (!concatenation(depth, &branches.children.emplace_back())) return false;
  }
  *out = std::move(branches);
  return true;
}

bool PatternParser::concatenation(int depth, GrepNode* out) {
  GrepNode sequence{.kind = GrepNode::Kind::kConcat};
  for (skip_blanks(); more() && here() != '|' && here() != ')'; skip_blanks()) {
    GrepNode node;
    bool repeatable = true;
    if (!atom(depth, &node, &repeatable) || !repeats(repeatable, &node)) return false;
    if (node.kind != GrepNode::Kind::kEmpty) sequence.children.push_back(std::move(node));
  }
  if (sequence.children.empty()) {
    *out = GrepNode{};
  } else if (sequence.children.size() == 1) {
    *out = GrepNode(std::move(sequence.children[0]));
  } else {
    *out = std::move(sequence);
  }
  return true;
}

bool PatternParser::atom(int depth, GrepNode* out, bool* repeatable) {
  switch (here()) {
    case '(':
      return group(depth, out, repeatable);
    case '[': {
      CodeSet set;
      if (!bracket(depth, &set)) return false;
      *out = GrepNode::of(std::move(set), !flags_.unicode);
      return true;
    }
    case '\\':
      return escape(out);
    case '.':
      ++at_;
      *out = any_character();
      return true;
    case '^':
      ++at_;
      *out = look_node(!flags_.multi_line ? Look::kTextStart
                       : flags_.crlf      ? Look::kCrlfStart
                                          : Look::kLineStart,
                       false);
      return true;
    case '$':
      ++at_;
      *out = look_node(!flags_.multi_line ? Look::kTextEnd : flags_.crlf ? Look::kCrlfEnd : Look::kLineEnd, false);
      return true;
    case '*':
    case '+':
    case '?':
    case '{':
      return fail("a repetition has nothing to repeat");
    default:
      return literal(out);
  }
}

GrepNode PatternParser::any_character() const {
  CodeSet set;
  if (!flags_.dot_all) set.add('\n', '\n');
  if (!flags_.dot_all && flags_.crlf) set.add('\r', '\r');
  set.negate(greatest());
  return GrepNode::of(std::move(set), !flags_.unicode);
}

bool PatternParser::literal(GrepNode* out) {
  const Decoded character = decode_utf8(text_, at_);
  at_ += character.size;
  *out = literal_node({.is_literal = true, .code = character.code});
  return true;
}

// Without Unicode a character beyond ASCII is its bytes.
GrepNode PatternParser::literal_node(const Item& item) {
  if (flags_.unicode || item.code < 0x80 || item.raw_byte) {
    return GrepNode::of(folded(CodeSet::of(item.code)), !flags_.unicode);
  }
  GrepNode bytes{.kind = GrepNode::Kind::kConcat};
  std::string encoded;
  append_utf8(&encoded, item.code);
  for (const char byte : encoded) {
    bytes.children.push_back(GrepNode::of(CodeSet::of(static_cast<unsigned char>(byte)), true));
  }
  return bytes;
}

bool PatternParser::repeats(bool repeatable, GrepNode* out) {
  for (int nested = 0;; ++nested) {
    skip_blanks();
    if (!more() || std::string_view("*+?{").find(here()) == std::string_view::npos) return true;
    if (!repeatable) return fail("a repetition has nothing to repeat");
    if (nested > kMaxDepth) return fail("too many repetitions of repetitions");
    GrepNode repeat{.kind = GrepNode::Kind::kRepeat};
    const char sign = here();
    if (sign == '{') {
      if (!counted(&repeat.least, &repeat.most)) return false;
    } else {
      ++at_;
      repeat.least = sign == '+' ? 1 : 0;
      repeat.most = sign == '?' ? 1 : GrepNode::kUnlimited;
    }
    const bool lazy = take("?");
    if (!lazy && looking_at("+") && needs_pcre2_) foreign_ = true;  // possessive there
    repeat.greedy = lazy == flags_.swap_greed;
    repeat.children.push_back(std::move(*out));
    *out = std::move(repeat);
  }
}

bool PatternParser::counted(uint32_t* least, uint32_t* most) {
  const size_t begin = at_++;
  skip_blanks();
  if (!number(least)) return false;
  skip_blanks();
  *most = *least;
  if (take(",")) {
    skip_blanks();
    *most = GrepNode::kUnlimited;
    if (more() && here() != '}' && !number(most)) return false;
    skip_blanks();
  }
  if (!take("}")) return fail_at(begin, "unclosed counted repetition");
  return *least <= *most || fail_at(begin, "the counts of a repetition are the wrong way round");
}

bool PatternParser::number(uint32_t* out) {
  const size_t begin = at_;
  uint64_t value = 0;
  for (; more() && is_ascii_digit(here()) && value <= 100'000; ++at_) {
    value = value * 10 + static_cast<uint64_t>(here() - '0');
  }
  if (at_ == begin) return fail("a counted repetition needs a number");
  if (value > 100'000) return fail_at(begin, "more repetitions than 100,000");
  *out = static_cast<uint32_t>(value);
  return true;
}

bool PatternParser::group(int depth, GrepNode* out, bool* repeatable) {
  const size_t begin = at_++;
  const ParseFlags before = flags_;
  bool around = false;
  if (take("?=") || take("?!") || take("?<=") || take("?<!")) {
    needs_pcre2_ = around = true;
  } else if (take("?P<") || take("?<")) {
    if (!group_name('>')) return false;
  } else if (take("?P=")) {
    needs_pcre2_ = true;
    out->kind = GrepNode::Kind::kOpaque;
    const size_t close = text_.find(')', at_);
    at_ = close == std::string_view::npos ? text_.size() : close + 1;
    return close != std::string_view::npos || fail_at(begin, "unclosed group");
  } else if (take("?")) {
    bool opens = false;
    if (!group_flags(&opens)) return false;
    if (!opens) {  // holds to the end of the group around it
      *repeatable = false;
      return true;
    }
  }
  if (!alternation(depth + 1, out)) return false;
  if (!take(")")) return fail_at(begin, "unclosed group");
  flags_ = before;
  if (around) *out = GrepNode{};  // consumes nothing, and what it says of the text is not understood
  return true;
}

bool PatternParser::group_name(char close) {
  const size_t begin = at_;
  const size_t end = text_.find(close, at_);
  if (end == std::string_view::npos) return fail("unclosed name of a group");
  const std::string_view name = text_.substr(begin, end - begin);
  if (name.empty()) return fail("empty name of a group");
  for (size_t i = 0; i < name.size();) {
    const Decoded character = decode_utf8(name, i);
    const bool word =
        character.code < 0x80 ? is_ascii_letter(name[i]) || name[i] == '_' : word_codes().has(character.code);
    const bool later = is_ascii_digit(name[i]) || name[i] == '.' || name[i] == '[' || name[i] == ']';
    if (!word && (i == 0 || !later)) return fail_at(begin + i, "the name of a group may not have this character");
    i += character.size;
  }
  if (!names_.insert(std::string(name)).second) return fail("two groups of one name");
  at_ = end + 1;
  return true;
}

bool PatternParser::group_flags(bool* opens) {
  bool on = true, any = false, after_minus = false;
  std::string seen;
  for (; more() && here() != ':' && here() != ')'; ++at_) {
    const char letter = here();
    if (letter == '-') {
      if (!on) return fail("a second `-` among the flags");
      on = false;
      after_minus = false;
      continue;
    }
    if (seen.find(letter) != std::string::npos) return fail("a flag is given twice");
    seen += letter;
    any = after_minus = true;
    if (!flag(letter, on)) return fail("unknown flag; there are i, m, s, x, u, U and R");
  }
  if (!more()) return fail("unclosed group");
  if (!on && !after_minus) return fail("a `-` without a flag behind it");
  *opens = here() == ':';
  if (!any && !*opens) return fail("a repetition has nothing to repeat");
  ++at_;
  return true;
}

bool PatternParser::flag(char letter, bool on) {
  switch (letter) {
    case 'i':
      return flags_.ignore_case = on, true;
    case 'm':
      return flags_.multi_line = on, true;
    case 's':
      return flags_.dot_all = on, true;
    case 'U':
      return flags_.swap_greed = on, foreign_ = true;
    case 'u':
      return flags_.unicode = on, true;
    case 'x':
      return flags_.verbose = on, foreign_ = true;
    case 'R':
      return flags_.crlf = on, true;
    default:
      return false;
  }
}

bool PatternParser::escape(GrepNode* out) {
  if (at_ + 1 >= text_.size()) return fail("a backslash at the end of the pattern");
  const char letter = text_[at_ + 1];
  if (std::string_view("bBAz<>").find(letter) != std::string_view::npos) return look_escape(letter, out);
  if ((letter >= '1' && letter <= '9') || letter == 'k') return back_reference(out);
  Item item;
  if (std::string_view("dDsSwWpP").find(letter) != std::string_view::npos) {
    if (!class_escape(&item)) return false;
    *out = GrepNode::of(std::move(item.codes), !flags_.unicode);
    return true;
  }
  if (!character_escape(&item)) return false;
  *out = literal_node(item);
  return true;
}

bool PatternParser::back_reference(GrepNode* out) {
  at_ += 2;
  if (text_[at_ - 1] == 'k') {
    const size_t close = more() ? text_.find_first_of(">}'", at_ + 1) : std::string_view::npos;
    if (close == std::string_view::npos) return fail_at(at_ - 2, "unrecognized escape sequence");
    at_ = close + 1;
  }
  while (more() && is_ascii_digit(here())) ++at_;
  needs_pcre2_ = true;
  out->kind = GrepNode::Kind::kOpaque;
  return true;
}

bool PatternParser::look_escape(char letter, GrepNode* out) {
  at_ += 2;
  Look look = letter == 'B'   ? Look::kNotWord
              : letter == 'A' ? Look::kTextStart
              : letter == 'z' ? Look::kTextEnd
              : letter == '<' ? Look::kWordStart
              : letter == '>' ? Look::kWordEnd
                              : Look::kWord;
  if (letter == '<' || letter == '>') foreign_ = true;
  if (letter == 'b' && looking_at("{") && !word_look(&look)) return false;
  *out = look_node(look, !flags_.unicode);
  return true;
}

// `\b{start}` and its like; `\b{2}` is a repetition.
bool PatternParser::word_look(Look* look) {
  const std::string_view rest = text_.substr(at_ + 1);
  if (rest.empty() || !(is_ascii_letter(rest[0]) || rest[0] == '-')) return true;
  const size_t close = rest.find('}');
  const std::string_view name = rest.substr(0, close);
  if (close == std::string_view::npos) return fail("unclosed name of a word boundary");
  if (name == "start") {
    *look = Look::kWordStart;
  } else if (name == "end") {
    *look = Look::kWordEnd;
  } else if (name == "start-half") {
    *look = Look::kWordStartHalf;
  } else if (name == "end-half") {
    *look = Look::kWordEndHalf;
  } else {
    return fail("unknown word boundary; there are start, end, start-half and end-half");
  }
  at_ += close + 2;
  foreign_ = true;
  return true;
}

base::Result<ParsedPattern> parse_pattern(std::string_view pattern, const ParseFlags& flags) {
  return PatternParser(pattern, flags).run();
}

}  // namespace promethean::search
