#include "search/occurrences.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "search/lexical.h"
#include "search/terms.h"

namespace promethean::search {

namespace {

// The longest word of the text that the index has terms for; empty when there is none.
std::string_view indexed_word(std::string_view text) {
  std::string_view longest;
  size_t position = 0;
  for (std::string_view word = next_word(text, &position); !word.empty(); word = next_word(text, &position)) {
    const bool digits = word.front() >= '0' && word.front() <= '9';
    if (word.size() >= 2 && word.size() <= kMaxTermBytes && !digits && word.size() > longest.size()) longest = word;
  }
  return longest;
}

// A term that every text with this word has, or two of which it has one: as a whole and as a single part, which is
// what the word is in another case. Empty: no term is certain.
std::vector<std::string> certain_terms(std::string_view word, bool ignore_case) {
  std::vector<std::string> terms;
  identifier_terms(word, &terms);
  if (terms.empty()) return terms;
  if (ignore_case) return {fold_name(word), stem(word)};
  return {terms.back()};
}

// Files of a segment that may hold the word, rising.
std::vector<uint32_t> candidate_files(const Segment& segment, const std::vector<std::string>& terms) {
  std::vector<uint32_t> files;
  if (terms.empty()) {
    for (uint32_t i = 0; i < segment.file_count(); ++i) files.push_back(i);
    return files;
  }
  const LexicalIndex& index = segment.lexical();
  for (const std::string& term : terms) {
    const auto found = index.find_term(term);
    if (!found) continue;
    Posting posting;
    for (PostingReader reader(found->chunks, index.chunk_count()); reader.next(&posting);) {
      const uint32_t file = index.chunk(posting.id).file;
      if (files.empty() || files.back() != file) files.push_back(file);
    }
  }
  std::ranges::sort(files);
  const auto repeats = std::ranges::unique(files);
  files.erase(repeats.begin(), repeats.end());
  return files;
}

class WordFinder {
 public:
  WordFinder(std::string_view word, bool ignore_case)
      : word_(ignore_case ? fold_name(word) : std::string(word)), ignore_case_(ignore_case) {}

  std::vector<uint32_t> find(std::string_view text) const {
    std::vector<uint32_t> offsets;
    for (size_t at = next(text, 0); at < text.size(); at = next(text, at + 1)) {
      if (is_whole(text, at)) offsets.push_back(static_cast<uint32_t>(at));
    }
    return offsets;
  }

 private:
  size_t next(std::string_view text, size_t from) const {
    if (from + word_.size() > text.size()) return text.size();
    if (!ignore_case_) {
      const void* hit = ::memmem(text.data() + from, text.size() - from, word_.data(), word_.size());
      return hit == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(hit) - text.data());
    }
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
    const auto hit =
        std::search(text.begin() + static_cast<ptrdiff_t>(from), text.end(), word_.begin(), word_.end(), same);
    return static_cast<size_t>(hit - text.begin());
  }

  bool is_whole(std::string_view text, size_t at) const {
    const size_t end = at + word_.size();
    const bool before = at > 0 && is_word_byte(text[at - 1]) && is_word_byte(word_.front());
    const bool after = end < text.size() && is_word_byte(text[end]) && is_word_byte(word_.back());
    return !before && !after;
  }

  const std::string word_;
  const bool ignore_case_;
};

}  // namespace

std::vector<FileOccurrences> find_occurrences(const TreeState& state, std::string_view word, bool ignore_case,
                                              WantedFiles& wanted, const async::StopFlag& stop) {
  std::vector<FileOccurrences> found;
  if (word.empty()) return found;
  const WordFinder finder(word, ignore_case);
  const auto terms = certain_terms(indexed_word(word), ignore_case);
  for (uint32_t s = 0; s < state.segments().size(); ++s) {
    for (const uint32_t number : candidate_files(*state.segments()[s], terms)) {
      if (stop.stopped()) break;
      if (!wanted.accepts({s, number})) continue;
      auto offsets = finder.find(state.file({s, number}).text.text());
      if (!offsets.empty()) found.push_back({{s, number}, std::move(offsets)});
    }
  }
  std::ranges::sort(found, {}, [&state](const FileOccurrences& f) { return state.path(f.file); });
  return found;
}

}  // namespace promethean::search
