// Breaker: keeps requests from a backend that has just failed several times in a row, so that clients hear at once
// that it is away, and it is left in peace while it comes back. After a pause one request may try; if that fails, too,
// the pause doubles.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace promethean::llm {

// Threads: any. Times are given, so that tests need not wait.
class Breaker {
 public:
  static constexpr int kFailures = 5;
  static constexpr std::chrono::seconds kFirstPause{5};
  static constexpr std::chrono::seconds kLongestPause{60};

  // kUnavailable with the time that is left of the pause. Whoever is let through tells how it went.
  base::Result<void> admit(const std::string& label, base::SteadyTime now);
  void succeeded();
  void failed(base::SteadyTime now);
  void gave_up();  // neither: the caller left before the backend had answered

 private:
  std::mutex mutex_;
  int failures_ = 0;  // in a row
  std::chrono::seconds pause_ = kFirstPause;
  base::SteadyTime until_{};
  bool trying_ = false;  // the one request after the pause is on its way
};

}  // namespace promethean::llm
