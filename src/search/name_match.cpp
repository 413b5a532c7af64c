#include "search/name_match.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>

#include "search/lexical.h"
#include "search/terms.h"

namespace promethean::search {

namespace {

constexpr size_t kLongestFuzzy = 64;  // bytes of a query or a name; longer ones are compared exactly only

// How many slips a word of this length may have.
int allowed_edits(size_t size) {
  return size < 4 ? 0 : size < 8 ? 1 : 2;
}

// Letters put in, left out, changed or swapped with a neighbour; more than `most` gives most + 1.
int edit_distance(std::string_view a, std::string_view b, int most) {
  if (a.size() > kLongestFuzzy || b.size() > kLongestFuzzy) return most + 1;
  const auto difference = static_cast<int>(a.size()) - static_cast<int>(b.size());
  if (difference > most || -difference > most) return most + 1;
  std::array<std::array<int, kLongestFuzzy + 1>, 3> rows{};  // of the last two letters of a and this one
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = static_cast<int>(i);
    int least = row[0];
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > most) return most + 1;
  }
  return rows[a.size() % 3][b.size()];
}

std::vector<std::string> name_words(std::string_view name) {
  std::vector<std::string> words;
  size_t position = 0;
  for (std::string_view run = next_word(name, &position); !run.empty(); run = next_word(name, &position)) {
    std::vector<std::string_view> parts;
    split_identifier(run, &parts);
    for (const std::string_view part : parts) words.push_back(fold_name(part));
  }
  return words;
}

bool starts_word(std::string_view name, size_t at) {
  if (at == 0 || !is_word_byte(name[at - 1]) || name[at - 1] == '_') return true;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (is_digit(name[at]) != is_digit(name[at - 1])) return true;
  const bool lower_next = at + 1 < name.size() && name[at + 1] >= 'a' && name[at + 1] <= 'z';
  return is_upper(name[at]) && (!is_upper(name[at - 1]) || lower_next);
}

double part_of(size_t part, size_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<size_t>(whole, 1));
}

}  // namespace

NameMatcher::NameMatcher(std::string_view query, NameMatch loosest)
    : query_(query),
      folded_(fold_name(query)),
      words_(name_words(query)),
      loosest_(loosest),
      letters_(name_letters(folded_)),
      edits_(allowed_edits(folded_.size())) {}

bool NameMatcher::may_match(uint32_t letters, size_t size) const {
  const int missing = std::popcount(letters_ & ~letters);
  if (loosest_ < NameMatch::kFuzzy) return missing == 0 && size >= folded_.size();
  return missing <= 2 && size + 2 >= folded_.size();
}

std::optional<NameScore> NameMatcher::match(std::string_view name) const {
  if (name == query_) return NameScore{NameMatch::kExact, 1};
  const std::string folded = fold_name(name);
  if (folded == folded_) return NameScore{NameMatch::kExact, 0.96};
  if (loosest_ == NameMatch::kExact || folded_.empty()) return std::nullopt;
  const double length = part_of(folded_.size(), folded.size());
  if (folded.starts_with(folded_)) return NameScore{NameMatch::kPrefix, 0.7 + 0.12 * length};
  if (loosest_ == NameMatch::kPrefix) return std::nullopt;
  bool inside = false;
  for (size_t at = folded.find(folded_); at != std::string::npos; at = folded.find(folded_, at + 1)) {
    if (starts_word(name, at)) return NameScore{NameMatch::kSubstring, 0.5 + 0.14 * length};
    inside = true;
  }
  if (inside) return NameScore{NameMatch::kSubstring, 0.38 + 0.1 * length};
  if (loosest_ == NameMatch::kSubstring) return std::nullopt;
  if (const auto score = fuzzy(name, folded)) return NameScore{NameMatch::kFuzzy, *score};
  return std::nullopt;
}

std::optional<double> NameMatcher::fuzzy(std::string_view name, std::string_view folded) const {
  if (folded.size() > kLongestFuzzy || folded_.size() > kLongestFuzzy) return std::nullopt;
  if (const int away = edit_distance(folded_, folded, edits_); away <= edits_) return 0.42 - 0.08 * away;
  const auto words = by_words(name), letters = by_letters(name, folded);
  if (!words && !letters) return std::nullopt;
  return std::max(words.value_or(0), letters.value_or(0));
}

// Each word of the query is the beginning of a word of the name, or a slip away from one, in order: parseReq fits
// parse_http_request.
std::optional<double> NameMatcher::by_words(std::string_view name) const {
  if (words_.empty()) return std::nullopt;
  const auto words = name_words(name);
  size_t next = 0, matched = 0;
  int slips = 0;
  for (const std::string& wanted : words_) {
    int found = -1;
    for (; next < words.size() && found < 0; ++next) {
      const std::string& word = words[next];
      const int edits = allowed_edits(wanted.size());
      const int away = word.starts_with(wanted) ? 0 : edits == 0 ? 1 : edit_distance(wanted, word, edits);
      if (away <= edits) found = away, matched += word.size();
    }
    if (found < 0) return std::nullopt;
    slips += found;
  }
  return std::max(0.05, 0.14 + 0.2 * part_of(matched, name.size()) - 0.05 * slips);
}

// The letters of the query in order, beginning with a word of the name, most of them at starts of words or one after
// the other: hreq fits handleRequest.
std::optional<double> NameMatcher::by_letters(std::string_view name, std::string_view folded) const {
  if (folded_.size() < 2) return std::nullopt;
  size_t at = 0, good = 0;
  for (size_t i = 0; i < folded_.size(); ++i) {
    // The start of a word is preferred to the next letter that fits, unless letters would be lacking then.
    size_t found = folded.find(folded_[i], at);
    const bool follows = i > 0 && found == at;
    for (size_t k = found; !follows && k < folded.size(); k = folded.find(folded_[i], k + 1)) {
      if (starts_word(name, k)) {
        size_t rest = k + 1;
        for (size_t j = i + 1; j < folded_.size() && rest != std::string::npos; ++j) {
          const size_t there = folded.find(folded_[j], rest);
          rest = there == std::string::npos ? there : there + 1;
        }
        if (rest != std::string::npos) found = k;
        break;
      }
    }
    if (found == std::string::npos || (i == 0 && !starts_word(name, found))) return std::nullopt;
    good += follows || starts_word(name, found) ? 1 : 0;
    at = found + 1;
  }
  const double firm = part_of(good, folded_.size());
  if (firm < 0.6) return std::nullopt;
  return 0.04 + 0.26 * firm * part_of(folded_.size(), folded.size());
}

}  // namespace promethean::search
