// FreeCores: how many threads an evaluation should use now.
//
// The threads of one evaluation wait for each other at every layer. Where another program takes one of the processors,
// two threads are ten times slower than one (measured: 3 tokens a second against 35). So what others use is measured
// from the kernel's counters, and only processors that are free are taken.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/clock.h"

namespace promethean::llm::local {

struct CpuSample {
  base::SteadyTime when;
  double machine_seconds = 0;  // processor time spent by everybody since boot
  double own_seconds = 0;      // by this process
  int running = 0;             // threads that run or want to, ours included
  int processors = 1;          // of the machine
};

class FreeCores {
 public:
  using Read = std::function<std::optional<CpuSample>()>;

  // `limit`: processors this process may use at most. `read` gives nullopt where /proc is not readable: then `limit` it
  // is.
  explicit FreeCores(int limit, Read read = read_kernel);

  // Before a generation: between 1 and the limit. `own_running`: threads of this process that are running now.
  int begin(int own_running = 1);

  // Before each token: looks again every kWindow, else repeats itself.
  int now();

  static constexpr std::chrono::milliseconds kWindow{250};
  static std::optional<CpuSample> read_kernel();

 private:
  int take(const CpuSample& sample, double used_by_others);

  int limit_;
  Read read_;
  std::optional<CpuSample> last_;
  int threads_;
};

}  // namespace promethean::llm::local
