// What tells one language's tokens from another's, as data for the lexer.
#pragma once

#include <string_view>

#include "search/language.h"

namespace promethean::search {

struct LexRules {
  std::string_view line_comment = {}, line_comment_2 = {};
  std::string_view block_open = {}, block_close = {};
  bool nested_comments = false;
  bool single_quote_string = true;  // '...' is text; else a character, a lifetime or a prime
  bool single_quote_raw = false;    // '...' spans lines and has no escapes (shell, SQL)
  bool double_multiline = false;    // "..." may span lines
  bool backtick_string = false;     // `...` spans lines
  bool backtick_word = false;       // `...` is an identifier
  bool template_holes = false;      // ${...} in backticks nests
  bool triple_quotes = false;       // """...""" (and '''...''' where ' opens strings)
  bool preprocessor = false;        // # at the start of a line
  bool raw_hash = false;            // r#"..."#
  bool raw_delimited = false;       // R"x(...)x"
  bool regex = false;               // /.../ where a value may start
  bool heredoc = false;             // <<EOF, <<-EOF, <<~EOF, <<<EOF
  bool long_brackets = false;       // [[ ... ]], [=[ ... ]=]
  bool percent_literals = false;    // %w[...], %r{...}
  bool sigils = false;              // ~r/.../, ~s(...)
  bool pod = false;                 // =begin ... =end / =cut at the start of lines
  bool dollar_words = false;        // $ belongs to words
  bool hash_words = false;          // # may begin a word
  bool query_words = false;         // ? and ! may end a word
  bool dash_words = false;          // - continues a word
  bool prime_words = false;         // ' continues a word
  bool careful_hash = false;        // # opens a comment only after white space or a bracket
  bool verbatim_at = false;         // @"..." without escapes
};

LexRules lex_rules(Language language);

}  // namespace promethean::search
