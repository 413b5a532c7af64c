// ChildProcess: a program of ours that runs beside the server and cannot take it down, nor outlive it.
//
// Started as async/process.h says, with a short environment (PATH, LANG, TMPDIR and the sanitizers' options: no
// secrets). What it writes to standard output or standard error arrives as lines. Threads: one core.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/error.h"

namespace promethean::llm::local {

class ChildProcess {
 public:
  struct Events {
    std::function<void(std::string_view line)> on_line;  // without its line feed; longer than 4 KiB: in pieces
    std::function<void(std::string how)> on_exit;  // "exit status 1", "killed by signal 9"; once, after the last line
  };

  // Starts `argv[0]` with `argv`. kNotFound / kPermissionDenied for the program, kUnavailable when the machine has no
  // process or descriptor left. `events` run on `core`.
  static base::Result<std::unique_ptr<ChildProcess>> start(async::Executor core, std::vector<std::string> argv,
                                                           Events events);

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();  // kills a child that still runs, and takes its exit status; no event comes after

  int pid() const;
  void signal(int number);  // does nothing once the child has exited

 private:
  struct Impl;
  explicit ChildProcess(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace promethean::llm::local
