// Programs that run beside us: started with nothing of ours, and run to their end with limits.
//
//   auto result = co_await async::run_process(ctx, {.argv = {"git", "status"}, .environment = env}, {.timeout = 20s});
//   result->exit_code, result->output.text
//
// A child gets an empty standard input, no descriptors of ours, the environment it is given and nothing else, default
// signals, and dies when this process dies (PR_SET_PDEATHSIG; it is tied to the thread that starts the child, so start
// on a thread that lives as long as the process).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/context.h"
#include "async/task.h"
#include "base/error.h"
#include "base/fd.h"

namespace promethean::async {

struct ProcessOptions {
  std::vector<std::string> argv;  // argv[0] without a slash is looked up in the PATH of `environment`
  std::vector<std::string> environment;
  int directory = -1;                            // an open directory to work in; -1: ours
  bool one_output = false;                       // standard error goes where standard output goes
  bool own_session = false;                      // a session and a process group of its own
  bool terminal = false;                         // output is a terminal; implies one_output and own_session
  std::vector<std::pair<int, uint64_t>> limits;  // RLIMIT_..., soft and hard
};

struct Process {
  pid_t pid = -1;
  base::UniqueFd pidfd;   // readable once it has exited
  base::UniqueFd output;  // what it writes; of a terminal: the master
  base::UniqueFd error;   // none with one_output
};

// kNotFound / kPermissionDenied for the program, kUnavailable when the machine has no process or descriptor left.
// Blocks for the time of a fork. The caller waits for the child (waitid).
base::Result<Process> start_process(const ProcessOptions& options);

// The last `max` bytes of what was written, and how many there were.
struct TailBuffer {
  explicit TailBuffer(size_t max_bytes = 2 << 20) : max(max_bytes) {}
  void add(std::string_view bytes);
  void finish();  // cuts to the tail

  size_t max;
  std::string text;
  uint64_t total = 0;
  bool truncated() const { return total > max; }
};

struct RunLimits {
  std::chrono::milliseconds timeout{600'000};
  std::chrono::milliseconds grace{2'000};  // between SIGTERM and SIGKILL
  size_t max_output = 2 << 20;             // bytes of each stream; the tail is kept
};

struct RunResult {
  std::optional<int> exit_code;  // none: it was killed by `signal`
  int signal = 0;
  bool timed_out = false;
  TailBuffer output, error;
  std::chrono::milliseconds took{0};
};

// Runs a process in a session of its own to its end. At the time-out its whole group gets SIGTERM and then SIGKILL;
// when `ctx` is done first, SIGKILL at once, and the error is the context's. What is left of the group when the process
// has ended is killed.
Task<base::Result<RunResult>> run_process(Context& ctx, ProcessOptions options, RunLimits limits);

// "SIGTERM", or "signal 99".
std::string signal_name(int number);

}  // namespace promethean::async
