// Channel<T>: a bounded queue from any thread to one task on one core.
//
// push() never waits: it says false when the channel is full or closed, and the producer decides. pop() waits for the
// next value; after close() it hands out what is left, then nullopt (or the error that close() was given).
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "async/context.h"
#include "async/task.h"

namespace promethean::async {

template <class T>
class Channel : public std::enable_shared_from_this<Channel<T>> {
 public:
  // Make with std::make_shared. `core` is where pop() will be awaited.
  Channel(Executor core, size_t capacity) : core_(core), capacity_(capacity), wake_(core) {
    wake_.expires_at(Timer::time_point::max());
  }

  bool push(T value) {  // any thread
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(value));
    }
    notify();
    return true;
  }

  void close(std::optional<base::Error> error = std::nullopt) {  // any thread; the first call counts
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      closed_ = true;
      error_ = std::move(error);
    }
    notify();
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  // On `core` only, one waiter at a time.
  Task<base::Result<std::optional<T>>> pop(Context& ctx) {
    auto self = this->shared_from_this();
    for (;;) {
      if (ctx.done()) co_return base::fail(ctx.error());
      {
        const std::lock_guard lock(mutex_);
        if (!items_.empty()) {
          std::optional<T> value(std::move(items_.front()));
          items_.pop_front();
          co_return value;
        }
        if (closed_) {
          if (error_) co_return base::fail(*error_);
          co_return std::optional<T>();
        }
        waiting_ = true;
      }
      auto stop = ctx.on_cancel([self] { self->wake_.cancel(); });
      if (!ctx.done()) co_await wake_.async_wait(kTuple);
      const std::lock_guard lock(mutex_);
      waiting_ = false;
    }
  }

 private:
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

  // Posted, so that the waiter is suspended on the timer before it is cancelled.
  void notify() {
    {
      const std::lock_guard lock(mutex_);
      if (!waiting_) return;
      waiting_ = false;
    }
    asio::post(core_, [self = this->shared_from_this()] { self->wake_.cancel(); });
  }

  Executor core_;
  size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<T> items_;
  bool closed_ = false;
  bool waiting_ = false;
  std::optional<base::Error> error_;
  Timer wake_;
};

}  // namespace promethean::async
