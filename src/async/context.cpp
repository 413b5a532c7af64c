#include "async/context.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

namespace promethean::async {

using Clock = std::chrono::steady_clock;
using SteadyTimer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

void Context::Watched::link_after(Watched& other) {
  previous = &other;
  next = std::exchange(other.next, this);
  next->previous = this;
}

void Context::Watched::unlink() {
  previous->next = next;
  next->previous = previous;
  previous = next = this;
}

// Ends what passes its deadline on one core. Deadlines are many and hardly ever reached, so they stand in no order: one
// timer looks at all of them when the earliest may be due.
class Deadlines final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit Deadlines(asio::io_context& core) : service(core), timer_(core) {}

  static Deadlines& of(Executor core) { return asio::use_service<Deadlines>(core.context()); }

  void watch(Context& context) {
    context.watched_.context = &context;
    context.watched_.link_after(all_);
    if (!due_ || *context.deadline_ < *due_) look_at(*context.deadline_);
  }

 private:
  void shutdown() override {}

  void look_at(base::SteadyTime when) {
    due_ = when;
    timer_.expires_at(when);  // takes an older wait back
    timer_.async_wait([this](boost::system::error_code ec) {
      if (!ec) look();
    });
  }

  // What one cancels may end others or start to watch more, so each is taken from a list of its own.
  void look() {
    due_.reset();
    const auto now = base::steady_now();
    Context::Watched left;
    if (all_.next != &all_) {
      left.link_after(all_);
      all_.unlink();  // `left` has them all now
    }
    std::optional<base::SteadyTime> next;
    while (left.next != &left) {
      Context::Watched& watched = *left.next;
      watched.unlink();
      watched.link_after(all_);
      const auto deadline = *watched.context->deadline_;
      if (deadline <= now) {
        watched.context->cancel(base::Code::kDeadlineExceeded);
      } else {
        next = std::min(next.value_or(deadline), deadline);
      }
    }
    if (next && (!due_ || *next < *due_)) look_at(*next);
  }

  SteadyTimer timer_;
  std::optional<base::SteadyTime> due_;  // when the timer fires
  Context::Watched all_;
};

namespace {
std::optional<base::SteadyTime> earlier(std::optional<base::SteadyTime> a, std::optional<base::SteadyTime> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}
}  // namespace

Context::Context(Executor core, std::optional<base::SteadyTime> deadline) : core_(core), deadline_(deadline) {}

Context::Context(Context& parent, std::optional<base::SteadyTime> deadline)
    : trace(parent.trace), core_(parent.core_), deadline_(earlier(parent.deadline_, deadline)) {
  parent_hook_.emplace(parent, [this, &parent] { cancel(parent.error().code()); });
}

Context::~Context() {
  // Hooks point here; whoever holds one must be gone before its context.
  for (Hook* hook = hooks_; hook != nullptr; hook = hook->next_) hook->context_ = nullptr;
}

StopFlag Context::stop_flag() const {
  if (!flag_) flag_ = StopFlag(code_);
  return *flag_;
}

base::Error Context::error() const {
  if (code() < 0 || code() == static_cast<int>(base::Code::kDeadlineExceeded)) {
    return base::Error(base::Code::kDeadlineExceeded, "the time limit of this request passed");
  }
  if (code() == static_cast<int>(base::Code::kUnavailable)) {
    return base::Error(base::Code::kUnavailable, "the server is shutting down", "try again shortly");
  }
  return base::Error(static_cast<base::Code>(code()), "the request was cancelled");
}

base::Result<void> Context::check() const {
  if (done()) return base::fail(error());
  return {};
}

void Context::cancel(base::Code why) {
  if (past_deadline()) why = base::Code::kDeadlineExceeded;  // error() has said so already
  if (flag_) {
    int running = -1;
    if (!flag_->code_->compare_exchange_strong(running, static_cast<int>(why))) return;
  } else if (std::exchange(code_, code_ < 0 ? static_cast<int>(why) : code_) >= 0) {
    return;
  }
  watched_.unlink();
  // A hook may unregister others while it runs: always take the newest that is left.
  while (hooks_ != nullptr) {
    Hook* hook = hooks_;
    hooks_ = hook->next_;
    if (hooks_ != nullptr) hooks_->previous_ = nullptr;
    hook->context_ = nullptr;
    hook->next_ = nullptr;
    const auto stop = std::move(hook->stop_);
    stop();
  }
}

void Context::arm() {
  if (when_waited_) std::exchange(when_waited_, nullptr)();
  if (deadline_ && watched_.context == nullptr) Deadlines::of(core_).watch(*this);
}

Context::Hook::Hook(Context& context, std::function<void()> stop) : context_(&context), stop_(std::move(stop)) {
  if (context.done()) {
    context_ = nullptr;
    context.cancel(context.error().code());
    const auto run = std::move(stop_);
    run();
    return;
  }
  context.arm();
  next_ = context.hooks_;
  if (next_ != nullptr) next_->previous_ = this;
  context.hooks_ = this;
}

Context::Hook::~Hook() {
  if (context_ == nullptr) return;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    context_->hooks_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
}

Task<base::Result<void>> sleep_for(Context& ctx, std::chrono::milliseconds duration) {
  SteadyTimer timer(ctx.core(), duration);
  {
    auto stop = ctx.on_cancel([&timer] { timer.cancel(); });
    if (ctx.done()) co_return base::fail(ctx.error());
    co_await timer.async_wait(kTuple);
  }
  co_return ctx.check();
}

}  // namespace promethean::async
