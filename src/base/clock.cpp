#include "base/clock.h"

#include <fmt/chrono.h>

namespace promethean::base {

int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

int64_t unix_millis(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string iso8601(WallTime time) {
  const int64_t millis = unix_millis(time);
  const std::time_t seconds = unix_seconds(time);
  // Log lines ask for it again and again within one second.
  thread_local std::time_t known = -1;
  thread_local std::string begin;
  if (seconds != known) {
    begin = fmt::format("{:%Y-%m-%dT%H:%M:%S}.", fmt::gmtime(seconds));
    known = seconds;
  }
  return fmt::format("{}{:03}Z", begin, millis - int64_t{seconds} * 1'000);
}

}  // namespace promethean::base
