#include "llm/local/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstdlib>

#include "base/fd.h"

namespace promethean::llm::local {

namespace {

using Descriptor = async::asio::posix::basic_stream_descriptor<async::Executor>;

constexpr size_t kLongestLine = 4 << 10;

// What a child needs from our environment. Everything else, credentials above all, stays here.
constexpr std::array kPassedOn{"PATH",         "LANG",          "TMPDIR",       "ASAN_OPTIONS",
                               "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"};

std::vector<std::string> short_environment() {
  std::vector<std::string> environment;
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) environment.push_back(std::string(name) + "=" + value);
  }
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// What is prepared before fork(): between fork and exec only async-signal-safe calls are allowed.
struct Launch {
  std::vector<char*> argv;
  std::vector<char*> environment;
  int input;
  int output;
  int report;  // gets errno when exec fails
  pid_t parent;
};

[[noreturn]] void become(const Launch& launch) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);  // ignored signals stay ignored over exec, handled ones do not
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);  // the parent died before the line above
  ::dup2(launch.input, 0);
  ::dup2(launch.output, 1);
  ::dup2(launch.output, 2);
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.argv[0], launch.argv.data(), launch.environment.data());
  const int why = errno;
  if (::write(launch.report, &why, sizeof(why)) < 0) ::_exit(126);
  ::_exit(127);
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

std::string describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exit status " + std::to_string(info.si_status);
  return "killed by signal " + std::to_string(info.si_status);
}

}  // namespace

struct ChildProcess::Impl : std::enable_shared_from_this<Impl> {
  Impl(async::Executor core, pid_t child, base::UniqueFd pidfd, base::UniqueFd lines, Events what)
      : pid(child), exit(core, pidfd.release()), output(core, lines.release()), events(std::move(what)) {}

  void watch() {
    exit.async_wait(Descriptor::wait_read, [self = shared_from_this()](boost::system::error_code ec) {
      if (!ec) self->reap();
    });
    read();
  }

  void read() {
    output.async_read_some(async::asio::buffer(buffer),
                           [self = shared_from_this()](boost::system::error_code ec, size_t n) {
                             if (self->closed) return;
                             self->take(std::string_view(self->buffer.data(), n));
                             if (!ec) return self->read();
                             self->output_ended = true;
                             self->finish();
                           });
  }

  void take(std::string_view bytes) {
    line += bytes;
    for (size_t end; (end = line.find('\n')) != std::string::npos;) {
      if (end > 0) events.on_line(std::string_view(line).substr(0, end));
      line.erase(0, end + 1);
    }
    if (line.size() >= kLongestLine) {
      events.on_line(line);
      line.clear();
    }
  }

  void reap() {
    siginfo_t info{};
    // By pid: the pidfd does not block any more since Asio has it. The pid is ours until this call.
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) info.si_code = CLD_KILLED;
    exited = true;
    how = describe(info);
    // A grandchild may hold the pipe open: what is there by now is what we wait for.
    if (!output_ended) output.non_blocking(true);
    finish();
  }

  void finish() {
    if (closed || !exited) return;
    drain();
    closed = true;
    boost::system::error_code ignored;
    output.close(ignored);
    if (!line.empty()) events.on_line(line);
    const auto tell = std::move(events.on_exit);
    tell(how);
  }

  void drain() {
    while (!output_ended) {
      const ssize_t n = ::read(output.native_handle(), buffer.data(), buffer.size());
      if (n <= 0) return;
      take(std::string_view(buffer.data(), static_cast<size_t>(n)));
    }
  }

  void send(int number) const {
    if (!exited) ::syscall(SYS_pidfd_send_signal, const_cast<Descriptor&>(exit).native_handle(), number, nullptr, 0);
  }

  pid_t pid;
  Descriptor exit;  // the pidfd: readable once the child has exited
  Descriptor output;
  Events events;
  std::array<char, 4096> buffer;
  std::string line;
  std::string how;
  bool exited = false;
  bool output_ended = false;
  bool closed = false;
};

ChildProcess::ChildProcess(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChildProcess::~ChildProcess() {
  impl_->closed = true;
  impl_->send(SIGKILL);
  boost::system::error_code ignored;
  impl_->output.close(ignored);
  if (!impl_->exited) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(impl_->pid), &info, WEXITED);  // it was killed: at once
    impl_->exited = true;
  }
  impl_->exit.close(ignored);
}

base::Result<std::unique_ptr<ChildProcess>> ChildProcess::start(async::Executor core, std::vector<std::string> argv,
                                                                Events events) {
  auto lines = make_pipe();
  auto report = make_pipe();
  const base::UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!lines || !report || !input) return base::fail(base::errno_error(errno, "start " + argv[0]));

  auto environment = short_environment();
  const Launch launch{pointers(argv),     pointers(environment), input.get(),
                      lines->write.get(), report->write.get(),   ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::Code::kUnavailable, "start " + argv[0] + ": no more processes");
  if (pid == 0) become(launch);

  report->write.reset();
  int why = 0;
  if (::read(report->read.get(), &why, sizeof(why)) == sizeof(why)) {  // end of file: exec succeeded
    ::waitpid(pid, nullptr, 0);
    return base::fail(base::errno_error(why, "start " + argv[0]));
  }
  base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const base::Error error = base::errno_error(errno, "watch " + argv[0]);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::fail(error);
  }
  auto impl = std::make_shared<Impl>(core, pid, std::move(pidfd), std::move(lines->read), std::move(events));
  impl->watch();
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(impl)));
}

int ChildProcess::pid() const {
  return impl_->pid;
}

void ChildProcess::signal(int number) {
  impl_->send(number);
}

}  // namespace promethean::llm::local
