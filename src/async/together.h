// together: several tasks on one core at the same time.
//
//   auto [found, listed] = co_await async::together(ctx.core(), find(ctx), list(ctx));
//
// Returns when the last has ended, with what each returned. One that throws is thrown again then. The tasks may refer
// to the caller's frame.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "async/task.h"

namespace promethean::async {

template <class... T>
Task<std::tuple<T...>> together(Executor core, Task<T>... tasks) {
  std::tuple<std::optional<T>...> results;
  std::exception_ptr failure;
  size_t left = sizeof...(T);
  const auto start = [&](auto&& handler) {
    auto resume = std::make_shared<std::decay_t<decltype(handler)>>(std::move(handler));
    const auto one = [&, resume](auto task, auto& result) {
      asio::co_spawn(core, std::move(task), [&, resume](std::exception_ptr thrown, auto value) {
        if (thrown) {
          failure = thrown;
        } else {
          result.emplace(std::move(value));
        }
        if (--left == 0) asio::post(core, [resume]() mutable { (*resume)(); });
      });
    };
    std::apply([&](auto&... result) { (one(std::move(tasks), result), ...); }, results);
  };
  const asio::use_awaitable_t<Executor> token;
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(start, token);
  if (failure) std::rethrow_exception(failure);
  co_return std::apply([](auto&... result) { return std::tuple<T...>(std::move(*result)...); }, results);
}

}  // namespace promethean::async
