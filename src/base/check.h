// CHECK(condition) aborts with file, line and text when our own invariant is broken; never for input.
#pragma once

namespace promethean::base {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::promethean::base::check_failed(#condition, __FILE__, __LINE__))
