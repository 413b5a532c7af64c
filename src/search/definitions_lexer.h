// Tokens for the definition scanners: words, numbers, strings and single punctuation marks of one file, without its
// comments. One lexer serves all brace and keyword languages; what differs is data (LexRules).
//
// Unterminated strings and comments end with the line or the file, so one slip does not swallow what follows.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "search/language.h"

namespace promethean::search {

enum class TokenKind : uint8_t { kWord, kNumber, kString, kPunct, kDirective };

struct Token {
  uint32_t begin = 0, end = 0;
  uint32_t line = 0;  // 1-based, of its first byte
  TokenKind kind = TokenKind::kPunct;
  char mark = 0;  // the punctuation mark; 0 for others
  bool first_on_line = false;
  bool spaced = false;  // white space or a comment stands before it
};

// Comments that have their lines to themselves; neighbours are joined.
struct CommentBlock {
  uint32_t first_line = 0, last_line = 0;
};

// A line on which a token starts: where its first token lies and how far it is indented.
struct LineIndent {
  uint32_t begin = 0, width = 0;
};

inline constexpr uint32_t kNoMatch = UINT32_MAX;

struct Tokens {
  std::string_view text;
  std::vector<Token> list;      // ends with one kPunct token, mark 0, at the end of the text
  std::vector<uint32_t> match;  // for each bracket the position of its partner, else kNoMatch
  std::vector<CommentBlock> comments;
  std::vector<LineIndent> lines;
  uint32_t last_line = 1;

  size_t size() const { return list.size() - 1; }  // without the end mark
  const Token& operator[](size_t i) const { return list[i < list.size() ? i : list.size() - 1]; }
  std::string_view word(size_t i) const { return text.substr((*this)[i].begin, (*this)[i].end - (*this)[i].begin); }
  bool is(size_t i, char mark) const { return (*this)[i].mark == mark; }
  bool is_word(size_t i) const { return i < size() && list[i].kind == TokenKind::kWord; }
  bool is_word(size_t i, std::string_view text_of_word) const { return is_word(i) && word(i) == text_of_word; }
  uint32_t line(size_t i) const { return (*this)[i].line; }

  // Behind the bracket at `i` and all it holds; i + 1 when it has no partner.
  size_t skip(size_t i) const {
    return i < match.size() && match[i] != kNoMatch && match[i] > i ? match[i] + 1 : i + 1;
  }
};

// Fills tokens, partners and comments. kUnknown and prose give no tokens.
Tokens lex(Language language, std::string_view text);

// Fills `match`. Braces outrank the rest: a '}' closes everything opened since its '{', a stray ')' or ']' closes
// nothing.
void pair_brackets(Tokens* tokens);

// What is no code: comments and literals, in order, also where the preprocessor leaves code out. A literal's holes
// (`${x}`) count as the literal.
struct QuietSpan {
  uint32_t begin = 0, end = 0;
  bool comment = false;  // else a literal
};
std::vector<QuietSpan> quiet_spans(Language language, std::string_view text);

}  // namespace promethean::search
