#include "llm/breaker.h"

#include <algorithm>

namespace promethean::llm {

base::Result<void> Breaker::admit(const std::string& label, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (failures_ < kFailures) return {};
  if (now >= until_ && !trying_) {
    trying_ = true;
    return {};
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max(until_, now) - now);
  return base::fail(base::Error(base::Code::kUnavailable,
                                "model " + label + " has failed several times in a row and is left alone for a while",
                                "try again shortly; its own message is in the log")
                        .with_retry_after(left));
}

void Breaker::succeeded() {
  const std::lock_guard lock(mutex_);
  failures_ = 0;
  pause_ = kFirstPause;
  trying_ = false;
}

void Breaker::failed(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (++failures_ < kFailures) return;
  if (trying_) pause_ = std::min(pause_ * 2, kLongestPause);
  trying_ = false;
  until_ = now + pause_;
}

void Breaker::gave_up() {
  const std::lock_guard lock(mutex_);
  trying_ = false;
}

}  // namespace promethean::llm
