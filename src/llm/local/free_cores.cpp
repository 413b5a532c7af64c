#include "llm/local/free_cores.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/fd.h"
#include "base/strings.h"

namespace promethean::llm::local {

namespace {

// Others may use this much of a processor before it counts as taken: the server that reads our tokens is one of them.
constexpr double kTolerated = 0.25;

// A sample older than this says nothing about now.
constexpr std::chrono::seconds kStale{2};

double own_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

int64_t number_after(std::string_view line) {
  return base::parse_int(base::trim(line.substr(line.find(' ')))).value_or(0);
}

// "cpu  user nice system idle iowait irq softirq steal guest guest_nice", in ticks (proc(5)); guest is part of user.
double busy_seconds(std::string_view line) {
  static const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  double busy = 0;
  int column = 0;
  for (const std::string_view field : base::split(line.substr(4), ' ')) {
    if (field.empty()) continue;
    const bool idle = column == 3 || column == 4;
    if (!idle && column < 8) busy += static_cast<double>(base::parse_int(field).value_or(0));
    ++column;
  }
  return busy / ticks;
}

}  // namespace

FreeCores::FreeCores(int limit, Read read) : limit_(std::max(limit, 1)), read_(std::move(read)), threads_(limit_) {
  last_ = read_();
}

int FreeCores::begin(int own_running) {
  const auto sample = read_();
  if (!sample) return threads_ = limit_;
  if (last_ && sample->when - last_->when <= kStale) return now();
  return take(*sample, std::max(0, sample->running - own_running));
}

int FreeCores::now() {
  if (last_ && base::steady_now() - last_->when < kWindow) return threads_;
  const auto sample = read_();
  if (!sample || !last_) return threads_;
  const double seconds = std::chrono::duration<double>(sample->when - last_->when).count();
  if (seconds <= 0) return threads_;
  const double own = sample->own_seconds - last_->own_seconds;
  const double all = sample->machine_seconds - last_->machine_seconds;
  return take(*sample, std::max(0.0, all - own) / seconds);
}

int FreeCores::take(const CpuSample& sample, double used_by_others) {
  last_ = sample;
  const double free = sample.processors - used_by_others;
  threads_ = std::clamp(static_cast<int>(std::floor(free + kTolerated)), 1, limit_);
  return threads_;
}

std::optional<CpuSample> FreeCores::read_kernel() {
  const auto text = base::read_file("/proc/stat", 4 << 20);
  if (!text) return std::nullopt;
  CpuSample sample;
  sample.when = base::steady_now();
  sample.own_seconds = own_cpu_seconds();
  sample.processors = 0;
  for (const std::string_view line : base::split(*text, '\n')) {
    if (line.starts_with("cpu ")) {
      sample.machine_seconds = busy_seconds(line);
    } else if (line.starts_with("cpu")) {
      ++sample.processors;
    } else if (line.starts_with("procs_running ")) {
      sample.running = static_cast<int>(number_after(line));
    }
  }
  if (sample.processors == 0) return std::nullopt;
  return sample;
}

}  // namespace promethean::llm::local
