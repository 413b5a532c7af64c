// size: one state machine whose transitions are easier to check in one place.
#include "llm/local/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "async/channel.h"
#include "async/runtime.h"
#include "llm/local/child.h"

namespace promethean::llm::local {

namespace {

using async::Context;
using async::Task;
using base::Code;
using std::chrono::milliseconds;
using SteadyTimer =
    async::asio::basic_waitable_timer<std::chrono::steady_clock, async::asio::wait_traits<std::chrono::steady_clock>,
                                      async::Executor>;
using Answer = base::Result<std::string>;
using Waiter = std::shared_ptr<async::Channel<Answer>>;

constexpr int kCrashLoop = 5;  // failures in a row after which callers are told at once instead of waiting
constexpr size_t kMostWaiters = 1024;
constexpr size_t kLongestSocketPath = 107;  // sun_path of unix(7) less its NUL
constexpr size_t kMaxHealthBody = 64 << 10;
constexpr milliseconds kFirstProbe{10};
constexpr milliseconds kSlowestProbe{100};
constexpr base::SteadyTime kNever = base::SteadyTime::max();

}  // namespace

// One coroutine, loop(), looks at what is known and acts; events only change what is known and wake it.
class Supervisor::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(async::Executor core, http::Client& client, base::Log log, SupervisorOptions options)
      : core_(core),
        client_(client),
        log_(std::move(log)),
        options_(std::move(options)),
        url_("unix:" + options_.socket_path + ":"),
        life_(core),
        wake_(core),
        ended_(core, kNever) {
    if (options_.arguments.empty()) {
      options_.arguments = {"worker", "--model", options_.model_path, "--socket", options_.socket_path};
    }
  }

  // ---- any core ----
  void touch() { last_used_.store(base::steady_now().time_since_epoch().count()); }
  bool ready() const { return state_.load() == State::kReady; }
  const std::string& url() const { return url_; }
  void ask(Waiter waiter) {
    async::asio::post(core_, [self = shared_from_this(), waiter = std::move(waiter)] { self->add(waiter); });
  }
  Status status() const {
    const std::lock_guard lock(mutex_);
    Status status = status_;
    status.state = state_.load();
    return status;
  }

  // ---- the supervisor's core ----
  Task<void> loop() {
    while (!stopping_) {
      const base::SteadyTime until = co_await step();
      co_await sleep_until(until);
    }
    answer_all(base::fail(Code::kUnavailable, "the server is shutting down"));
    co_await end_child();
    finished_ = true;
    ended_.cancel();
  }

  Task<void> stop() {
    stopping_ = true;
    life_.cancel(Code::kUnavailable);
    notify();
    if (!finished_) co_await ended_.async_wait(async::kTuple);
  }

  void abandon() {
    stopping_ = true;
    life_.cancel(Code::kUnavailable);
    child_.reset();
    notify();
  }

 private:
  // Acts on the state and says when to look again at the latest.
  Task<base::SteadyTime> step() {
    if (exit_) fail_or_unload();
    switch (state_.load()) {
      case State::kUnloaded:
        co_return waiters_.empty() ? kNever : start();
      case State::kBackingOff:
        co_return back_off();
      case State::kStarting:
        co_return co_await look_for_health();
      case State::kReady:
        co_return co_await look_for_idleness();
      case State::kStopping:
        if (base::steady_now() < kill_at_) co_return kill_at_;
        child_->signal(SIGKILL);
        co_return kNever;
    }
    co_return kNever;
  }

  base::SteadyTime start() {
    if (auto possible = check_options(); !possible) {
      answer_all(base::fail(std::move(possible).error()));
      set(State::kUnloaded);
      return kNever;
    }
    ::unlink(options_.socket_path.c_str());
    std::vector<std::string> argv{options_.program};
    argv.insert(argv.end(), options_.arguments.begin(), options_.arguments.end());
    last_line_.clear();
    auto child = ChildProcess::start(core_, std::move(argv), events());
    started_ = base::steady_now();
    update([](Status& status) {
      ++status.starts;
      if (status.failures_in_a_row > 0) ++status.restarts;
    });
    if (!child) return failed(child.error().message());
    child_ = *std::move(child);
    update([this](Status& status) { status.pid = child_->pid(); });
    log_.info("model worker started", {{"pid", child_->pid()}, {"model", options_.model_path}});
    probe_every_ = kFirstProbe;
    set(State::kStarting);
    return started_ + probe_every_;
  }

  base::Result<void> check_options() const {
    if (options_.socket_path.size() > kLongestSocketPath) {
      return base::fail(Code::kInvalidArgument, "the socket path is longer than 107 bytes: " + options_.socket_path,
                        "choose a shorter --state-dir");
    }
    if (::access(options_.model_path.c_str(), R_OK) == 0) return {};
    return base::fail(
        base::errno_error(errno, "model file " + options_.model_path)
            .with_hint("scripts/fetch-assets gets the default model; [model] path names another GGUF file"));
  }

  // The child's own callbacks: they outlive neither the child nor us.
  ChildProcess::Events events() {
    return {.on_line =
                [this](std::string_view line) {
                  last_line_ = line;
                  log_.info("model worker", {{"line", line}});
                },
            .on_exit =
                [this](std::string how) {
                  exit_ = std::move(how);
                  notify();
                }};
  }

  base::SteadyTime back_off() {
    const bool crash_loop = status().failures_in_a_row >= kCrashLoop;
    if (base::steady_now() >= next_start_) {
      if (crash_loop && waiters_.empty()) return kNever;
      return start();
    }
    if (crash_loop) answer_all(base::fail(crash_error()));
    return next_start_;
  }

  Task<base::SteadyTime> look_for_health() {
    if (base::steady_now() - started_ > options_.start_timeout) {
      log_.warn("model worker is not healthy in time", {{"pid", child_->pid()}});
      child_->signal(SIGKILL);
      co_return kNever;
    }
    const auto health = co_await probe();
    if (exit_ || stopping_) co_return base::steady_now();
    if (health) {
      become_ready();
      co_return idle_at();
    }
    probe_every_ = std::min(probe_every_ * 3 / 2, kSlowestProbe);
    co_return base::steady_now() + probe_every_;
  }

  void become_ready() {
    ready_since_ = base::steady_now();
    touch();
    set(State::kReady);
    const auto took = std::chrono::duration_cast<milliseconds>(ready_since_ - started_);
    log_.info("model worker is ready", {{"pid", child_->pid()}, {"ms", took.count()}});
    answer_all(url_);
  }

  Task<base::SteadyTime> look_for_idleness() {
    answer_all(url_);
    if (base::steady_now() < idle_at()) co_return idle_at();
    // An answer may take longer than the idle time; then it is in use although nobody asked for it lately.
    const auto health = co_await probe();
    if (exit_ || stopping_) co_return base::steady_now();
    const bool busy =
        health && (json::bool_at(*health, "busy").value_or(false) || json::int_at(*health, "waiting").value_or(0) > 0);
    if (busy) touch();
    if (!busy) unload();
    co_return state_.load() == State::kReady ? idle_at() : kill_at_;
  }

  // acquire() touches before it looks at the state, and we look at the time after we changed the state: one of the two
  // sees the other, so no caller is sent to a child that is leaving.
  void unload() {
    set(State::kStopping);
    if (base::steady_now() < idle_at()) return set(State::kReady);
    log_.info("model worker unloaded: not used", {{"pid", child_->pid()}});
    child_->signal(SIGTERM);
    kill_at_ = base::steady_now() + options_.stop_grace;
  }

  base::SteadyTime idle_at() const {
    if (options_.idle_unload.count() == 0) return kNever;
    return base::SteadyTime(base::SteadyTime::duration(last_used_.load())) + options_.idle_unload;
  }

  void fail_or_unload() {
    const std::string how = *std::exchange(exit_, std::nullopt);
    const bool asked_to_leave = state_.load() == State::kStopping;
    const bool was_ready = state_.load() == State::kReady;
    child_.reset();
    update([](Status& status) { status.pid = 0; });
    if (asked_to_leave) return set(State::kUnloaded);
    if (was_ready && base::steady_now() - ready_since_ >= options_.healthy_after) {
      update([](Status& status) { status.failures_in_a_row = 0; });
    }
    failed(last_line_.empty() ? how : how + ": " + last_line_);
  }

  base::SteadyTime failed(const std::string& why) {
    int failures = 0;
    update([&failures, &why](Status& status) {
      failures = ++status.failures_in_a_row;
      status.last_failure = why;
    });
    const int doublings = std::min(failures - 1, 16);
    const milliseconds pause = std::min(options_.first_backoff * (1 << doublings), options_.longest_backoff);
    next_start_ = base::steady_now() + pause;
    set(State::kBackingOff);
    log_.warn("model worker failed", {{"how", why}, {"failures", failures}, {"next_start_ms", pause.count()}});
    return base::steady_now();
  }

  base::Error crash_error() const {
    return base::Error(Code::kUnavailable, "the local model's process keeps failing: " + status().last_failure,
                       "the log has its output; `promethean doctor` checks the model");
  }

  // GET /health. nullopt: not healthy.
  Task<std::optional<json::Value>> probe() {
    Context ctx(life_, base::steady_now() + std::chrono::seconds(3));
    http::ClientRequest request;
    request.url = url_ + "/health";
    request.timeouts = {.connect = milliseconds(1'000), .first_byte = milliseconds(2'000), .idle = milliseconds(2'000)};
    auto response = co_await client_.send(ctx, std::move(request));
    if (!response || (*response)->status != 200) co_return std::nullopt;
    auto body = co_await http::read_body(ctx, **response, kMaxHealthBody);
    if (!body) co_return std::nullopt;
    auto parsed = json::parse(*body);
    if (!parsed) co_return std::nullopt;
    co_return *std::move(parsed);
  }

  Task<void> end_child() {
    if (!child_ || exit_) co_return;
    set(State::kStopping);
    child_->signal(SIGTERM);
    const auto kill_at = base::steady_now() + options_.stop_grace;
    while (!exit_ && base::steady_now() < kill_at) co_await sleep_until(kill_at);
    child_.reset();  // kills it if it is still there
    update([](Status& status) { status.pid = 0; });
    set(State::kUnloaded);
  }

  Task<void> sleep_until(base::SteadyTime until) {
    if (std::exchange(notified_, false)) co_return;
    wake_.expires_at(until);
    co_await wake_.async_wait(async::kTuple);
    notified_ = false;
  }

  void notify() {
    notified_ = true;
    wake_.cancel();
  }

  void add(const Waiter& waiter) {
    if (stopping_ || waiters_.size() >= kMostWaiters) {
      waiter->push(
          base::fail(stopping_ ? Code::kUnavailable : Code::kRateLimited,
                     stopping_ ? "the server is shutting down" : "too many requests wait for the local model"));
      return;
    }
    waiters_.push_back(waiter);
    notify();
  }

  void answer_all(const Answer& answer) {
    for (const Waiter& waiter : std::exchange(waiters_, {})) waiter->push(answer);
  }

  void set(State state) { state_.store(state); }
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }

  const async::Executor core_;
  http::Client& client_;
  base::Log log_;
  SupervisorOptions options_;
  const std::string url_;

  std::atomic<State> state_{State::kUnloaded};
  std::atomic<base::SteadyTime::rep> last_used_{0};
  mutable std::mutex mutex_;
  Status status_;  // its `state` is not used: state_ is

  Context life_;  // of everything we wait for; cancelled by stop()
  SteadyTimer wake_;
  SteadyTimer ended_;
  bool notified_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  std::vector<Waiter> waiters_;
  std::unique_ptr<ChildProcess> child_;
  std::optional<std::string> exit_;  // the child has exited, and how
  std::string last_line_;
  base::SteadyTime started_;
  base::SteadyTime ready_since_;
  base::SteadyTime next_start_;
  base::SteadyTime kill_at_;
  milliseconds probe_every_{kFirstProbe};
};

namespace {
// The coroutine keeps its object alive.
template <class Impl>
Task<void> run_loop(std::shared_ptr<Impl> impl) {
  co_await impl->loop();
}
}  // namespace

Supervisor::Supervisor(async::Executor core, http::Client& client, base::Log log, SupervisorOptions options)
    : impl_(std::make_shared<Impl>(core, client, log, std::move(options))) {
  async::spawn(core, log, "model supervisor", run_loop(impl_));
}

Supervisor::~Supervisor() {
  impl_->abandon();
}

Task<base::Result<std::string>> Supervisor::acquire(Context& ctx) {
  const auto impl = impl_;
  impl->touch();
  if (impl->ready()) co_return impl->url();
  const auto waiter = std::make_shared<async::Channel<Answer>>(ctx.core(), 1);
  impl->ask(waiter);
  auto answer = co_await waiter->pop(ctx);
  if (!answer) co_return base::fail(std::move(answer).error());
  co_return **std::move(answer);
}

void Supervisor::touch() {
  impl_->touch();
}
Supervisor::Status Supervisor::status() const {
  return impl_->status();
}

Task<void> Supervisor::stop() {
  const auto impl = impl_;
  co_await impl->stop();
}

std::string_view state_name(Supervisor::State state) {
  switch (state) {
    case Supervisor::State::kUnloaded:
      return "unloaded";
    case Supervisor::State::kStarting:
      return "starting";
    case Supervisor::State::kReady:
      return "ready";
    case Supervisor::State::kBackingOff:
      return "backing_off";
    case Supervisor::State::kStopping:
      return "stopping";
  }
  return "unloaded";
}

}  // namespace promethean::llm::local
