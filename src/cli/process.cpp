#include "cli/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strings.h"

extern char** environ;

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr size_t kMaxOutput = 16 << 10;

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const auto dir : base::split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    if (dir.empty()) continue;
    const std::string candidate = fmt::format("{}/{}", dir, name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

// Starts the program in a process group of its own, so that a killed probe leaves no children behind.
static base::Result<pid_t> start(const std::vector<std::string>& argv, int output) {
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(base::errno_error(error, argv[0]));
  return pid;
}

// Collects output until its end; false when the time is up first.
static bool collect(int fd, base::SteadyTime until, std::string& output) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - base::steady_now()).count();
    if (left <= 0) return false;
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    const int count = poll(&ready, 1, static_cast<int>(left));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    const size_t room = kMaxOutput - output.size();
    output.append(buffer, std::min(room, static_cast<size_t>(got)));
  }
}

base::Result<Finished> run_program(const std::vector<std::string>& argv, std::chrono::milliseconds within) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(base::errno_error(errno, "pipe"));
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  auto pid = start(argv, write_end.get());
  if (!pid) return fail(std::move(pid).error());
  write_end.reset();

  Finished finished;
  const bool ended = collect(read_end.get(), base::steady_now() + within, finished.output);
  if (!ended) kill(-*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return fail(Code::kDeadlineExceeded, fmt::format("{} did not end in time", argv[0]));
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

}  // namespace promethean::cli
