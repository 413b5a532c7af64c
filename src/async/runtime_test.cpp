#include "async/runtime.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <set>
#include <stdexcept>
#include <thread>

#include "async/context.h"

namespace promethean::async {
namespace {

TEST(Runtime, EachCoreHasAThreadOfItsOwn) {
  Runtime runtime(3, {});
  EXPECT_EQ(runtime.size(), 3);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> left{3};
  for (int i = 0; i < 3; ++i) {
    asio::post(runtime.core(i), [&] {
      {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      if (left.fetch_sub(1) == 1) runtime.stop();
    });
  }
  runtime.run();
  EXPECT_EQ(threads.size(), 3U);
  EXPECT_TRUE(threads.contains(std::this_thread::get_id()));  // core 0 is the caller's
}

Task<void> throws_runtime_error() {
  throw std::runtime_error("boom");
  co_return;
}
Task<void> throws_an_int() {
  throw 5;
  co_return;
}
Task<void> stop(Runtime& runtime) {
  runtime.stop();
  co_return;
}

TEST(Runtime, ATaskThatThrowsEndsAlone) {
  Runtime runtime(1, {});
  spawn(runtime.core(0), {}, "one", throws_runtime_error());
  spawn(runtime.core(0), {}, "two", throws_an_int());
  spawn(runtime.core(0), {}, "three", stop(runtime));
  runtime.run();
}

TEST(Runtime, AHandlerThatThrowsDoesNotEndTheLoop) {
  Runtime runtime(1, {});
  asio::post(runtime.core(0), [] { throw std::runtime_error("boom"); });
  asio::post(runtime.core(0), [&runtime] { runtime.stop(); });
  runtime.run();
}

Task<void> wait_long(std::shared_ptr<int> held, Executor core) {
  Context ctx(core);
  (void)co_await sleep_for(ctx, std::chrono::hours(1));
  (void)held;
}

TEST(Runtime, TasksThatStillWaitAreDestroyedWithIt) {
  auto held = std::make_shared<int>(1);
  {
    Runtime runtime(1, {});
    spawn(runtime.core(0), {}, "waiter", wait_long(held, runtime.core(0)));
    spawn(runtime.core(0), {}, "stop", stop(runtime));
    runtime.run();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Runtime, SignalsArriveOnCoreZeroEachTime) {
  Runtime runtime(2, {});
  int seen = 0;
  std::thread::id where;
  runtime.handle_signals([&](int signal) {
    EXPECT_EQ(signal, SIGTERM);
    where = std::this_thread::get_id();
    if (++seen == 2) return runtime.stop();
    ::kill(::getpid(), SIGTERM);
  });
  asio::post(runtime.core(0), [] { ::kill(::getpid(), SIGTERM); });
  runtime.run();
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(AvailableCores, IsAtLeastOne) {
  EXPECT_GE(available_cores(), 1);
}

}  // namespace
}  // namespace promethean::async
