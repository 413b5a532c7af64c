// BlockingPool: threads for work that blocks or burns: disk, scans, regular expressions, inference.
//
//   const StopFlag flag = ctx.stop_flag();
//   auto hits = co_await pool.run(ctx, [&index, query, flag] { return index.grep(query, flag); });
//
// The function runs on a pool thread, the awaiting task resumes on its own core with what it returned. The wait does
// not end before the function does (it may refer to the caller's frame), so long functions poll a StopFlag. A full
// queue is kRateLimited at once: nothing is unbounded. Destroy the pool before the event loops: its answers are posted
// to them.
#pragma once

#include <atomic>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <type_traits>

#include "async/context.h"
#include "async/task.h"

namespace promethean::async {

class BlockingPool {
 public:
  explicit BlockingPool(int threads, int max_queued = 256) : pool_(static_cast<size_t>(threads)), max_(max_queued) {}

  // `fn()` returns a Result<T>. kCancelled/kDeadlineExceeded when ctx is done before it starts.
  template <class Fn>
  auto run(Context& ctx, Fn fn) -> Task<std::invoke_result_t<Fn&>>;

  int queued() const { return queued_.load(std::memory_order_relaxed); }
  void join() { pool_.join(); }

 private:
  asio::thread_pool pool_;
  std::atomic<int> queued_{0};
  int max_;
};

template <class Fn>
auto BlockingPool::run(Context& ctx, Fn fn) -> Task<std::invoke_result_t<Fn&>> {
  using R = std::invoke_result_t<Fn&>;
  if (ctx.done()) co_return R(base::fail(ctx.error()));
  if (queued_.fetch_add(1) >= max_) {
    queued_.fetch_sub(1);
    co_return R(base::fail(base::Code::kRateLimited, "too much blocking work is queued", "try again shortly"));
  }
  std::optional<R> result;
  const StopFlag flag = ctx.stop_flag();
  Executor core = ctx.core();
  auto work = [&](auto&& handler) {
    auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::move(handler));
    // The guard keeps the core's loop alive until the answer has been posted back to it.
    asio::post(pool_, [&, shared, flag, guard = asio::make_work_guard(core)]() mutable {
      queued_.fetch_sub(1);
      if (!flag.stopped()) {
        try {
          result.emplace(fn());
        } catch (const std::exception& e) {
          result.emplace(base::fail(base::Code::kInternal, std::string("blocking work threw: ") + e.what()));
        }
      }
      asio::post(guard.get_executor(), [shared]() mutable { (*shared)(); });
    });
  };
  const asio::use_awaitable_t<Executor> token;
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(work, token);
  if (!result) co_return R(base::fail(ctx.error()));  // done before it started
  co_return std::move(*result);
}

}  // namespace promethean::async
