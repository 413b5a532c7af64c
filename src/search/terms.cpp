#include "search/terms.h"

#include <array>
#include <cstdint>

namespace promethean::search {
namespace {

enum CharClass : uint8_t { kOther, kLower, kUpper, kDigit, kUnderscore };

constexpr std::array<CharClass, 256> make_classes() {
  std::array<CharClass, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[c] = c >= 'a' && c <= 'z'   ? kLower
               : c >= 'A' && c <= 'Z' ? kUpper
               : c >= '0' && c <= '9' ? kDigit
               : c == '_'             ? kUnderscore
               : c >= 0x80            ? kLower
                                      : kOther;
  }
  return table;
}
constexpr std::array<CharClass, 256> kClasses = make_classes();

CharClass char_class(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}

bool is_vowel(char c) {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

bool has_vowel(std::string_view text) {
  for (char c : text) {
    if (is_vowel(c)) return true;
  }
  return false;
}

// "matching" -> "match", "mapping" -> "map": what is left of a verb whose -ing or -ed was cut.
void undouble(std::string* word) {
  const size_t n = word->size();
  if (n < 4 || (*word)[n - 1] != (*word)[n - 2]) return;
  const char c = (*word)[n - 1];
  if (!is_vowel(c) && c != 'l' && c != 's' && c != 'z') word->pop_back();
}

void strip_plural(std::string* word) {
  if (word->size() < 4 || word->back() != 's') return;
  if (word->ends_with("ss") || word->ends_with("us") || word->ends_with("is")) return;
  if (word->ends_with("ies") && word->size() > 4) {
    word->replace(word->size() - 3, 3, "y");
  } else if (word->ends_with("sses") || word->ends_with("xes") || word->ends_with("ches") || word->ends_with("shes")) {
    word->resize(word->size() - 2);
  } else {
    word->pop_back();
  }
}

void strip_verb_ending(std::string* word) {
  for (std::string_view ending : {"ing", "ed"}) {
    if (!word->ends_with(ending) || word->size() < ending.size() + 3) continue;
    const std::string_view rest(word->data(), word->size() - ending.size());
    if (!has_vowel(rest)) continue;
    word->resize(rest.size());
    undouble(word);
    if (word->size() == rest.size() && word->size() > 5 && word->ends_with("at")) word->resize(word->size() - 2);
    return;
  }
}

// Longest first; `keep` bytes at least must stay in front. What a noun, its verb and its doer share is left.
struct Suffix {
  std::string_view ending;
  size_t keep;
  std::string_view becomes;
};
constexpr auto kSuffixes = std::to_array<Suffix>({
    {"ization", 3, "iz"},
    {"isation", 3, "iz"},
    {"ation", 4, ""},
    {"ator", 4, ""},
    {"able", 4, ""},
    {"ate", 4, ""},
    {"tion", 3, "t"},
    {"sion", 3, "s"},
    {"tor", 3, "t"},
    {"er", 4, ""},
    {"at", 5, ""},
    {"e", 3, ""},
});

void strip_suffix(std::string* word) {
  for (const Suffix& suffix : kSuffixes) {
    if (!word->ends_with(suffix.ending) || word->size() < suffix.ending.size() + suffix.keep) continue;
    word->resize(word->size() - suffix.ending.size());
    word->append(suffix.becomes);
    return;
  }
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// A border lies before `at`: a change of class, save "Xx" (a capitalised word) and "XX" followed by more capitals.
bool is_border(std::string_view word, size_t at) {
  const CharClass before = char_class(word[at - 1]);
  const CharClass here = char_class(word[at]);
  if (before == kUpper && here == kUpper) {
    return at + 1 < word.size() && char_class(word[at + 1]) == kLower &&
           !(at + 2 == word.size() && word[at + 1] == 's');
  }
  if (before == kUpper && here == kLower) return false;
  return before != here;
}

}  // namespace

bool is_word_byte(char c) {
  return char_class(c) != kOther;
}

std::string_view next_word(std::string_view text, size_t* position) {
  size_t i = *position;
  while (i < text.size() && !is_word_byte(text[i])) ++i;
  const size_t begin = i;
  while (i < text.size() && is_word_byte(text[i])) ++i;
  *position = i;
  return text.substr(begin, i - begin);
}

void split_identifier(std::string_view word, std::vector<std::string_view>* parts) {
  size_t begin = 0;
  for (size_t i = 0; i <= word.size(); ++i) {
    const bool gap = i < word.size() && char_class(word[i]) == kUnderscore;
    const bool border = i == word.size() || gap || (i > begin && is_border(word, i));
    if (!border) continue;
    if (i > begin) parts->push_back(word.substr(begin, i - begin));
    begin = gap ? i + 1 : i;
  }
}

std::string stem(std::string_view word) {
  std::string out = lower(word);
  if (out.size() < 4) return out;
  strip_plural(&out);
  strip_verb_ending(&out);
  strip_suffix(&out);
  return out;
}

void identifier_terms(std::string_view word, std::vector<std::string>* terms) {
  if (word.size() < 2 || word.size() > kMaxTermBytes) return;
  std::vector<std::string_view> parts;
  split_identifier(word, &parts);
  for (std::string_view part : parts) {
    if (part.size() > 1) terms->push_back(stem(part));
  }
  if (parts.size() > 1) terms->push_back(lower(word));
}

std::vector<std::string> text_terms(std::string_view text) {
  std::vector<std::string> terms;
  size_t position = 0;
  while (true) {
    const std::string_view word = next_word(text, &position);
    if (word.empty()) return terms;
    identifier_terms(word, &terms);
  }
}

}  // namespace promethean::search
