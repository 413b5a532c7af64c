#include "search/ranking_query.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "search/terms.h"

namespace promethean::search {
namespace {

// Words of questions and of English that say nothing about code. Sorted.
constexpr auto kStopWords = std::to_array<std::string_view>({"a",           "about",      "all",       "an",
                                                             "and",         "any",        "are",       "as",
                                                             "at",          "be",         "been",      "being",
                                                             "between",     "both",       "but",       "by",
                                                             "can",         "code",       "could",     "defined",
                                                             "did",         "do",         "does",      "done",
                                                             "during",      "each",       "etc",       "explain",
                                                             "file",        "files",      "find",      "for",
                                                             "from",        "function",   "get",       "gets",
                                                             "give",        "given",      "had",       "handle",
                                                             "handled",     "handles",    "handling",  "happen",
                                                             "happens",     "has",        "have",      "how",
                                                             "i",           "if",         "implement", "implementation",
                                                             "implemented", "implements", "in",        "into",
                                                             "is",          "it",         "its",       "live",
                                                             "lives",       "located",    "logic",     "me",
                                                             "my",          "not",        "of",        "on",
                                                             "one",         "or",         "our",       "out",
                                                             "over",        "perform",    "performed", "performs",
                                                             "place",       "please",     "show",      "so",
                                                             "some",        "such",       "tell",      "than",
                                                             "that",        "the",        "their",     "them",
                                                             "then",        "there",      "these",     "they",
                                                             "this",        "through",    "to",        "under",
                                                             "up",          "us",         "use",       "used",
                                                             "uses",        "using",      "via",       "was",
                                                             "we",          "were",       "what",      "when",
                                                             "where",       "which",      "while",     "who",
                                                             "why",         "will",       "with",      "within",
                                                             "without",     "work",       "works",     "would",
                                                             "you",         "your"});
static_assert(std::ranges::is_sorted(kStopWords));

constexpr auto kTestWords =
    std::to_array<std::string_view>({"spec", "specs", "test", "tested", "testing", "tests", "unittest"});
constexpr auto kDocWords = std::to_array<std::string_view>(
    {"changelog", "docs", "documentation", "documented", "guide", "license", "readme", "tutorial"});
constexpr auto kAsideWords =
    std::to_array<std::string_view>({"benchmark", "benchmarks", "compat", "compatibility", "demo", "deprecated",
                                     "example", "examples", "legacy", "sample"});

template <size_t N>
bool contains(const std::array<std::string_view, N>& sorted, std::string_view word) {
  return std::ranges::binary_search(sorted, word);
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// camelCase, PascalCase of several parts, snake_case, CONSTANT_CASE.
bool looks_like_code(std::string_view word) {
  bool inner_upper = false, lower = false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '_' && i > 0 && i + 1 < word.size()) return true;
    inner_upper |= i > 0 && is_upper(word[i]);
    lower |= is_lower(word[i]);
  }
  return inner_upper && lower;
}

// Splits "A::B.c" style paths at their separators; empty when `token` is no path of identifiers.
std::vector<std::string_view> path_parts(std::string_view token) {
  std::vector<std::string_view> parts;
  size_t at = 0;
  while (at < token.size()) {
    size_t end = at;
    while (end < token.size() && (is_word_byte(token[end]) || token[end] == '$')) ++end;
    if (end == at || (token[at] >= '0' && token[at] <= '9')) return {};
    parts.push_back(token.substr(at, end - at));
    if (end == token.size()) return parts;
    const std::string_view rest = token.substr(end);
    const size_t step = rest.starts_with("::") || rest.starts_with("->") ? 2
                        : rest.front() == '.' || rest.front() == '#'     ? 1
                                                                         : 0;
    if (step == 0 || end + step == token.size()) return {};
    at = end + step;
  }
  return parts;
}

// A token without the punctuation of prose around it, a call's "()" and quotes; `quoted` tells of back-ticks.
std::string_view strip(std::string_view token, bool* quoted) {
  const auto outer = [](char c) {
    return std::string_view("\"'`,;:!?()[]{}<>*").find(c) != std::string_view::npos || c == '.';
  };
  *quoted = token.size() > 2 && token.front() == '`';
  while (!token.empty() && outer(token.front())) token.remove_prefix(1);
  while (!token.empty() && outer(token.back())) {
    *quoted |= token.ends_with("()");
    token.remove_suffix(1);
  }
  return token;
}

void add_identifier(std::string_view token, bool quoted, bool sentence_start, bool alone, Query* query) {
  const auto parts = path_parts(token);
  if (parts.empty() || parts.back().size() < 2) return;
  const bool path = parts.size() > 1;
  const bool capital = is_upper(parts.back().front()) && !sentence_start;
  const bool sure = quoted || path || looks_like_code(parts.back());
  if (!sure && !capital && !alone && contains(kStopWords, base::to_lower(parts.back()))) return;
  QueryIdentifier identifier{std::string(parts.back()), path ? std::string(parts[parts.size() - 2]) : std::string(),
                             sure};
  query->identifiers.push_back(std::move(identifier));
}

void add_terms(std::string_view word, uint16_t position, Query* query) {
  std::vector<std::string> terms;
  identifier_terms(word, &terms);
  for (size_t i = 0; i < terms.size() && query->terms.size() < kMaxQueryTerms; ++i) {
    const bool known = std::ranges::any_of(query->terms, [&](const QueryTerm& t) { return t.text == terms[i]; });
    const bool compound = terms.size() > 1 && i + 1 == terms.size();
    if (!known) query->terms.push_back({std::move(terms[i]), compound, position});
  }
}

void read_words(std::string_view text, bool keep_stop_words, Query* query) {
  size_t position = 0;
  uint16_t number = 0;
  while (true) {
    const std::string_view word = next_word(text, &position);
    if (word.empty()) return;
    const std::string lower = base::to_lower(word);
    query->wants_tests |= contains(kTestWords, lower);
    query->wants_docs |= contains(kDocWords, lower);
    query->wants_aside |= contains(kAsideWords, lower);
    if (!keep_stop_words && contains(kStopWords, lower)) continue;
    add_terms(word, number++, query);
  }
}

}  // namespace

Query analyze(std::string_view text) {
  text = base::trim(text.substr(0, kMaxQueryBytes));
  Query query;
  const bool alone = text.find_first_of(" \t\r\n") == std::string_view::npos;
  size_t tokens = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find_first_of(" \t\r\n", at);
    if (end == std::string_view::npos) end = text.size();
    if (end > at) {
      bool quoted = false;
      const std::string_view token = strip(text.substr(at, end - at), &quoted);
      if (query.identifiers.size() < kMaxQueryTerms) add_identifier(token, quoted, tokens == 0, alone, &query);
      ++tokens;
    }
    at = end + 1;
  }
  query.bare = tokens == 1 && query.identifiers.size() == 1;

  read_words(text, query.bare, &query);
  if (query.terms.empty()) read_words(text, true, &query);
  return query;
}

}  // namespace promethean::search
