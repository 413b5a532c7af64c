#include "async/context.h"

#include <gtest/gtest.h>

#include <vector>

#include "async/testing.h"

namespace promethean::async {
namespace {

using base::Code;
using base::SteadyTime;
using std::chrono::hours;
using std::chrono::milliseconds;

SteadyTime past() {
  return base::steady_now() - milliseconds(1);
}
SteadyTime future() {
  return base::steady_now() + hours(1);
}

TEST(Context, RunsUntilCancelled) {
  TestLoop loop;
  Context ctx(loop.core());
  const StopFlag flag = ctx.stop_flag();
  EXPECT_FALSE(ctx.done());
  EXPECT_TRUE(ctx.check());
  ctx.cancel();
  EXPECT_TRUE(ctx.done());
  EXPECT_TRUE(flag.stopped());
  EXPECT_EQ(ctx.check().error().code(), Code::kCancelled);
}

TEST(Context, TheFirstReasonStays) {
  TestLoop loop;
  Context ctx(loop.core());
  ctx.cancel(Code::kUnavailable);
  ctx.cancel(Code::kCancelled);
  EXPECT_EQ(ctx.error().code(), Code::kUnavailable);
}

TEST(Context, APassedDeadlineStaysTheReason) {
  TestLoop loop;
  Context ctx(loop.core(), past());
  EXPECT_TRUE(ctx.done());
  EXPECT_EQ(ctx.error().code(), Code::kDeadlineExceeded);
  ctx.cancel(Code::kCancelled);
  EXPECT_EQ(ctx.error().code(), Code::kDeadlineExceeded);
}

TEST(Context, HooksRunOnceNewestFirst) {
  TestLoop loop;
  Context ctx(loop.core());
  std::vector<int> ran;
  const auto one = ctx.on_cancel([&ran] { ran.push_back(1); });
  {
    const auto gone = ctx.on_cancel([&ran] { ran.push_back(99); });
  }
  const auto two = ctx.on_cancel([&ran] { ran.push_back(2); });
  ctx.cancel();
  ctx.cancel();
  EXPECT_EQ(ran, (std::vector<int>{2, 1}));
  const auto late = ctx.on_cancel([&ran] { ran.push_back(3); });
  EXPECT_EQ(ran.back(), 3);
}

TEST(Context, HooksMayBeRemovedInAnyOrderAndByOtherHooks) {
  TestLoop loop;
  Context ctx(loop.core());
  std::vector<int> ran;
  auto first = std::make_unique<Context::Hook>(ctx, [&ran] { ran.push_back(1); });
  auto second = std::make_unique<Context::Hook>(ctx, [&ran] { ran.push_back(2); });
  auto third = std::make_unique<Context::Hook>(ctx, [&ran] { ran.push_back(3); });
  second.reset();
  const auto remover = ctx.on_cancel([&first] { first.reset(); });
  ctx.cancel();
  EXPECT_EQ(ran, (std::vector<int>{3}));
}

TEST(Context, AHookMayOutliveItsContext) {
  TestLoop loop;
  auto ctx = std::make_unique<Context>(loop.core());
  Context::Hook hook(*ctx, [] { FAIL(); });
  ctx.reset();
}

TEST(Context, AChildEndsWithItsParent) {
  TestLoop loop;
  Context parent(loop.core());
  parent.trace.request_id = "r1";
  Context child(parent);
  Context grandchild(child);
  EXPECT_EQ(grandchild.trace.request_id, "r1");
  bool stopped = false;
  const auto hook = grandchild.on_cancel([&stopped] { stopped = true; });
  parent.cancel(Code::kUnavailable);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(grandchild.error().code(), Code::kUnavailable);
  Context late(parent);
  EXPECT_TRUE(late.done());
}

TEST(Context, AParentDoesNotEndWithItsChild) {
  TestLoop loop;
  Context parent(loop.core());
  {
    Context child(parent);
    child.cancel();
  }
  EXPECT_FALSE(parent.done());
  parent.cancel();
}

TEST(Context, AChildHasTheEarlierDeadline) {
  TestLoop loop;
  const SteadyTime soon = future();
  const SteadyTime later = soon + hours(1);
  Context parent(loop.core(), soon);
  EXPECT_EQ(Context(parent, later).deadline(), soon);
  EXPECT_EQ(Context(parent).deadline(), soon);
  Context open(loop.core());
  EXPECT_EQ(Context(open, later).deadline(), later);
}

TEST(Context, ADeadlineRunsTheHooks) {
  TestLoop loop;
  Context ctx(loop.core(), base::steady_now() + milliseconds(5));
  bool stopped = false;
  const auto hook = ctx.on_cancel([&stopped] { stopped = true; });
  EXPECT_FALSE(stopped);
  loop.run_all();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(ctx.error().code(), Code::kDeadlineExceeded);
}

TEST(Context, EachDeadlineEndsItsOwnContextAndNoneThatIsLater) {
  TestLoop loop;
  const auto now = base::steady_now();
  Context late(loop.core(), now + hours(1));
  const auto never = late.on_cancel([] { FAIL(); });
  std::vector<int> ended;
  Context second(loop.core(), now + milliseconds(6));
  const auto two = second.on_cancel([&ended] { ended.push_back(2); });
  // Ends one that is due at the same time, and starts another that is watched only now.
  std::optional<Context> other(std::in_place, loop.core(), now + milliseconds(3));
  std::optional<Context::Hook> gone(std::in_place, *other, [] { FAIL(); });
  std::optional<Context> third;
  std::optional<Context::Hook> three;
  Context first(loop.core(), now + milliseconds(3));
  const auto one = first.on_cancel([&] {
    ended.push_back(1);
    gone.reset();
    other.reset();
    third.emplace(loop.core(), now + milliseconds(9));
    three.emplace(*third, [&ended] { ended.push_back(3); });
  });
  loop.run(sleep_for(late, milliseconds(20)));
  EXPECT_EQ(ended, (std::vector{1, 2, 3}));
  EXPECT_FALSE(late.done());
}

TEST(Context, ADeadlineThatOutlivesItsContextDoesNothing) {
  TestLoop loop;
  {
    Context ctx(loop.core(), base::steady_now() + milliseconds(1));
    const auto hook = ctx.on_cancel([] { FAIL(); });
  }
  loop.run_all();
}

TEST(Context, IsWatchedOnlyOnceSomebodyWaits) {
  TestLoop loop;
  Context ctx(loop.core());
  int started = 0;
  ctx.when_waited([&started] { ++started; });
  EXPECT_EQ(started, 0);
  {
    const auto hook = ctx.on_cancel([] {});
  }
  {
    const auto hook = ctx.on_cancel([] {});
  }
  EXPECT_EQ(started, 1);
}

TEST(StopFlag, StopsWhatPollsAndKeepsTheReason) {
  TestLoop loop;
  Context ctx(loop.core());
  ctx.cancel(Code::kUnavailable);
  ctx.stop_flag().stop();
  EXPECT_EQ(ctx.error().code(), Code::kUnavailable);
  const StopFlag own;
  EXPECT_FALSE(own.stopped());
  own.stop();
  EXPECT_TRUE(own.stopped());
}

TEST(SleepFor, SleepsOrIsCancelled) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto before = base::steady_now();
  EXPECT_TRUE(loop.run(sleep_for(ctx, milliseconds(3))));
  EXPECT_GE(base::steady_now() - before, milliseconds(3));
  std::optional<base::Result<void>> result;
  const auto wait = [](Context& context, std::optional<base::Result<void>>& out) -> Task<void> {
    out = co_await sleep_for(context, hours(1));
  };
  loop.spawn(wait(ctx, result));
  loop.settle();
  EXPECT_FALSE(result);
  ctx.cancel();
  loop.settle();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code(), Code::kCancelled);
  EXPECT_FALSE(loop.run(sleep_for(ctx, hours(1))));
}

}  // namespace
}  // namespace promethean::async
