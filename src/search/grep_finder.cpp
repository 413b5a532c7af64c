#include "search/grep_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace promethean::search {

namespace {

constexpr size_t kWidest = 32;      // places looked at at once
constexpr size_t kMaxReach = 64;    // a literal's rare bytes are looked for in its beginning
constexpr size_t kFewLiterals = 3;  // for which comparing two bytes of each is quicker

// Bytes of source code from frequent to rare; what is not listed is rarer.
constexpr std::string_view kFrequent =
    " etnisraoldcpufm_gh,b\n.0)(-v*;T1/xSywE2k=CIARPNDL>:\"MFO3U48B65q79Gj{}[]&<VHzKW+'XY#!|J%ZQ\\\t@$?~^`";

size_t rarity(char c) {
  const size_t at = kFrequent.find(c);
  return at == std::string_view::npos ? kFrequent.size() : at;
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool is_ascii_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// The place of the rarest byte, but for `other`.
size_t rarest_byte(std::string_view text, size_t other) {
  text = text.substr(0, kMaxReach);
  size_t best = other == 0 && text.size() > 1 ? 1 : 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i != other && rarity(text[i]) > rarity(text[best])) best = i;
  }
  return best;
}

bool has_avx2() {
#ifdef __x86_64__
  static const bool known = __builtin_cpu_supports("avx2");
  return known;
#else
  return false;
#endif
}

}  // namespace

LiteralFinder::LiteralFinder(std::vector<GrepLiteral> literals) {
  size_t shortest = SIZE_MAX;
  for (GrepLiteral& given : literals) {
    Literal literal{.text = std::move(given.text), .fold = given.fold};
    literal.first = rarest_byte(literal.text, kNone);
    literal.second = literal.text.size() == 1 ? literal.first : rarest_byte(literal.text, literal.first);
    if (literal.fold && is_ascii_lower(literal.text[literal.first])) literal.fold_first = 0x20;
    if (literal.fold && is_ascii_lower(literal.text[literal.second])) literal.fold_second = 0x20;
    reach_ = std::max({reach_, literal.first, literal.second});
    shortest = std::min(shortest, literal.text.size());
    literals_.push_back(std::move(literal));
  }
  use_buckets_ = has_avx2() && literals_.size() > kFewLiterals && shortest >= 2;
  if (use_buckets_) fill_buckets();
}

void LiteralFinder::fill_buckets() {
  size_t shortest = SIZE_MAX;
  for (const Literal& literal : literals_) shortest = std::min(shortest, literal.text.size());
  reach_ = 2;
  for (size_t i = 0; i < literals_.size(); ++i) {
    const auto bucket = static_cast<unsigned char>(1U << (i % 8));
    members_[i % 8].push_back(static_cast<uint8_t>(i));
    for (size_t place = 0; place < 3; ++place) {
      const auto mark = [&](unsigned char byte) {
        buckets_.low[place][byte & 15] |= bucket;
        buckets_.high[place][byte >> 4] |= bucket;
      };
      if (place >= shortest) {  // anything may follow
        buckets_.low[place].fill(0xFF);
        buckets_.high[place].fill(0xFF);
        continue;
      }
      const char c = literals_[i].text[place];
      mark(static_cast<unsigned char>(c));
      if (literals_[i].fold && is_ascii_lower(c)) mark(static_cast<unsigned char>(c - 32));
    }
  }
}

bool LiteralFinder::is_at(size_t number, std::string_view text, size_t at) const {
  const Literal& literal = literals_[number];
  if (literal.text.size() > text.size() - at) return false;
  const std::string_view here = text.substr(at, literal.text.size());
  if (!literal.fold) return std::memcmp(here.data(), literal.text.data(), here.size()) == 0;
  return std::ranges::equal(here, literal.text, {}, ascii_lower);
}

// `buckets` are those that the place may belong to; all of them where there are none.
bool LiteralFinder::is_hit(const Scan& scan, size_t place, unsigned buckets) const {
  const size_t at = scan.shift + place;
  if (at >= scan.text.size()) return false;
  if (!use_buckets_) {
    for (size_t i = 0; i < literals_.size(); ++i) {
      if (is_at(i, scan.text, at)) return true;
    }
    return false;
  }
  for (; buckets != 0; buckets &= buckets - 1) {
    for (const uint8_t i : members_[static_cast<size_t>(std::countr_zero(buckets))]) {
      if (is_at(i, scan.text, at)) return true;
    }
  }
  return false;
}

// The end of the text is too short for the wide loops: it is copied in front of zeros.
size_t LiteralFinder::find(std::string_view text, size_t from) const {
  if (from >= text.size()) return kNone;
  if (const size_t found = scan_wide({text, text, 0}, &from); found != kNone || from >= text.size()) return found;
#ifdef __x86_64__
  std::array<char, 2 * (kMaxReach + kWidest)> padded{};
  const std::string_view rest = text.substr(from);
  std::memcpy(padded.data(), rest.data(), rest.size());
  const Scan tail{{padded.data(), rest.size() + reach_ + kWidest - 1}, text, from};
  size_t at = 0;
  return scan_wide(tail, &at);
#else
  for (; from < text.size(); ++from) {
    if (is_hit({text, text, 0}, from, 0xFF)) return from;
  }
  return kNone;
#endif
}

#ifdef __x86_64__

size_t LiteralFinder::scan_wide(const Scan& scan, size_t* from) const {
  if (use_buckets_) return scan_buckets_avx2(scan, from);
  return has_avx2() ? scan_pairs_avx2(scan, from) : scan_pairs_sse2(scan, from);
}

__attribute__((target("avx2"))) size_t LiteralFinder::scan_pairs_avx2(const Scan& scan, size_t* from) const {
  constexpr size_t kWide = 32;
  struct Pair {
    __m256i first, second, fold_first, fold_second;
    size_t at_first, at_second;
  };
  std::array<Pair, 32> pairs;
  const size_t count = std::min(literals_.size(), pairs.size());
  for (size_t i = 0; i < count; ++i) {
    const Literal& literal = literals_[i];
    pairs[i] = {_mm256_set1_epi8(literal.text[literal.first]),
                _mm256_set1_epi8(literal.text[literal.second]),
                _mm256_set1_epi8(static_cast<char>(literal.fold_first)),
                _mm256_set1_epi8(static_cast<char>(literal.fold_second)),
                literal.first,
                literal.second};
  }
  const char* const begin = scan.window.data();
  size_t at = *from;
  for (; at + reach_ + kWide <= scan.window.size(); at += kWide) {
    __m256i hits = _mm256_setzero_si256();
    for (size_t i = 0; i < count; ++i) {
      const Pair& pair = pairs[i];
      const auto* first = reinterpret_cast<const __m256i*>(begin + at + pair.at_first);
      const auto* second = reinterpret_cast<const __m256i*>(begin + at + pair.at_second);
      const __m256i a = _mm256_cmpeq_epi8(_mm256_or_si256(_mm256_loadu_si256(first), pair.fold_first), pair.first);
      const __m256i b = _mm256_cmpeq_epi8(_mm256_or_si256(_mm256_loadu_si256(second), pair.fold_second), pair.second);
      hits = _mm256_or_si256(hits, _mm256_and_si256(a, b));
    }
    for (auto mask = static_cast<unsigned>(_mm256_movemask_epi8(hits)); mask != 0; mask &= mask - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(mask));
      if (is_hit(scan, place, 0)) return scan.shift + place;
    }
  }
  *from = at;
  return kNone;
}

__attribute__((target("avx2"))) size_t LiteralFinder::scan_buckets_avx2(const Scan& scan, size_t* from) const {
  constexpr size_t kWide = 32;
  std::array<__m256i, 3> low, high;
  for (size_t i = 0; i < 3; ++i) {
    low[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(buckets_.low[i].data())));
    high[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(buckets_.high[i].data())));
  }
  const __m256i nibble = _mm256_set1_epi8(15);
  const char* const begin = scan.window.data();
  size_t at = *from;
  for (; at + reach_ + kWide <= scan.window.size(); at += kWide) {
    __m256i fits = _mm256_set1_epi8(-1);
    for (size_t i = 0; i < 3; ++i) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + at + i));
      const __m256i by_low = _mm256_shuffle_epi8(low[i], _mm256_and_si256(bytes, nibble));
      const __m256i by_high = _mm256_shuffle_epi8(high[i], _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
      fits = _mm256_and_si256(fits, _mm256_and_si256(by_low, by_high));
    }
    const __m256i none = _mm256_cmpeq_epi8(fits, _mm256_setzero_si256());
    auto mask = ~static_cast<unsigned>(_mm256_movemask_epi8(none));
    if (mask == 0) continue;
    alignas(32) std::array<unsigned char, kWide> buckets;
    _mm256_store_si256(reinterpret_cast<__m256i*>(buckets.data()), fits);
    for (; mask != 0; mask &= mask - 1) {
      const auto offset = static_cast<size_t>(std::countr_zero(mask));
      if (is_hit(scan, at + offset, buckets[offset])) return scan.shift + at + offset;
    }
  }
  *from = at;
  return kNone;
}

size_t LiteralFinder::scan_pairs_sse2(const Scan& scan, size_t* from) const {
  constexpr size_t kWide = 16;
  const auto equal_bytes = [](const char* at, char byte, unsigned char fold) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(static_cast<char>(fold))), _mm_set1_epi8(byte));
  };
  size_t at = *from;
  for (; at + reach_ + kWide <= scan.window.size(); at += kWide) {
    __m128i hits = _mm_setzero_si128();
    for (const Literal& literal : literals_) {
      const char* begin = scan.window.data() + at;
      const __m128i first = equal_bytes(begin + literal.first, literal.text[literal.first], literal.fold_first);
      const __m128i second = equal_bytes(begin + literal.second, literal.text[literal.second], literal.fold_second);
      hits = _mm_or_si128(hits, _mm_and_si128(first, second));
    }
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0; mask &= mask - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(mask));
      if (is_hit(scan, place, 0)) return scan.shift + place;
    }
  }
  *from = at;
  return kNone;
}

#else

size_t LiteralFinder::scan_wide(const Scan&, size_t*) const {
  return kNone;
}

#endif

}  // namespace promethean::search
