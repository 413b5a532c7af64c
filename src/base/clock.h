// Time. Deadlines use the steady clock; what people read uses the wall clock in UTC.
#pragma once

#include <chrono>
#include <string>

namespace promethean::base {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

inline SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}
inline WallTime wall_now() {
  return std::chrono::system_clock::now();
}

std::string iso8601(WallTime time);  // "2026-11-25T00:17:21.123Z"
int64_t unix_seconds(WallTime time);
int64_t unix_millis(WallTime time);

}  // namespace promethean::base
