#include "search/grep_finder.h"

#include <algorithm>
#include <cstring>

namespace promethean::search {

namespace {

// Bytes of source code from frequent to rare; what is not listed is rarer.
constexpr std::string_view kFrequent =
    " etnisraoldcpufm_gh,b\n.0)(-v*;T1/xSywE2k=CIARPNDL>:\"MFO3U48B65q79Gj{}[]&<VHzKW+'XY#!|J%ZQ\\\t@$?~^`";

size_t frequency_rank(char c) {
  const size_t at = kFrequent.find(c);
  return at == std::string_view::npos ? kFrequent.size() : at;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

bool equal_folded(std::string_view text, std::string_view lowered) {
  return std::equal(text.begin(), text.end(), lowered.begin(), [](char a, char b) { return lower(a) == b; });
}

const char* find_byte(std::string_view text, size_t from, char c) {
  if (from >= text.size()) return nullptr;
  return static_cast<const char*>(std::memchr(text.data() + from, c, text.size() - from));
}

}  // namespace

LiteralFinder::LiteralFinder(std::vector<std::string> literals, bool ignore_case) : ignore_case_(ignore_case) {
  for (std::string& text : literals) {
    Literal literal{std::move(text)};
    for (size_t i = 1; i < literal.text.size(); ++i) {
      if (frequency_rank(literal.text[i]) > frequency_rank(literal.text[literal.rare])) literal.rare = i;
    }
    literals_.push_back(std::move(literal));
  }
}

size_t LiteralFinder::find(const Literal& literal, std::string_view text, size_t from) const {
  if (ignore_case_) return find_folded(literal, text, from);
  if (from >= text.size()) return kNone;
  const void* at = ::memmem(text.data() + from, text.size() - from, literal.text.data(), literal.text.size());
  return at == nullptr ? kNone : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

// Goes from one occurrence of the rare byte, in either case, to the next.
size_t LiteralFinder::find_folded(const Literal& literal, std::string_view text, size_t from) const {
  const char small = literal.text[literal.rare], large = upper(small);
  size_t at = from + literal.rare;
  const char* next_small = find_byte(text, at, small);
  const char* next_large = large == small ? nullptr : find_byte(text, at, large);
  while (next_small != nullptr || next_large != nullptr) {
    const bool take_small = next_large == nullptr || (next_small != nullptr && next_small < next_large);
    at = static_cast<size_t>((take_small ? next_small : next_large) - text.data());
    const size_t begin = at - literal.rare;
    if (begin + literal.text.size() > text.size()) return kNone;
    if (equal_folded(text.substr(begin, literal.text.size()), literal.text)) return begin;
    (take_small ? next_small : next_large) = find_byte(text, at + 1, take_small ? small : large);
  }
  return kNone;
}

LiteralFinder::Walk::Walk(const LiteralFinder& finder, std::string_view text)
    : finder_(finder), text_(text), at_(finder.literals_.size()) {
  for (size_t i = 0; i < at_.size(); ++i) at_[i] = finder_.find(finder_.literals_[i], text_, 0);
}

size_t LiteralFinder::Walk::next(size_t from) {
  size_t first = kNone;
  for (size_t i = 0; i < at_.size(); ++i) {
    if (at_[i] != kNone && at_[i] < from) at_[i] = finder_.find(finder_.literals_[i], text_, from);
    first = std::min(first, at_[i]);
  }
  return first;
}

}  // namespace promethean::search
