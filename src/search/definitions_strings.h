// Where literals end: pure functions from the place of their first byte to the place behind their last, for the lexer.
//
// A literal that is not closed ends with its line or with the text. Functions that may find that there is no literal at
// all say kNoString. None reads more than it consumes, save by a fixed bound.
#pragma once

#include <cstddef>
#include <string_view>

namespace promethean::search {

inline constexpr size_t kNoString = static_cast<size_t>(-1);

bool is_letter(char c);  // letters, '_', bytes >= 0x80
bool is_digit(char c);
bool is_alnum(char c);
bool is_space(char c);
char closing(char open);  // the partner of a bracket; other characters close themselves

// Behind the first `end` at or after `from`; the end of the text when there is none.
size_t after(std::string_view text, std::string_view end, size_t from);

size_t quoted_end(std::string_view text, size_t at, bool multiline);  // "..." or '...' with backslashes
size_t triple_end(std::string_view text, size_t at);                  // """...""" or '''...'''
size_t character_end(std::string_view text, size_t at);               // 'x' where ' has other uses; or kNoString
size_t verbatim_end(std::string_view text, size_t at);                // @"..." in which "" is a quote
size_t template_end(std::string_view text, size_t from,
                    bool holes);                                // behind the ` that closes a text starting at `from`
size_t regex_end(std::string_view text, size_t at);             // /.../ on one line; or kNoString
size_t delimited_end(std::string_view text, size_t open);       // from its bracket or mark, nested
size_t long_bracket_end(std::string_view text, size_t open);    // [[...]], [=[...]=]; or kNoString
size_t raw_delimited_end(std::string_view text, size_t quote);  // "x(...)x" of C++; or kNoString
size_t raw_hash_end(std::string_view text, size_t at);          // #"..."# of Rust, from its first # or "; or kNoString

}  // namespace promethean::search
