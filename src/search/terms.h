// Terms: the words by which text and queries meet.
//
//   "parseHTTPRequest2"  ->  parse http request 2 (each stemmed), and the whole identifier "parsehttprequest2"
//
// Everything is lower case ASCII; bytes >= 0x80 count as letters and are kept as they are. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

inline constexpr size_t kMaxTermBytes = 64;  // longer words are data (hashes, base64) and are skipped

// True for bytes that continue an identifier: letters, digits, '_', bytes >= 0x80.
bool is_word_byte(char c);

// The next run of word bytes at or after *position; empty at the end. Moves *position behind it.
std::string_view next_word(std::string_view text, size_t* position);

// The parts of one identifier as written: "HTTPServer_v2" -> HTTP Server v 2. Views into `word`.
void split_identifier(std::string_view word, std::vector<std::string_view>* parts);

// Lower case and lightly stemmed: plurals, -ing, -ed, -er/-or/-ion families; short words stay as they are.
std::string stem(std::string_view word);

// What an index keeps of one identifier: the stems of its parts, then the whole word in lower case when it has several.
void identifier_terms(std::string_view word, std::vector<std::string>* terms);

// All terms of a text in order, with repeats. For queries and tests; the index builder has its own, faster loop.
std::vector<std::string> text_terms(std::string_view text);

}  // namespace promethean::search
