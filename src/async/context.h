// Context: the deadline, cancellation and trace of one piece of work.
//
// Every awaiting function takes a Context&. Whoever starts work owns its Context and outlives it; a child is cancelled
// with its parent and never lives longer. What blocks registers how to be stopped:
//
//   auto stop = ctx.on_cancel([&] { socket.cancel(); });     // runs at most once, on the core, when ctx is cancelled
//   auto [ec, n] = co_await socket.async_read_some(buffer, kTuple);
//   if (ctx.done()) co_return base::fail(ctx.error());
//
// So the thing that reads from an upstream dies in the same turn of the loop in which its client leaves.
//
// Threads: everything belongs to the context's core. Other threads ask a StopFlag.
// Invariant: once done() is true it stays true and error() does not change; hooks registered later run at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"

namespace promethean::async {

// Ids that tie together what one request caused, here and upstream (W3C trace context).
struct Trace {
  std::string request_id;  // x-request-id
  std::string trace_id;    // 32 hex digits
};

// What blocking code polls, on any thread: true once the work is not wanted any more. Shared, so it may outlive the
// Context.
class StopFlag {
 public:
  StopFlag() : StopFlag(-1) {}
  bool stopped() const { return code_->load(std::memory_order_relaxed) >= 0; }
  void stop() const {  // the first reason stays
    int running = -1;
    code_->compare_exchange_strong(running, static_cast<int>(base::Code::kCancelled));
  }

 private:
  friend class Context;
  explicit StopFlag(int code) : code_(std::make_shared<std::atomic<int>>(code)) {}
  std::shared_ptr<std::atomic<int>> code_;  // -1 running, else the base::Code
};

class Context {
 public:
  // Registration of one stop function; unregisters when destroyed. Not movable: it is linked into its context.
  class Hook {
   public:
    Hook(Context& context, std::function<void()> stop);
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;
    ~Hook();

   private:
    friend class Context;
    Context* context_;
    std::function<void()> stop_;
    Hook* previous_ = nullptr;
    Hook* next_ = nullptr;
  };

  explicit Context(Executor core, std::optional<base::SteadyTime> deadline = std::nullopt);
  // A child: same core and trace; done when the parent is, or at `deadline`, whichever comes first.
  explicit Context(Context& parent, std::optional<base::SteadyTime> deadline = std::nullopt);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  Executor core() const { return core_; }
  std::optional<base::SteadyTime> deadline() const { return deadline_; }

  bool done() const { return code() >= 0 || past_deadline(); }
  base::Error error() const;  // kCancelled, kDeadlineExceeded or kUnavailable (shutdown); call only when done()
  base::Result<void> check() const;
  StopFlag stop_flag() const;

  // Cancels this context and its children and runs their hooks, newest first. Later calls do nothing.
  void cancel(base::Code why = base::Code::kCancelled);

  // `start` runs once, when the first hook is registered: work that never waits never pays for being watched.
  void when_waited(std::function<void()> start) { when_waited_ = std::move(start); }

  // `stop` runs once if the context is cancelled or passes its deadline while the Hook lives; at once if it is done
  // already.
  [[nodiscard]] Hook on_cancel(std::function<void()> stop) { return Hook(*this, std::move(stop)); }

  Trace trace;

 private:
  friend class Deadlines;
  // A place in the list of contexts whose deadline is watched.
  struct Watched {
    Watched() = default;
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { unlink(); }
    void link_after(Watched& other);
    void unlink();
    Context* context = nullptr;
    Watched* previous = this;
    Watched* next = this;
  };

  void arm();  // starts what watches this context, once somebody waits
  int code() const { return flag_ ? flag_->code_->load(std::memory_order_relaxed) : code_; }
  bool past_deadline() const { return deadline_ && base::steady_now() >= *deadline_; }

  Executor core_;
  std::optional<base::SteadyTime> deadline_;
  int code_ = -1;                         // as StopFlag's, which takes over once there is one
  mutable std::optional<StopFlag> flag_;  // made when it is asked for: few contexts have work on other threads
  Hook* hooks_ = nullptr;                 // intrusive list, newest first
  std::function<void()> when_waited_;
  Watched watched_;
  std::optional<Hook> parent_hook_;
};

// Waits, or returns the context's error as soon as it is done.
Task<base::Result<void>> sleep_for(Context& ctx, std::chrono::milliseconds duration);

}  // namespace promethean::async
