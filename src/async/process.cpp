#include "async/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>

#include "async/together.h"
#include "base/strings.h"

namespace promethean::async {

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr std::chrono::milliseconds kLastWords{500};  // for pipes that somebody holds open after the end

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// What is prepared before fork(): between fork and exec only async-signal-safe calls are allowed.
struct Launch {
  const ProcessOptions& options;
  const char* program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int input;
  int output;
  int error;
  int report;  // gets errno when exec fails
  pid_t parent;
};

[[noreturn]] void give_up(const Launch& launch) {
  const int why = errno;
  if (::write(launch.report, &why, sizeof(why)) < 0) ::_exit(126);
  ::_exit(127);
}

void set_limits(const Launch& launch) {
  for (const auto& [resource, value] : launch.options.limits) {
    const rlimit limit{value, value};
    if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) give_up(launch);
  }
}

[[noreturn]] void become(const Launch& launch) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);  // ignored signals stay ignored over exec, handled ones do not
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);  // the parent died before the line above
  const ProcessOptions& options = launch.options;
  if (options.own_session || options.terminal) ::setsid();
  if (options.terminal && ::ioctl(launch.output, TIOCSCTTY, 0) != 0) give_up(launch);
  ::dup2(options.terminal ? launch.output : launch.input, 0);
  ::dup2(launch.output, 1);
  ::dup2(launch.error, 2);
  if (options.directory >= 0 && ::fchdir(options.directory) != 0) give_up(launch);
  set_limits(launch);
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.program, launch.argv.data(), launch.environment.data());
  give_up(launch);
}

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::errno_error(errno, "pipe"));
  return Pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

base::Result<Pipe> make_terminal() {
  Pipe out{base::UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), base::UniqueFd()};
  char name[64];
  if (!out.read || ::grantpt(out.read.get()) != 0 || ::unlockpt(out.read.get()) != 0 ||
      ::ptsname_r(out.read.get(), name, sizeof(name)) != 0) {
    return base::fail(base::errno_error(errno, "terminal"));
  }
  out.write = base::UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!out.write) return base::fail(base::errno_error(errno, "terminal"));
  const winsize size{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(out.write.get(), TIOCSWINSZ, &size);
  return out;
}

// The file that a name without a slash means in the child's PATH.
base::Result<std::string> find_program(const ProcessOptions& options) {
  const std::string& name = options.argv.front();
  if (name.find('/') != std::string::npos) return name;
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& entry : options.environment) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  for (const std::string_view directory : base::split(path, ':')) {
    std::string file = std::string(directory.empty() ? "." : directory) + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return base::fail(base::Code::kNotFound, name + ": no such program in " + path);
}

}  // namespace

base::Result<Process> start_process(const ProcessOptions& options) {
  if (options.argv.empty() || options.argv.front().empty()) return base::bad_field("argv", "no program is named");
  const auto program = find_program(options);
  if (!program) return base::fail(program.error());
  auto output = options.terminal ? make_terminal() : make_pipe();
  auto error = make_pipe();
  auto report = make_pipe();
  const base::UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!output || !error || !report || !input) return base::fail(base::errno_error(errno, "start " + *program));

  const bool one_output = options.one_output || options.terminal;
  const Launch launch{.options = options,
                      .program = program->c_str(),
                      .argv = pointers(options.argv),
                      .environment = pointers(options.environment),
                      .input = input.get(),
                      .output = output->write.get(),
                      .error = one_output ? output->write.get() : error->write.get(),
                      .report = report->write.get(),
                      .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::Code::kUnavailable, "start " + *program + ": no more processes");
  if (pid == 0) become(launch);

  report->write.reset();
  int why = 0;
  if (::read(report->read.get(), &why, sizeof(why)) == sizeof(why)) {  // end of file: exec succeeded
    ::waitpid(pid, nullptr, 0);
    return base::fail(base::errno_error(why, "start " + *program));
  }
  Process process{.pid = pid,
                  .pidfd = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
                  .output = std::move(output->read),
                  .error = base::UniqueFd()};
  if (!one_output) process.error = std::move(error->read);
  if (!process.pidfd) {
    const base::Error failed = base::errno_error(errno, "watch " + *program);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::fail(failed);
  }
  return process;
}

void TailBuffer::add(std::string_view bytes) {
  total += bytes.size();
  text += bytes;
  if (text.size() > 2 * max + (64 << 10)) text.erase(0, text.size() - max);
}

void TailBuffer::finish() {
  if (text.size() > max) text.erase(0, text.size() - max);
}

namespace {

// One run: the process and what is known of its end. Everything on one core.
class Run {
 public:
  Run(Context& ctx, Process process, RunLimits limits)
      : ctx_(ctx),
        pid_(process.pid),
        limits_(limits),
        exit_(ctx.core(), process.pidfd.release()),
        output_(ctx.core(), process.output.release()),
        error_(ctx.core()),
        result_{.output = TailBuffer(limits.max_output), .error = TailBuffer(limits.max_output)} {
    if (process.error) error_.assign(process.error.release());
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Task<base::Result<RunResult>> to_end() {
    const auto began = base::steady_now();
    Context polite(ctx_, began + limits_.timeout);
    Context firm(ctx_, began + limits_.timeout + limits_.grace);
    const auto at_timeout = polite.on_cancel([this] {
      result_.timed_out = !exited_ && !ctx_.done();
      signal_group(SIGTERM);
    });
    const auto at_last = firm.on_cancel([this] { signal_group(SIGKILL); });
    co_await together(ctx_.core(), drain(output_, result_.output), drain(error_, result_.error), wait());
    result_.took = std::chrono::duration_cast<std::chrono::milliseconds>(base::steady_now() - began);
    result_.output.finish();
    result_.error.finish();
    if (ctx_.done()) co_return base::fail(ctx_.error());
    co_return std::move(result_);
  }

 private:
  void signal_group(int number) const {
    // Once it has been waited for, its number may belong to somebody else.
    if (!exited_) ::kill(-pid_, number);
  }

  Task<bool> drain(Descriptor& from, TailBuffer& into) {
    std::array<char, 16 << 10> buffer;
    while (from.is_open()) {
      const auto [ec, n] = co_await from.async_read_some(asio::buffer(buffer), kTuple);
      into.add(std::string_view(buffer.data(), n));
      if (ec) break;  // the end; EIO from a terminal that nobody holds open
    }
    co_return true;
  }

  Task<bool> wait() {
    co_await exit_.async_wait(Descriptor::wait_read, kTuple);
    // Before its status is taken, the number of its group cannot be given to another.
    ::kill(-pid_, SIGKILL);
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) info.si_code = CLD_KILLED;
    exited_ = true;
    if (info.si_code == CLD_EXITED) {
      result_.exit_code = info.si_status;
    } else {
      result_.signal = info.si_status;
    }
    // One that left the group may hold the pipes open: it is not waited for.
    patience_.emplace(ctx_.core(), base::steady_now() + kLastWords);
    out_of_patience_.emplace(*patience_, [this] {
      boost::system::error_code ignored;
      output_.close(ignored);
      error_.close(ignored);
    });
    co_return true;
  }

  Context& ctx_;
  const pid_t pid_;
  const RunLimits limits_;
  Descriptor exit_, output_, error_;
  RunResult result_;
  bool exited_ = false;
  std::optional<Context> patience_;
  std::optional<Context::Hook> out_of_patience_;
};

}  // namespace

Task<base::Result<RunResult>> run_process(Context& ctx, ProcessOptions options, RunLimits limits) {
  options.own_session = true;
  if (auto open = ctx.check(); !open) co_return base::fail(open.error());
  auto process = start_process(options);
  if (!process) co_return base::fail(std::move(process).error());
  Run run(ctx, std::move(*process), limits);
  auto result = co_await run.to_end();
  co_return result;
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace promethean::async
