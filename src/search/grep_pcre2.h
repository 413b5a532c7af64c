// PCRE2, compiled and matched: for patterns with look-around or back-references, and for what it knows of Unicode.
//
// It backtracks, so a match may take for ever: every search has a limit, and says when it ran into it. Threads: a
// Pcre2Code is immutable; a Pcre2Match belongs to one thread and refers to its code.
#pragma once

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"

namespace promethean::search {

class Pcre2Code {
 public:
  // `options` are PCRE2's. kInvalidArgument with PCRE2's words and the place.
  static base::Result<Pcre2Code> compile(std::string_view pattern, uint32_t options);

 private:
  friend class Pcre2Match;
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  };
  explicit Pcre2Code(pcre2_code* code) : code_(code) {}
  std::unique_ptr<pcre2_code, Free> code_;
};

struct Pcre2Limits {
  uint32_t match = 10'000'000;  // calls of the matcher in one search: about a tenth of a second
  uint32_t depth = 1'000'000;   // of nested backtracking, where there is no JIT
  uint32_t heap_kib = 64 << 10;
};

class Pcre2Match {
 public:
  enum class Outcome { kNone, kFound, kLimit };

  Pcre2Match(const Pcre2Code& code, const Pcre2Limits& limits);

  void set_match_limit(uint32_t limit) { pcre2_set_match_limit(context_.get(), limit); }
  // The first match at or after `from`; what is before it is seen by look-behind.
  Outcome find(std::string_view text, size_t from);
  size_t begin() const { return pcre2_get_ovector_pointer(data_.get())[0]; }
  size_t end() const { return pcre2_get_ovector_pointer(data_.get())[1]; }

 private:
  struct Free {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
    void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
  };
  const pcre2_code* code_;
  std::unique_ptr<pcre2_match_data, Free> data_;
  std::unique_ptr<pcre2_match_context, Free> context_;
  std::unique_ptr<pcre2_jit_stack, Free> stack_;
};

}  // namespace promethean::search
