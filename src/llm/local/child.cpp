#include "llm/local/child.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstdlib>

#include "async/process.h"

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
  auto process =
      async::start_process({.argv = std::move(argv), .environment = short_environment(), .one_output = true});
  if (!process) return base::fail(std::move(process).error());
  auto impl = std::make_shared<Impl>(core, process->pid, std::move(process->pidfd), std::move(process->output),
                                     std::move(events));
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
