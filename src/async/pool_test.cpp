#include "async/pool.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "async/testing.h"

namespace promethean::async {
namespace {

using base::Code;
using base::Result;

TEST(BlockingPool, RunsElsewhereAndResumesHere) {
  TestLoop loop;
  BlockingPool pool(1);
  Context ctx(loop.core());
  const auto here = std::this_thread::get_id();
  const auto task = [](BlockingPool& threads, Context& context, std::thread::id home) -> Task<bool> {
    const auto there =
        co_await threads.run(context, [] { return Result<std::thread::id>(std::this_thread::get_id()); });
    co_return *there != home&& std::this_thread::get_id() == home;
  };
  EXPECT_TRUE(loop.run(task(pool, ctx, here)));
}

TEST(BlockingPool, GivesBackErrorsAndCatchesExceptions) {
  TestLoop loop;
  BlockingPool pool(1);
  Context ctx(loop.core());
  const auto failed = loop.run(pool.run(ctx, []() -> Result<int> { return base::fail(Code::kNotFound, "none"); }));
  EXPECT_EQ(failed.error().code(), Code::kNotFound);
  const auto threw = loop.run(pool.run(ctx, []() -> Result<int> { throw std::runtime_error("boom"); }));
  EXPECT_EQ(threw.error().code(), Code::kInternal);
  const auto value = loop.run(pool.run(ctx, [] { return Result<std::unique_ptr<int>>(std::make_unique<int>(3)); }));
  EXPECT_EQ(**value, 3);
}

TEST(BlockingPool, AFullQueueRefusesAtOnce) {
  TestLoop loop;
  BlockingPool pool(1, 1);
  Context ctx(loop.core());
  std::promise<void> gate, started;
  std::shared_future<void> open = gate.get_future().share();
  std::vector<Result<int>> results;
  const auto work = [](BlockingPool& threads, Context& context, std::function<Result<int>()> fn,
                       std::vector<Result<int>>& out) -> Task<void> {
    auto result = co_await threads.run(context, std::move(fn));
    out.push_back(std::move(result));
  };
  loop.spawn(work(
      pool, ctx,
      [open, &started] {
        started.set_value();
        open.wait();
        return Result<int>(1);
      },
      results));
  loop.settle();
  started.get_future().wait();
  loop.spawn(work(pool, ctx, [] { return Result<int>(2); }, results));
  loop.settle();
  EXPECT_EQ(pool.queued(), 1);
  loop.spawn(work(pool, ctx, [] { return Result<int>(3); }, results));
  loop.settle();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].error().code(), Code::kRateLimited);
  gate.set_value();
  loop.run_all();
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[1].value(), 1);
  EXPECT_EQ(results[2].value(), 2);
  EXPECT_EQ(pool.queued(), 0);
}

TEST(BlockingPool, WorkThatIsNotWantedAnyMoreDoesNotStart) {
  TestLoop loop;
  BlockingPool pool(1);
  Context busy(loop.core());
  Context ctx(loop.core());
  std::promise<void> gate, started;
  std::shared_future<void> open = gate.get_future().share();
  bool ran = false;
  std::optional<Result<int>> result;
  const auto block = [](BlockingPool& threads, Context& context, std::shared_future<void> wait,
                        std::promise<void>& begun) -> Task<void> {
    (void)co_await threads.run(context, [wait, &begun] {
      begun.set_value();
      wait.wait();
      return Result<int>(0);
    });
  };
  const auto queue = [](BlockingPool& threads, Context& context, bool& mark,
                        std::optional<Result<int>>& out) -> Task<void> {
    auto done = co_await threads.run(context, [&mark] {
      mark = true;
      return Result<int>(1);
    });
    out.emplace(std::move(done));
  };
  loop.spawn(block(pool, busy, open, started));
  loop.settle();
  started.get_future().wait();
  loop.spawn(queue(pool, ctx, ran, result));
  loop.settle();
  ctx.cancel(Code::kUnavailable);
  gate.set_value();
  loop.run_all();
  EXPECT_FALSE(ran);
  EXPECT_EQ(result->error().code(), Code::kUnavailable);
  EXPECT_EQ(loop.run(pool.run(ctx, [] { return Result<int>(1); })).error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace promethean::async
