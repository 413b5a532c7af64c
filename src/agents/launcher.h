// Launcher: how a command that a client asked for becomes a process.
//
// The plain one starts it as this user, with an environment of its own and resource limits, in a session of its own:
// that bounds accidents, not malice. Threads: any core.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/process.h"
#include "base/fd.h"

namespace promethean::agents {

struct Command {
  std::vector<std::string> argv;
  int directory = -1;                    // an open directory, beneath the root
  std::vector<std::string> environment;  // NAME=value; joins what every command gets, and wins
  bool terminal = false;
  async::RunLimits limits;
};

class Launcher {
 public:
  virtual ~Launcher() = default;
  // To its end; errors as async::run_process.
  virtual async::Task<base::Result<async::RunResult>> run(async::Context& ctx, Command command) = 0;
};

// Every command gets PATH, HOME, LANG and TERM of this process, CI=1 and GIT_TERMINAL_PROMPT=0; nothing else of ours.
// Limits: no core dump, 4 GiB of memory a process, 4 GiB a file, 1,024 descriptors, the time-out as processor time.
std::unique_ptr<Launcher> make_plain_launcher();

}  // namespace promethean::agents
