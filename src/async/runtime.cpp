#include "async/runtime.h"

#include <sched.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/strings.h"

namespace promethean::async {

void spawn(Executor core, const base::Log& log, std::string_view name, Task<void> task) {
  asio::co_spawn(core, std::move(task), [log, name](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log.error("task failed", {{"task", name}, {"what", e.what()}});
    } catch (...) {
      log.error("task failed", {{"task", name}, {"what", "not a std::exception"}});
    }
  });
}

struct Runtime::Signals {
  Signals(asio::io_context& loop, std::function<void(int)> handler)
      : set(loop, SIGINT, SIGTERM), on_signal(std::move(handler)) {}
  void wait() {
    set.async_wait([this](boost::system::error_code ec, int signal) {
      if (ec) return;
      on_signal(signal);
      wait();
    });
  }
  asio::basic_signal_set<Executor> set;
  std::function<void(int)> on_signal;
};

Runtime::Runtime(int cores, base::Log log) : log_(std::move(log)) {
  const int count = cores > 0 ? cores : available_cores();
  for (int i = 0; i < count; ++i) loops_.push_back(std::make_unique<asio::io_context>(1));
}

Runtime::~Runtime() = default;

void Runtime::run() {
  auto serve = [this](asio::io_context& loop) {
    const auto keep = asio::make_work_guard(loop);
    for (;;) {
      try {
        loop.run();
        return;
      } catch (const std::exception& e) {  // a handler threw: that is a defect, but not a reason to stop serving
        log_.error("event loop handler failed", {{"what", e.what()}});
      }
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < loops_.size(); ++i) threads.emplace_back([&, i] { serve(*loops_[i]); });
  serve(*loops_[0]);
  for (auto& thread : threads) thread.join();
}

void Runtime::stop() {
  for (auto& loop : loops_) loop->stop();
}

void Runtime::handle_signals(std::function<void(int)> on_signal) {
  signals_ = std::make_unique<Signals>(*loops_[0], std::move(on_signal));
  signals_->wait();
}

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  // cgroup v2: "max 100000" or "150000 100000" (quota and period in microseconds)
  if (const auto text = base::read_file("/sys/fs/cgroup/cpu.max", 256)) {
    const auto parts = base::split(base::trim(*text), ' ');
    const auto quota = base::parse_int(parts[0]);
    const auto period = parts.size() > 1 ? base::parse_int(parts[1]) : std::nullopt;
    if (quota && period && *period > 0)
      cores = std::min<int>(cores, static_cast<int>((*quota + *period - 1) / *period));
  }
  return std::max(cores, 1);
}

}  // namespace promethean::async
