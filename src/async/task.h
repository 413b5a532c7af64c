// Task<T>: the coroutine type of every asynchronous function, on one core's event loop.
//
// The executor is the concrete io_context executor (a tenth cheaper than the type-erased one). A Task starts when it is
// awaited or given to spawn() (runtime.h), and stays on its core. Rules: docs/architecture.md, "Coroutines".
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace promethean::async {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

// Completion token for asio operations inside a Task: `auto [ec, n] = co_await socket.async_read_some(buffer, kTuple);`
// Errors come as values; nothing throws.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable_t<Executor>{});

}  // namespace promethean::async
