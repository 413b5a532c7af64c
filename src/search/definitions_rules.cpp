#include "search/definitions_rules.h"

namespace promethean::search {
namespace {

using enum Language;

LexRules slash_rules(Language language) {
  LexRules r{.line_comment = "//", .block_open = "/*", .block_close = "*/"};
  r.preprocessor = language == kC || language == kCpp || language == kObjectiveC || language == kCSharp;
  r.raw_delimited = language == kCpp || language == kObjectiveC;
  r.nested_comments =
      language == kRust || language == kKotlin || language == kSwift || language == kScala || language == kDart;
  r.single_quote_string = language != kRust && language != kSwift && language != kScala;
  r.triple_quotes = language == kJava || language == kGroovy || language == kCSharp || language == kKotlin ||
                    language == kSwift || language == kScala || language == kDart || language == kGraphQl;
  r.backtick_string = language == kGo;
  r.backtick_word = language == kKotlin || language == kSwift || language == kScala;
  r.raw_hash = r.double_multiline = language == kRust;
  r.verbatim_at = language == kCSharp;
  if (language == kGraphQl) r.line_comment_2 = "#";
  if (language == kJavaScript || language == kTypeScript || language == kVue) {
    r.backtick_string = r.template_holes = r.regex = r.dollar_words = r.hash_words = true;
  }
  if (language == kPhp) {
    r.line_comment_2 = "#";
    r.heredoc = r.dollar_words = r.double_multiline = true;
  }
  return r;
}

LexRules hash_rules(Language language) {
  LexRules r{.line_comment = "#"};
  switch (language) {
    case kRuby:
    case kCrystal:
      r.double_multiline = r.regex = r.heredoc = r.percent_literals = r.pod = r.query_words = true;
      return r;
    case kElixir:
      r.double_multiline = r.triple_quotes = r.sigils = r.query_words = true;
      return r;
    case kPerl:
      r.heredoc = r.pod = r.dollar_words = r.careful_hash = true;
      return r;
    case kShell:
      r.single_quote_raw = r.double_multiline = r.heredoc = r.dash_words = r.careful_hash = true;
      return r;
    case kJulia:
      r.block_open = "#=", r.block_close = "=#", r.nested_comments = true;
      r.single_quote_string = false, r.triple_quotes = true;
      return r;
    case kPython:
    case kNim:
      r.triple_quotes = true;
      return r;
    case kPowerShell:
      r.block_open = "<#", r.block_close = "#>", r.dash_words = true;
      return r;
    default:
      return r;
  }
}

LexRules ml_rules(Language language) {
  LexRules r{.block_open = "(*", .block_close = "*)"};
  if (language == kHaskell) r = {.line_comment = "--", .block_open = "{-", .block_close = "-}"};
  if (language == kFSharp) r.line_comment = "//", r.triple_quotes = true;
  r.nested_comments = r.prime_words = true;
  r.double_multiline = language != kHaskell;
  r.single_quote_string = false;
  return r;
}

}  // namespace

LexRules lex_rules(Language language) {
  switch (language) {
    case kPython:
    case kNim:
    case kJulia:
    case kRuby:
    case kCrystal:
    case kElixir:
    case kPerl:
    case kShell:
    case kR:
    case kPowerShell:
    case kYaml:
    case kToml:
      return hash_rules(language);
    case kHaskell:
    case kOCaml:
    case kFSharp:
      return ml_rules(language);
    case kZig:
      return {.line_comment = "//"};
    case kErlang:
      return {.line_comment = "%"};
    case kClojure:
      return {.line_comment = ";", .single_quote_string = false, .double_multiline = true};
    case kLua:
      return {.line_comment = "--", .long_brackets = true};
    case kSql:
      return {.line_comment = "--",
              .block_open = "/*",
              .block_close = "*/",
              .single_quote_raw = true,
              .backtick_word = true};
    default:
      return slash_rules(language);
  }
}

}  // namespace promethean::search
