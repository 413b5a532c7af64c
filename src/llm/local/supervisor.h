// Supervisor: keeps the model's child process running while it is needed.
//
//   Supervisor worker(core, client, log, {.model_path = model, .socket_path = dir + "/worker.sock"});
//   auto url = co_await worker.acquire(ctx);   // "unix:/run/promethean/worker.sock:", on any core; starts it if need
//   be
//
// A child that crashes is started again after a back-off that doubles with every failure and is forgotten after a
// healthy while. A child that nobody used for `idle_unload` is asked to leave and started again on demand. The child
// serves on a Unix socket in a directory of ours; nothing secret is on its command line or in its environment.
//
// Threads: acquire(), touch() and status() from any core; the rest happens on the supervisor's own core.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/context.h"
#include "base/log.h"
#include "http/client.h"

namespace promethean::llm::local {

struct SupervisorOptions {
  std::string model_path;
  std::string socket_path;  // at most 107 bytes; its directory exists and is ours alone
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments;               // empty: {"worker", "--model", model_path, "--socket", socket_path}
  std::chrono::milliseconds start_timeout{60'000};  // from start to healthy
  std::chrono::milliseconds first_backoff{200};
  std::chrono::milliseconds longest_backoff{30'000};
  std::chrono::milliseconds healthy_after{30'000};  // a child that lived this long has no failures behind it
  std::chrono::milliseconds idle_unload{600'000};   // 0: never
  std::chrono::milliseconds stop_grace{5'000};      // from SIGTERM to SIGKILL
};

class Supervisor {
 public:
  enum class State {
    kUnloaded,  // not running because nobody needs it
    kStarting,
    kReady,
    kBackingOff,  // failed; waits before the next start
    kStopping,
  };
  struct Status {
    State state = State::kUnloaded;
    int pid = 0;  // 0: no child
    int starts = 0;
    int restarts = 0;  // starts after a failure
    int failures_in_a_row = 0;
    std::string last_failure;  // how the last child failed, with its last line; empty: never
  };

  // `client` outlives the supervisor. Call stop() before the runtime ends.
  Supervisor(async::Executor core, http::Client& client, base::Log log, SupervisorOptions options);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  // On its core, or once the runtime has stopped running; before the runtime is destroyed. Kills a child that still
  // runs.
  ~Supervisor();

  // The base URL of the healthy child. Waits while it starts. kNotFound when the model file is missing, kUnavailable
  // when the child keeps failing (with the reason) or the server shuts down, else the context's error.
  async::Task<base::Result<std::string>> acquire(async::Context& ctx);

  void touch();  // it is in use: puts off unloading
  Status status() const;

  // Lets a running answer end for `stop_grace`, then kills. Awaited on the supervisor's core; nothing starts
  // afterwards.
  async::Task<void> stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

std::string_view state_name(Supervisor::State state);  // "ready", for /health, doctor and metrics

}  // namespace promethean::llm::local
