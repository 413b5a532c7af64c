// From an event and its fields to one line. No line break, control character or secret of a value gets through.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace promethean::base {

struct LogStyle {
  bool json = false;
  bool colour = false;
  LogTime time = LogTime::kIso;
};

// Order: time, level, event, the logger's own fields, the call's fields; of equal keys the call's counts.
std::string format_line(const LogStyle& style, WallTime now, LogLevel level, std::string_view event,
                        const LogFields& own, const LogFields& call);

}  // namespace promethean::base
