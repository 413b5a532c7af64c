// Runtime: one event loop and one thread per core. A connection, its tasks and its contexts live and die on one core;
// cores talk by post(). Blocking work goes to the BlockingPool (pool.h).
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/log.h"

namespace promethean::async {

// Starts a task on its core. `name` is a literal. A task that throws is logged and ends; it never takes the process
// down.
void spawn(Executor core, const base::Log& log, std::string_view name, Task<void> task);

class Runtime {
 public:
  // `cores` event loops; 0 means one per processor this process may use.
  Runtime(int cores, base::Log log);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();  // stop() must have been called if run() was

  int size() const { return static_cast<int>(loops_.size()); }
  Executor core(int index) { return loops_[static_cast<size_t>(index)]->get_executor(); }

  // Runs core 0 on the calling thread and the others on their own; returns after stop().
  void run();
  void stop();  // any thread; tasks that still wait are destroyed with the Runtime

  // Calls `on_signal` on core 0 for SIGINT and SIGTERM, each time one arrives.
  void handle_signals(std::function<void(int signal)> on_signal);

 private:
  struct Signals;
  base::Log log_;
  std::vector<std::unique_ptr<asio::io_context>> loops_;
  std::unique_ptr<Signals> signals_;
};

// The number of processors in this process's affinity mask and cgroup quota, at least 1.
int available_cores();

}  // namespace promethean::async
