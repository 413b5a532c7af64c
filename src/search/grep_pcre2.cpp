#include "search/grep_pcre2.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"

namespace promethean::search {

namespace {

constexpr size_t kJitStackLeast = 32 << 10;
constexpr size_t kJitStackMost = 8 << 20;

PCRE2_SPTR bytes_for_pcre2(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
}

}  // namespace

base::Result<Pcre2Code> Pcre2Code::compile(std::string_view pattern, uint32_t options) {
  int error = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* code = pcre2_compile(bytes_for_pcre2(pattern), pattern.size(), options, &error, &place, nullptr);
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 256> words{};
    pcre2_get_error_message(error, words.data(), words.size());
    return base::fail(base::Code::kInvalidArgument, fmt::format("{} (PCRE2, at byte {} of the pattern)",
                                                                reinterpret_cast<const char*>(words.data()), place));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it cannot, the interpreter matches
  return Pcre2Code(code);
}

Pcre2Match::Pcre2Match(const Pcre2Code& code, const Pcre2Limits& limits)
    : code_(code.code_.get()),
      data_(pcre2_match_data_create(1, nullptr)),
      context_(pcre2_match_context_create(nullptr)),
      stack_(pcre2_jit_stack_create(kJitStackLeast, kJitStackMost, nullptr)) {
  CHECK(data_ != nullptr && context_ != nullptr);
  pcre2_set_match_limit(context_.get(), limits.match);
  pcre2_set_depth_limit(context_.get(), limits.depth);
  pcre2_set_heap_limit(context_.get(), limits.heap_kib);
  if (stack_ != nullptr) pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
}

Pcre2Match::Outcome Pcre2Match::find(std::string_view text, size_t from) {
  const int found = pcre2_match(code_, bytes_for_pcre2(text), text.size(), from, 0, data_.get(), context_.get());
  if (found >= 0) return begin() <= end() ? Outcome::kFound : Outcome::kNone;  // \K in a look-ahead may turn it round
  if (found == PCRE2_ERROR_NOMATCH) return Outcome::kNone;
  return Outcome::kLimit;
}

}  // namespace promethean::search
