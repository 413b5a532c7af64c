#include "search/grep_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace promethean::search {

namespace {

constexpr size_t kWidest = 64;      // places looked at in one step
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

// The place of the rarest byte, but for `other`. A letter that matches in both cases is as frequent as its lower case.
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

namespace {

// The two bytes of one literal, in every place of a register.
struct BytePair {
  __m256i first, second, fold_first, fold_second;
  const char* at_first;
  const char* at_second;
};

// Where both bytes of any pair fit, of the 32 places from `at` on.
template <size_t Count, bool Fold>
__attribute__((target("avx2"), always_inline)) inline __m256i fitting_places(const BytePair* pairs, size_t at) {
  __m256i fits = _mm256_setzero_si256();
  for (size_t i = 0; i < Count; ++i) {
    const BytePair& pair = pairs[i];
    __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pair.at_first + at));
    __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pair.at_second + at));
    if constexpr (Fold) first = _mm256_or_si256(first, pair.fold_first);
    if constexpr (Fold) second = _mm256_or_si256(second, pair.fold_second);
    const __m256i both = _mm256_and_si256(_mm256_cmpeq_epi8(first, pair.first), _mm256_cmpeq_epi8(second, pair.second));
    fits = Count == 1 ? both : _mm256_or_si256(fits, both);
  }
  return fits;
}

// The first of the steps of 64 places at or after `at`, below `end`, that has a fitting place; `end` when none has.
template <size_t Count, bool Fold>
__attribute__((target("avx2"))) size_t skip_unfitting(const BytePair* pairs, size_t at, size_t end, uint64_t* fits) {
  for (; at < end; at += 64) {
    const __m256i low = fitting_places<Count, Fold>(pairs, at);
    const __m256i high = fitting_places<Count, Fold>(pairs, at + 32);
    const __m256i any = _mm256_or_si256(low, high);
    if (_mm256_testz_si256(any, any) != 0) continue;
    *fits = static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
            static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
    return at;
  }
  return end;
}

using SkipUnfitting = size_t (*)(const BytePair*, size_t, size_t, uint64_t*);
constexpr SkipUnfitting kSkips[2][kFewLiterals] = {
    {skip_unfitting<1, false>, skip_unfitting<2, false>, skip_unfitting<3, false>},
    {skip_unfitting<1, true>, skip_unfitting<2, true>, skip_unfitting<3, true>}};

}  // namespace

// At most kFewLiterals at a time; there may be more of them only when one is a single byte.
__attribute__((target("avx2"))) size_t LiteralFinder::scan_pairs_avx2(const Scan& scan, size_t* from) const {
  constexpr size_t kStep = 64;
  if (literals_.size() > kFewLiterals || scan.window.size() < *from + reach_ + kStep)
    return scan_pairs_sse2(scan, from);
  BytePair pairs[kFewLiterals];
  bool fold = false;
  for (size_t i = 0; i < literals_.size(); ++i) {
    const Literal& literal = literals_[i];
    fold = fold || (literal.fold_first | literal.fold_second) != 0;
    pairs[i] = {_mm256_set1_epi8(literal.text[literal.first]),
                _mm256_set1_epi8(literal.text[literal.second]),
                _mm256_set1_epi8(static_cast<char>(literal.fold_first)),
                _mm256_set1_epi8(static_cast<char>(literal.fold_second)),
                scan.window.data() + literal.first,
                scan.window.data() + literal.second};
  }
  const SkipUnfitting skip = kSkips[fold ? 1 : 0][literals_.size() - 1];
  const size_t steps = (scan.window.size() - reach_ - *from) / kStep;
  const size_t end = *from + steps * kStep;
  uint64_t fits = 0;
  for (size_t at = skip(pairs, *from, end, &fits); at < end; at = skip(pairs, at + kStep, end, &fits)) {
    for (; fits != 0; fits &= fits - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(fits));
      if (is_hit(scan, place, 0)) return scan.shift + place;
    }
  }
  *from = end;
  return scan_pairs_sse2(scan, from);
}

namespace {

// The tables of a fingerprint of three bytes, in both halves of a register.
struct BucketTables {
  __m256i low[3], high[3];
};

// For each of the 32 places from `at` on: the buckets that it may belong to.
__attribute__((target("avx2"), always_inline)) inline __m256i fitting_buckets(const BucketTables& tables,
                                                                              const char* at) {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i fits = _mm256_set1_epi8(-1);
  for (size_t i = 0; i < 3; ++i) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + i));
    const __m256i by_low = _mm256_shuffle_epi8(tables.low[i], _mm256_and_si256(bytes, nibble));
    const __m256i by_high = _mm256_shuffle_epi8(tables.high[i], _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
    fits = _mm256_and_si256(fits, _mm256_and_si256(by_low, by_high));
  }
  return fits;
}

// The first of the steps of 64 places below `end` that has a fitting one, and its buckets; `end` when none has.
__attribute__((target("avx2"))) size_t skip_bucketless(const BucketTables& tables, const char* begin, size_t at,
                                                       size_t end, unsigned char* buckets, uint64_t* fits) {
  for (; at < end; at += 64) {
    const __m256i first = fitting_buckets(tables, begin + at);
    const __m256i second = fitting_buckets(tables, begin + at + 32);
    const __m256i any = _mm256_or_si256(first, second);
    if (_mm256_testz_si256(any, any) != 0) continue;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(buckets), first);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(buckets + 32), second);
    const __m256i zero = _mm256_setzero_si256();
    const auto low = ~static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(first, zero)));
    const auto high = ~static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(second, zero)));
    *fits = low | static_cast<uint64_t>(high) << 32;
    return at;
  }
  return end;
}

}  // namespace

__attribute__((target("avx2"))) size_t LiteralFinder::scan_buckets_avx2(const Scan& scan, size_t* from) const {
  constexpr size_t kStep = 64;
  BucketTables tables;
  for (size_t i = 0; i < 3; ++i) {
    const auto table = [](const auto& nibbles) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(nibbles.data()));
    };
    tables.low[i] = _mm256_broadcastsi128_si256(table(buckets_.low[i]));
    tables.high[i] = _mm256_broadcastsi128_si256(table(buckets_.high[i]));
  }
  if (scan.window.size() < *from + reach_ + kStep) return kNone;
  const size_t end = *from + (scan.window.size() - reach_ - *from) / kStep * kStep;
  const char* const begin = scan.window.data();
  unsigned char buckets[kStep];
  uint64_t fits = 0;
  for (size_t at = skip_bucketless(tables, begin, *from, end, buckets, &fits); at < end;
       at = skip_bucketless(tables, begin, at + kStep, end, buckets, &fits)) {
    for (; fits != 0; fits &= fits - 1) {
      const auto offset = static_cast<size_t>(std::countr_zero(fits));
      if (is_hit(scan, at + offset, buckets[offset])) return scan.shift + at + offset;
    }
  }
  *from = end;
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
