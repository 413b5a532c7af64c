// Calls a ProgressFn at most ten times a second, with an estimate of the time that is left.
#pragma once

#include <chrono>
#include <mutex>

#include "base/clock.h"
#include "search/index.h"

namespace promethean::search {

class ProgressMeter {
 public:
  explicit ProgressMeter(const ProgressFn& report) : report_(report) {}

  // `stage` is a literal. A new stage and the end of one are always reported. Any thread.
  void show(std::string_view stage, uint64_t done, uint64_t total) {
    if (!report_) return;
    const std::lock_guard lock(mutex_);
    const auto now = base::steady_now();
    const bool new_stage = stage != stage_;
    if (new_stage) stage_ = stage, stage_begin_ = now;
    if (!new_stage && (total == 0 || done < total) && now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    Progress progress{.stage = stage, .done = done, .total = total};
    const double spent = std::chrono::duration<double>(now - stage_begin_).count();
    if (total > 0 && done > 0) {
      progress.eta_seconds = spent / static_cast<double>(done) * static_cast<double>(total - done);
    }
    report_(progress);
  }

 private:
  const ProgressFn& report_;
  std::mutex mutex_;
  std::string_view stage_;
  base::SteadyTime stage_begin_;
  base::SteadyTime shown_;
};

}  // namespace promethean::search
