#include "async/context.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

namespace promethean::async {

using Clock = std::chrono::steady_clock;
using SteadyTimer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

struct Context::Timer {
  explicit Timer(Executor core) : timer(core) {}
  SteadyTimer timer;
  std::shared_ptr<Context*> owner;  // nulled when the context dies: an expiry may already be queued by then
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
  parent_hook_ = std::make_unique<Hook>(parent, [this, &parent] { cancel(parent.error().code()); });
}

Context::~Context() {
  // Hooks point here; whoever holds one must be gone before its context.
  for (Hook* hook = hooks_; hook != nullptr; hook = hook->next_) hook->context_ = nullptr;
  if (timer_) *timer_->owner = nullptr;
}

base::Error Context::error() const {
  const int code = flag_.code_->load(std::memory_order_relaxed);
  if (code < 0 || code == static_cast<int>(base::Code::kDeadlineExceeded)) {
    return base::Error(base::Code::kDeadlineExceeded, "the time limit of this request passed");
  }
  if (code == static_cast<int>(base::Code::kUnavailable)) {
    return base::Error(base::Code::kUnavailable, "the server is shutting down", "try again shortly");
  }
  return base::Error(static_cast<base::Code>(code), "the request was cancelled");
}

base::Result<void> Context::check() const {
  if (done()) return base::fail(error());
  return {};
}

void Context::cancel(base::Code why) {
  if (past_deadline()) why = base::Code::kDeadlineExceeded;  // error() has said so already
  int running = -1;
  if (!flag_.code_->compare_exchange_strong(running, static_cast<int>(why))) return;
  if (timer_) timer_->timer.cancel();
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
  if (timer_ || !deadline_) return;
  timer_ = std::make_unique<Timer>(core_);
  timer_->owner = std::make_shared<Context*>(this);
  timer_->timer.expires_at(*deadline_);
  timer_->timer.async_wait([owner = timer_->owner](boost::system::error_code ec) {
    if (!ec && *owner != nullptr) (*owner)->cancel(base::Code::kDeadlineExceeded);
  });
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
