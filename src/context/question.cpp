#include "context/question.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace promethean::context {

namespace {

constexpr size_t kMaxText = 16 << 10;  // of a question; what lies beyond is not looked at
constexpr size_t kMaxClues = 8;        // of each kind

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

template <class T, class Same>
void add(std::vector<T>& list, T value, Same same) {
  if (list.size() < kMaxClues && std::ranges::none_of(list, [&](const T& old) { return same(old, value); }))
    list.push_back(std::move(value));
}

void add_text(std::vector<std::string>& list, std::string_view value) {
  add(list, std::string(value), std::equal_to<>());
}

// snake_case, camelCase, PascalCase with an inner capital: words that prose does not have.
bool looks_like_identifier(std::string_view word) {
  if (word.size() < 3 || std::isdigit(static_cast<unsigned char>(word[0])) != 0) return false;
  const size_t underscore = word.find('_');
  if (underscore != std::string_view::npos && word.find_first_not_of('_') != std::string_view::npos) return true;
  for (size_t i = 1; i < word.size(); ++i) {
    if (is_upper(word[i]) && is_lower(word[i - 1])) return true;
  }
  return false;
}

bool is_name(std::string_view text) {  // a possibly qualified name, "A::b", "a.b.c", "x->y" not
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  return std::ranges::all_of(text, [](char c) { return is_word(c) || c == ':' || c == '.' || c == '#' || c == '~'; }) &&
         is_word(text.back());
}

std::string_view extension(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  const std::string_view name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  const size_t dot = name.find_last_of('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

// "src/net/server", "router.cpp", "Makefile" only with a folder in front. Not "and/or", not "e.g.", not a URL.
bool looks_like_path(std::string_view text) {
  if (text.find("://") != std::string_view::npos || text.size() > 512) return false;
  const std::string_view ext = extension(text);
  const bool has_extension = !ext.empty() && ext.size() <= 5 && std::ranges::all_of(ext, [](char c) {
    return is_word(c);
  }) && std::ranges::any_of(ext, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
  const size_t slash = text.find('/');
  // "e.g" and "i.e" have the form of a file name, but no file is called so.
  if (slash == std::string_view::npos) return has_extension && text.size() > 3;
  if (has_extension) return true;
  return std::ranges::count(text, '/') >= 2 && text.find_first_of("_-") != std::string_view::npos;
}

// "a.cpp:12", "a.cpp:12:5", "a.cpp#L12", "a.cpp(12)".
Place split_place(std::string_view token) {
  for (const std::string_view mark : {"#L", ":", "("}) {
    size_t at = token.find(mark);
    if (at == std::string_view::npos || at == 0) continue;
    size_t digits = at + mark.size();
    size_t end = digits;
    while (end < token.size() && std::isdigit(static_cast<unsigned char>(token[end])) != 0) ++end;
    const auto line = base::parse_int(token.substr(digits, end - digits));
    if (line && *line > 0 && *line < 100'000'000) return {std::string(token.substr(0, at)), static_cast<int>(*line)};
  }
  return {std::string(token), 0};
}

void add_place(Question& question, Place place) {
  while (place.path.starts_with("./")) place.path.erase(0, 2);
  add(question.places, std::move(place),
      [](const Place& a, const Place& b) { return a.path == b.path && a.line == b.line; });
}

std::string_view strip(std::string_view token) {
  constexpr std::string_view kEdges = "`'\"()[]{}<>,;!?*";
  const size_t start = token.find_first_not_of(kEdges);
  if (start == std::string_view::npos) return {};
  token = token.substr(start, token.find_last_not_of(kEdges) - start + 1);
  while (token.ends_with('.') || token.ends_with(':')) token.remove_suffix(1);
  return token;
}

void read_token(Question& question, std::string_view raw) {
  const bool called = raw.find("()") != std::string_view::npos || raw.find("(") != std::string_view::npos;
  std::string_view token = strip(raw);
  if (token.empty() || token.size() > 512) return;
  Place place = split_place(token);
  if (looks_like_path(place.path)) {
    add_place(question, std::move(place));
    return;
  }
  if (const size_t paren = token.find('('); paren != std::string_view::npos) token = token.substr(0, paren);
  if (!is_name(token)) return;
  const bool qualified =
      token.find("::") != std::string_view::npos || (token.find('.') != std::string_view::npos && called);
  if (qualified || looks_like_identifier(token) || (called && token.size() >= 3)) add_text(question.identifiers, token);
}

// Python's frames name file and line apart: File "x.py", line 3
void read_python_frames(Question& question, std::string_view text) {
  constexpr std::string_view kFile = "File \"";
  constexpr std::string_view kLine = "\", line ";
  for (size_t at = text.find(kFile); at != std::string_view::npos; at = text.find(kFile, at + 1)) {
    const size_t start = at + kFile.size();
    const size_t end = text.find(kLine, start);
    if (end == std::string_view::npos || end - start > 512) continue;
    size_t digits = end + kLine.size();
    size_t stop = digits;
    while (stop < text.size() && std::isdigit(static_cast<unsigned char>(text[stop])) != 0) ++stop;
    const auto line = base::parse_int(text.substr(digits, stop - digits));
    if (line && *line > 0 && *line < 100'000'000)
      add_place(question, {std::string(text.substr(start, end - start)), static_cast<int>(*line)});
  }
}

void read_quotes(Question& question, std::string_view text) {
  for (const char quote : {'`', '"', '\''}) {
    for (size_t at = 0; (at = text.find(quote, at)) != std::string_view::npos;) {
      const size_t end = text.find_first_of(std::string{quote, '\n'}, at + 1);
      if (end == std::string_view::npos) break;
      // An apostrophe inside a word ("don't") opens nothing.
      const bool opens = quote != '\'' || at == 0 || !is_word(text[at - 1]);
      const std::string_view inner = text.substr(at + 1, end - at - 1);
      const bool whole = text[end] == quote && opens && inner.size() >= 3 && inner.size() <= 200;
      if (whole && !looks_like_path(split_place(inner).path)) {
        const std::string_view name = inner.ends_with("()") ? inner.substr(0, inner.size() - 2) : inner;
        add_text(is_name(name) ? question.identifiers : question.quotes, name);
      }
      at = whole ? end + 1 : at + 1;
    }
  }
}

// A pasted block of code says what is being looked at, but the words around it say what is asked.
std::string without_fences(std::string_view text) {
  std::string out;
  bool fenced = false;
  for (const std::string_view line : base::split(text, '\n')) {
    if (base::trim(line).starts_with("```")) {
      fenced = !fenced;
    } else if (!fenced) {
      out.append(line).push_back('\n');
    }
  }
  return base::trim(out).empty() ? std::string(text) : out;
}

}  // namespace

Question read_question(std::string_view text) {
  text = text.substr(0, kMaxText);
  Question question;
  question.text = without_fences(text);
  read_python_frames(question, text);
  read_quotes(question, text);
  size_t at = 0;
  while (at < text.size()) {
    const size_t start = text.find_first_not_of(" \t\r\n", at);
    if (start == std::string_view::npos) break;
    const size_t end = std::min(text.find_first_of(" \t\r\n", start), text.size());
    read_token(question, text.substr(start, end - start));
    at = end;
  }
  return question;
}

}  // namespace promethean::context
