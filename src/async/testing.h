// For tests only: an event loop on the calling thread, and tasks that run on it to their end.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>

#include "async/context.h"
#include "async/task.h"

namespace promethean::async {

class TestLoop {
 public:
  Executor core() { return loop_.get_executor(); }

  // Starts a task; it runs inside the run functions below. What it throws comes out of them.
  void spawn(Task<void> task) {
    asio::co_spawn(loop_, std::move(task), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }

  // Runs everything until `task` has returned. Other tasks may still wait then.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop_, std::move(task), [&result](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      result.emplace(std::move(value));
    });
    loop_.restart();
    while (!result) {
      if (loop_.run_one() == 0) throw std::logic_error("the task waits for something that will not come");
    }
    return std::move(*result);
  }

  // Runs what can run without waiting.
  void settle() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }

  // Runs until nothing waits any more.
  void run_all() {
    loop_.restart();
    loop_.run();
  }

 private:
  asio::io_context loop_{1};
};

}  // namespace promethean::async
