#include "search/grep_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace promethean::search {

namespace {

// Bytes of source code from frequent to rare; what is not listed is rarer.
constexpr std::string_view kFrequent =
    " etnisraoldcpufm_gh,b\n.0)(-v*;T1/xSywE2k=CIARPNDL>:\"MFO3U48B65q79Gj{}[]&<VHzKW+'XY#!|J%ZQ\\\t@$?~^`";

size_t rarity(char c) {
  const size_t at = kFrequent.find(c);
  return at == std::string_view::npos ? kFrequent.size() : at;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// The place of the rarest byte, but for `other`.
size_t rarest(std::string_view text, size_t other) {
  size_t best = other == 0 && text.size() > 1 ? 1 : 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i != other && rarity(text[i]) > rarity(text[best])) best = i;
  }
  return best;
}

}  // namespace

LiteralFinder::LiteralFinder(std::vector<std::string> literals, bool ignore_case) : ignore_case_(ignore_case) {
  for (std::string& text : literals) {
    Literal literal{.text = std::move(text)};
    literal.first = rarest(literal.text, LiteralFinder::kNone);
    literal.second = literal.text.size() == 1 ? literal.first : rarest(literal.text, literal.first);
    if (ignore_case && is_lower(literal.text[literal.first])) literal.fold_first = 0x20;
    if (ignore_case && is_lower(literal.text[literal.second])) literal.fold_second = 0x20;
    reach_ = std::max({reach_, literal.first, literal.second});
    literals_.push_back(std::move(literal));
  }
}

bool LiteralFinder::is_at(const Literal& literal, std::string_view text, size_t at) const {
  if (literal.text.size() > text.size() - at) return false;
  const std::string_view here = text.substr(at, literal.text.size());
  if (!ignore_case_) return std::memcmp(here.data(), literal.text.data(), here.size()) == 0;
  return std::ranges::equal(here, literal.text, {}, lower);
}

bool LiteralFinder::any_at(std::string_view text, size_t at) const {
  return std::ranges::any_of(literals_, [&](const Literal& literal) { return is_at(literal, text, at); });
}

size_t LiteralFinder::find(std::string_view text, size_t from) const {
  if (const size_t found = find_wide(text, &from); found != kNone) return found;
  for (; from < text.size(); ++from) {
    if (any_at(text, from)) return from;
  }
  return kNone;
}

// Sixteen places at a time while all bytes they need lie in the text; moves `from` to where it stopped.
#ifdef __SSE2__
size_t LiteralFinder::find_wide(std::string_view text, size_t* from) const {
  constexpr size_t kWide = 16;
  const auto equal_bytes = [](const char* at, char byte, unsigned char fold) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(static_cast<char>(fold))), _mm_set1_epi8(byte));
  };
  size_t at = *from;
  for (; at + reach_ + kWide <= text.size(); at += kWide) {
    __m128i hits = _mm_setzero_si128();
    for (const Literal& literal : literals_) {
      const char* begin = text.data() + at;
      const __m128i first = equal_bytes(begin + literal.first, literal.text[literal.first], literal.fold_first);
      const __m128i second = equal_bytes(begin + literal.second, literal.text[literal.second], literal.fold_second);
      hits = _mm_or_si128(hits, _mm_and_si128(first, second));
    }
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0; mask &= mask - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(mask));
      if (any_at(text, place)) return place;
    }
  }
  *from = at;
  return kNone;
}
#else
size_t LiteralFinder::find_wide(std::string_view, size_t*) const {
  return kNone;
}
#endif

}  // namespace promethean::search
