#include "search/definitions_strings.h"

#include <algorithm>
#include <string>

namespace promethean::search {
namespace {

constexpr int kMaxTemplateDepth = 8;
constexpr size_t kMaxRegexBytes = 1000;
constexpr size_t kMaxDelimiter = 17;  // 16 in the standard, and the quote

size_t template_end(std::string_view text, size_t i, bool holes, int depth);

// Behind the brace that closes a ${ hole.
size_t hole_end(std::string_view text, size_t i, int depth) {
  int braces = 1;
  while (i < text.size()) {
    const char c = text[i++];
    if (c == '`') i = template_end(text, i, true, depth);
    if (c == '{') ++braces;
    if (c == '}' && --braces == 0) return i;
  }
  return text.size();
}

size_t template_end(std::string_view text, size_t i, bool holes, int depth) {
  while (i < text.size()) {
    const char c = text[i];
    if (c == '`') return i + 1;
    if (c == '\\' && holes) {
      i += 2;
    } else if (c == '$' && holes && i + 1 < text.size() && text[i + 1] == '{' && depth < kMaxTemplateDepth) {
      i = hole_end(text, i + 2, depth + 1);
    } else {
      ++i;
    }
  }
  return text.size();
}

}  // namespace

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte | 32) - 'a' < 26u || byte == '_' || byte >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
  return is_letter(c) || is_digit(c);
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

char closing(char open) {
  switch (open) {
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    case '<':
      return '>';
    default:
      return open;
  }
}

size_t after(std::string_view text, std::string_view end, size_t from) {
  const size_t at = text.find(end, from);
  return at == std::string_view::npos ? text.size() : at + end.size();
}

size_t quoted_end(std::string_view text, size_t at, bool multiline) {
  const char quote = text[at];
  size_t i = at + 1;
  while (i < text.size() && text[i] != quote) {
    if (text[i] == '\n' && !multiline) return i;
    i += text[i] == '\\' ? 2 : 1;
  }
  return std::min(i + 1, text.size());
}

size_t triple_end(std::string_view text, size_t at) {
  const std::string_view quotes = text.substr(at, 3);
  size_t i = at + 3;
  while (i < text.size() && text.compare(i, 3, quotes) != 0) i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 3, text.size());
}

size_t character_end(std::string_view text, size_t at) {
  size_t i = at + 1;
  const bool escaped = i < text.size() && text[i] == '\\';
  if (escaped) ++i;
  if (i >= text.size()) return kNoString;
  // One byte, or the few of an escape or of a character beyond ASCII.
  const bool wide = escaped || static_cast<unsigned char>(text[i]) >= 0x80;
  const size_t limit = std::min(text.size(), i + (escaped ? 12 : wide ? 5 : 2));
  for (size_t k = i + 1; k < limit && text[k] != '\n'; ++k) {
    if (text[k] == '\'') return k + 1;
  }
  return kNoString;
}

size_t verbatim_end(std::string_view text, size_t at) {
  size_t i = at + 2;
  while (i < text.size()) {
    const bool doubled = text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"';
    if (text[i] == '"' && !doubled) return i + 1;
    i += doubled ? 2 : 1;
  }
  return text.size();
}

size_t template_end(std::string_view text, size_t from, bool holes) {
  return template_end(text, from, holes, 0);
}

size_t regex_end(std::string_view text, size_t at) {
  bool in_class = false;
  const size_t limit = std::min(text.size(), at + kMaxRegexBytes);
  for (size_t i = at + 1; i < limit && text[i] != '\n'; ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (c == '[') {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    } else if (c == '/' && !in_class) {
      return i + 1;
    }
  }
  return kNoString;
}

size_t delimited_end(std::string_view text, size_t open) {
  const char first = text[open], last = closing(first);
  size_t depth = 0, i = open;
  for (; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == last && (first != last || i > open)) {
      if (first == last || --depth == 0) break;
    } else if (text[i] == first) {
      ++depth;
    }
  }
  return std::min(i + 1, text.size());
}

size_t long_bracket_end(std::string_view text, size_t open) {
  if (open >= text.size() || text[open] != '[') return kNoString;
  size_t level = 0;
  while (open + 1 + level < text.size() && text[open + 1 + level] == '=') ++level;
  if (open + 1 + level >= text.size() || text[open + 1 + level] != '[') return kNoString;
  return after(text, "]" + std::string(level, '=') + "]", open);
}

size_t raw_delimited_end(std::string_view text, size_t quote) {
  const size_t open = text.substr(0, quote + 1 + kMaxDelimiter).find('(', quote);
  if (open == std::string_view::npos) return kNoString;
  return after(text, ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"", open + 1);
}

size_t raw_hash_end(std::string_view text, size_t at) {
  size_t hashes = 0;
  while (at + hashes < text.size() && text[at + hashes] == '#') ++hashes;
  if (at + hashes >= text.size() || text[at + hashes] != '"') return kNoString;
  return after(text, "\"" + std::string(hashes, '#'), at + hashes + 1);
}

}  // namespace promethean::search
