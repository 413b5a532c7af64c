#include "search/newlines.h"

#include <algorithm>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace promethean::search {

#ifdef __x86_64__
namespace {

__attribute__((target("avx2,popcnt"))) uint64_t count_newlines_avx2(std::string_view text) {
  const __m256i newline = _mm256_set1_epi8('\n');
  uint64_t count = 0;
  size_t at = 0;
  for (; at + 32 <= text.size(); at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    const auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, newline)));
    count += static_cast<uint64_t>(_mm_popcnt_u32(mask));
  }
  for (; at < text.size(); ++at) count += text[at] == '\n' ? 1 : 0;
  return count;
}

}  // namespace
#endif

uint64_t count_newlines(std::string_view text) {
#ifdef __x86_64__
  static const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  if (wide) return count_newlines_avx2(text);
#endif
  return static_cast<uint64_t>(std::ranges::count(text, '\n'));
}

}  // namespace promethean::search
