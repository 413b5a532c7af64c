#include "search/definitions_lexer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "search/definitions_preprocessor.h"
#include "search/definitions_rules.h"
#include "search/definitions_strings.h"

namespace promethean::search {
namespace {

class Lexer {
 public:
  // `quiet` gets the comments and literals, unless it is null.
  Lexer(Language language, std::string_view text, std::vector<QuietSpan>* quiet)
      : quiet_(quiet), rules_(lex_rules(language)), text_(text), branches_(&out_) {
    out_.text = text;
    out_.list.reserve(text.size() / 5 + 16);
    continues_.fill(false);
    for (int c = 0; c < 256; ++c) continues_[c] = is_alnum(static_cast<char>(c));
    continues_['$'] = rules_.dollar_words;
    continues_['\''] = rules_.prime_words;
    is_cpp_ = language == Language::kCpp;
  }

  Tokens run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) step();
    add(TokenKind::kPunct, text_.size(), text_.size(), 0);
    out_.last_line = line_;
    return std::move(out_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool here(std::string_view what) const {
    return !what.empty() && text_[at_] == what.front() && text_.compare(at_, what.size(), what) == 0;
  }

  void step() {
    const char c = text_[at_];
    if (c == '\n') return new_line();
    if (is_space(c)) {
      ++at_;
      spaced_ = true;
      return;
    }
    if (is_letter(c) || continues_[static_cast<unsigned char>(c)]) return is_digit(c) ? number() : word();
    if (special(c)) return;
    add(TokenKind::kPunct, at_, at_ + 1, c);
    ++at_;
  }

  void new_line() {
    ++at_;
    ++line_;
    line_start_ = true;
    spaced_ = true;
    if (!heredoc_.empty()) skip_heredoc();
    if (rules_.pod && peek() == '=' && is_letter(peek(1))) skip_pod();
  }

  void add(TokenKind kind, size_t begin, size_t end, char mark) {
    if (!branches_.skipping()) {
      if (line_start_) out_.lines.push_back({static_cast<uint32_t>(begin), indent_of(begin)});
      out_.list.push_back(
          {static_cast<uint32_t>(begin), static_cast<uint32_t>(end), line_, kind, mark, line_start_, spaced_});
    }
    line_start_ = spaced_ = false;
  }

  // The width of the white space that starts the line; tabs go to the next multiple of eight.
  uint32_t indent_of(size_t at) const {
    while (at > 0 && text_[at - 1] != '\n') --at;
    uint32_t width = 0;
    for (; at < text_.size() && (text_[at] == ' ' || text_[at] == '\t'); ++at)
      width += text_[at] == '\t' ? 8 - width % 8 : 1;
    return width;
  }

  void word() {
    const size_t begin = at_;
    while (at_ < text_.size() && continues_[static_cast<unsigned char>(text_[at_])]) ++at_;
    if (rules_.dash_words) {
      while (at_ + 1 < text_.size() && (text_[at_] == '-' || text_[at_] == '.' || text_[at_] == ':') &&
             is_alnum(text_[at_ + 1])) {
        ++at_;
        while (at_ < text_.size() && is_alnum(text_[at_])) ++at_;
      }
    }
    if (rules_.query_words && (peek() == '?' || peek() == '!') && peek(1) != '=') ++at_;
    if (is_raw_prefix(begin)) return;
    add(TokenKind::kWord, begin, at_, 0);
  }

  bool hash_word() {
    if (!is_letter(peek(1))) return false;
    const size_t begin = at_++;
    while (at_ < text_.size() && continues_[static_cast<unsigned char>(text_[at_])]) ++at_;
    add(TokenKind::kWord, begin, at_, 0);
    return true;
  }

  // R"x(...)x" and r#"..."#: the prefix was read as a word.
  bool is_raw_prefix(size_t begin) {
    const char last = text_[at_ - 1];
    if (rules_.raw_delimited && peek() == '"' && last == 'R' && at_ - begin <= 3)
      return add_string(begin, raw_delimited_end(text_, at_));
    if (rules_.raw_hash && at_ - begin <= 2 && last == 'r') return add_string(begin, raw_hash_end(text_, at_));
    return false;
  }

  void number() {
    const size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool separator = c == '\'' && is_cpp_ && is_alnum(peek(1));
      const bool dot = c == '.' && is_digit(peek(1));
      if (!is_alnum(c) && !separator && !dot) break;
      ++at_;
    }
    add(TokenKind::kNumber, begin, at_, 0);
  }

  uint32_t newlines(size_t begin, size_t end) const {
    return static_cast<uint32_t>(std::count(text_.begin() + begin, text_.begin() + end, '\n'));
  }

  // Adds a string token from `begin` to `end`; false, and nothing, when there is no string.
  bool add_string(size_t begin, size_t end) {
    if (end == kNoString) return false;
    add(TokenKind::kString, begin, end, 0);
    hush(begin, end, false);
    line_ += newlines(begin, end);
    at_ = end;
    return true;
  }
  bool string_to(size_t end) { return add_string(at_, end); }

  // Comments, strings and the like; false when `c` is plain punctuation.
  bool special(char c) {
    if (here(rules_.block_open)) return block_comment();
    if (here(rules_.line_comment) || here(rules_.line_comment_2)) {
      if (line_comment()) return true;
    }
    switch (c) {
      case '"':
        return double_quote();
      case '\'':
        return single_quote();
      case '`':
        return backtick();
      case '#':
        return (rules_.preprocessor && line_start_ && directive()) || (rules_.hash_words && hash_word());
      case '/':
        return rules_.regex && value_may_start() && string_to(regex_end(text_, at_));
      case '<':
        return rules_.heredoc && peek(1) == '<' && open_heredoc();
      case '[':
        return rules_.long_brackets && string_to(long_bracket_end(text_, at_));
      case '%':
        return rules_.percent_literals && value_may_start() && percent_literal();
      case '~':
        return rules_.sigils && is_letter(peek(1)) && sigil();
      case '@':
        return rules_.verbatim_at && peek(1) == '"' && string_to(verbatim_end(text_, at_));
      case '\\':
        return rules_.careful_hash && escaped();
      default:
        return false;
    }
  }

  bool escaped() {
    at_ += peek(1) == '\n' ? 1 : 2;
    return true;
  }

  void hush(size_t begin, size_t end, bool comment) {
    if (quiet_ != nullptr) quiet_->push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), comment});
  }

  void note_comment(bool own_line, uint32_t first, uint32_t last) {
    if (!own_line) return;
    if (!out_.comments.empty() && out_.comments.back().last_line + 1 >= first) {
      out_.comments.back().last_line = last;
    } else {
      out_.comments.push_back({first, last});
    }
  }

  bool line_comment() {
    if (rules_.careful_hash && at_ > 0 && !std::strchr(" \t\n\r;(){}|&", text_[at_ - 1])) return false;
    if (peek() == '#' && peek(1) == '[' && rules_.line_comment_2 == "#") return false;  // a PHP attribute
    if (const size_t end = rules_.long_brackets ? long_bracket_end(text_, at_ + 2) : kNoString; end != kNoString) {
      note_comment(line_start_, line_, line_ + newlines(at_, end));
      line_ += newlines(at_, end);
      hush(at_, end, true);
      at_ = end;
      return true;
    }
    note_comment(line_start_, line_, line_);
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    hush(at_, end, true);
    at_ = end;
    return true;
  }

  bool block_comment() {
    const size_t begin = at_;
    const uint32_t first = line_;
    const bool own_line = line_start_;
    size_t depth = 1;
    at_ += rules_.block_open.size();
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') ++line_;
      if (here(rules_.block_close)) {
        at_ += rules_.block_close.size();
        if (--depth == 0) break;
      } else if (rules_.nested_comments && here(rules_.block_open)) {
        at_ += rules_.block_open.size();
        ++depth;
      } else {
        ++at_;
      }
    }
    note_comment(own_line, first, line_);
    hush(begin, at_, true);
    spaced_ = true;
    return true;
  }

  bool double_quote() {
    if (rules_.triple_quotes && here("\"\"\"")) return string_to(triple_end(text_, at_));
    return string_to(quoted_end(text_, at_, rules_.double_multiline));
  }

  bool single_quote() {
    if (rules_.triple_quotes && rules_.single_quote_string && here("'''")) return string_to(triple_end(text_, at_));
    if (rules_.single_quote_raw) return string_to(after(text_, "'", at_ + 1));
    if (rules_.single_quote_string) return string_to(quoted_end(text_, at_, false));
    return string_to(character_end(text_, at_));
  }

  bool backtick() {
    if (rules_.backtick_word) {
      const size_t end = text_.find_first_of("`\n", at_ + 1);
      if (end == std::string_view::npos || text_[end] == '\n') return false;
      add(TokenKind::kWord, at_ + 1, end, 0);
      at_ = end + 1;
      return true;
    }
    if (!rules_.backtick_string) return false;
    return string_to(template_end(text_, at_ + 1, rules_.template_holes));
  }

  // Whether an operand, rather than an operator, is expected here.
  bool value_may_start() const {
    if (out_.list.empty()) return true;
    const Token& last = out_.list.back();
    if (last.kind == TokenKind::kNumber || last.kind == TokenKind::kString) return false;
    if (last.kind == TokenKind::kPunct) return last.mark != ')' && last.mark != ']' && last.mark != '}';
    const std::string_view word = text_.substr(last.begin, last.end - last.begin);
    for (std::string_view opener :
         {"return", "typeof", "case",  "in",   "of",     "when", "if",    "unless", "and",   "or",   "not",
          "while",  "until",  "elsif", "then", "delete", "void", "throw", "new",    "await", "yield"}) {
      if (word == opener) return true;
    }
    return false;
  }

  bool percent_literal() {
    const size_t open = at_ + (is_letter(peek(1)) ? 2 : 1);
    if (open >= text_.size() || !std::strchr("[({<|!/", text_[open])) return false;
    return string_to(delimited_end(text_, open));
  }

  bool sigil() {
    size_t open = at_ + 1;
    while (open < text_.size() && is_letter(text_[open])) ++open;
    if (open >= text_.size() || !std::strchr("[({<|/\"'", text_[open])) return false;
    if (text_.compare(open, 3, "\"\"\"") == 0) return string_to(after(text_, "\"\"\"", open + 3));
    return string_to(delimited_end(text_, open));
  }

  bool open_heredoc() {
    size_t i = at_ + 2;
    if (i < text_.size() && text_[i] == '<') ++i;
    while (i < text_.size() && (text_[i] == '-' || text_[i] == '~' || text_[i] == ' ')) ++i;
    const bool spaced = text_[i - 1] == ' ';
    const char quote = i < text_.size() && (text_[i] == '\'' || text_[i] == '"') ? text_[i++] : '\0';
    size_t end = i;
    while (end < text_.size() && is_alnum(text_[end])) ++end;
    const bool marker = end > i && !is_digit(text_[i]) && !(spaced && !rules_.careful_hash);
    if (!marker || (!quote && !rules_.careful_hash && !(text_[i] >= 'A' && text_[i] <= 'Z'))) return false;
    heredoc_ = text_.substr(i, end - i);
    at_ = end + (quote ? 1 : 0);
    return true;
  }

  void skip_heredoc() {
    const size_t begin = at_;
    while (at_ < text_.size()) {
      size_t end = text_.find('\n', at_);
      if (end == std::string_view::npos) end = text_.size();
      std::string_view row = text_.substr(at_, end - at_);
      while (!row.empty() && is_space(row.front())) row.remove_prefix(1);
      const bool closes =
          row.starts_with(heredoc_) && (row.size() == heredoc_.size() || !is_alnum(row[heredoc_.size()]));
      if (closes) at_ += static_cast<size_t>(row.data() - text_.data()) - at_ + heredoc_.size();
      if (closes) break;
      at_ = std::min(end + 1, text_.size());
      ++line_;
    }
    heredoc_ = {};
    hush(begin, at_, false);
  }

  void skip_pod() {
    const size_t begin = at_;
    const uint32_t first = line_;
    while (at_ < text_.size()) {
      const bool last = here("=cut") || here("=end");
      const size_t end = text_.find('\n', at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
      if (end != std::string_view::npos) ++line_;
      if (last) break;
    }
    note_comment(true, first, line_ - 1);
    hush(begin, at_, true);
  }

  // One logical line of the preprocessor; #define stays as a token, conditionals choose which tokens are kept.
  bool directive() {
    const size_t begin = at_;
    size_t i = at_;
    while (i < text_.size() && text_[i] != '\n') {
      if (text_.compare(i, 2, "/*") == 0) {
        const size_t close = text_.find("*/", i + 2);
        const size_t end = close == std::string_view::npos ? text_.size() : close + 2;
        hush(i, end, true);
        i = end;
      } else if (text_.compare(i, 2, "//") == 0) {
        const size_t end = std::min(text_.find('\n', i), text_.size());
        hush(i, end, true);
        i = end;
      } else {
        const bool continued =
            text_[i] == '\\' && (text_.compare(i, 2, "\\\n") == 0 || text_.compare(i, 3, "\\\r\n") == 0);
        i += continued ? (text_[i + 1] == '\n' ? 2 : 3) : 1;
      }
    }
    i = std::min(i, text_.size());
    if (branches_.directive(text_.substr(begin, i - begin))) add(TokenKind::kDirective, begin, i, 0);
    line_ += newlines(begin, i);
    at_ = i;
    return true;
  }

  std::vector<QuietSpan>* const quiet_;
  const LexRules rules_;
  const std::string_view text_;
  Tokens out_;
  BranchChooser branches_;
  std::array<bool, 256> continues_;
  std::string_view heredoc_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  bool line_start_ = true, spaced_ = false, is_cpp_ = false;
};

}  // namespace

Tokens lex(Language language, std::string_view text) {
  Tokens tokens = Lexer(language, text, nullptr).run();
  pair_brackets(&tokens);
  return tokens;
}

std::vector<QuietSpan> quiet_spans(Language language, std::string_view text) {
  std::vector<QuietSpan> quiet;
  Lexer(language, text, &quiet).run();
  return quiet;
}

}  // namespace promethean::search
