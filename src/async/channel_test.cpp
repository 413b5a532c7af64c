#include "async/channel.h"

#include <gtest/gtest.h>

#include <thread>

#include "async/testing.h"

namespace promethean::async {
namespace {

using base::Code;
using Popped = base::Result<std::optional<int>>;

std::shared_ptr<Channel<int>> make(TestLoop& loop, size_t capacity) {
  return std::make_shared<Channel<int>>(loop.core(), capacity);
}

Task<void> pop_into(Context& ctx, std::shared_ptr<Channel<int>> channel, std::optional<Popped>& out) {
  out = co_await channel->pop(ctx);
}

TEST(Channel, HandsOutInOrder) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(channel->push(i));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(**loop.run(channel->pop(ctx)), i);
}

TEST(Channel, IsBounded) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 1);
  EXPECT_TRUE(channel->push(1));
  EXPECT_FALSE(channel->push(2));
  EXPECT_EQ(**loop.run(channel->pop(ctx)), 1);
  EXPECT_TRUE(channel->push(3));
}

TEST(Channel, APopWaitsForAPush) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 1);
  std::optional<Popped> popped;
  loop.spawn(pop_into(ctx, channel, popped));
  loop.settle();
  EXPECT_FALSE(popped);
  EXPECT_TRUE(channel->push(7));
  loop.settle();
  EXPECT_EQ(**popped.value(), 7);
}

TEST(Channel, ACloseHandsOutWhatIsLeft) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 2);
  EXPECT_TRUE(channel->push(1));
  channel->close();
  EXPECT_FALSE(channel->push(2));
  EXPECT_EQ(**loop.run(channel->pop(ctx)), 1);
  EXPECT_EQ(*loop.run(channel->pop(ctx)), std::nullopt);
  EXPECT_EQ(*loop.run(channel->pop(ctx)), std::nullopt);
}

TEST(Channel, AnErrorComesAfterWhatIsLeft) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 2);
  EXPECT_TRUE(channel->push(1));
  channel->close(base::Error(Code::kUnavailable, "broke off"));
  channel->close();  // the first call counts
  EXPECT_EQ(**loop.run(channel->pop(ctx)), 1);
  EXPECT_EQ(loop.run(channel->pop(ctx)).error().code(), Code::kUnavailable);
}

TEST(Channel, ACloseWakesTheWaiter) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 1);
  std::optional<Popped> popped;
  loop.spawn(pop_into(ctx, channel, popped));
  loop.settle();
  channel->close();
  loop.settle();
  EXPECT_EQ(*popped.value(), std::nullopt);
}

TEST(Channel, ACancelledContextEndsTheWaitAndLosesNothing) {
  TestLoop loop;
  const auto channel = make(loop, 1);
  {
    Context ctx(loop.core());
    std::optional<Popped> popped;
    loop.spawn(pop_into(ctx, channel, popped));
    loop.settle();
    ctx.cancel();
    EXPECT_TRUE(channel->push(1));
    loop.settle();
    EXPECT_EQ(popped.value().error().code(), Code::kCancelled);
  }
  Context ctx(loop.core());
  EXPECT_EQ(**loop.run(channel->pop(ctx)), 1);
}

Task<size_t> drain(Context& ctx, std::shared_ptr<Channel<int>> channel) {
  size_t count = 0;
  for (;;) {
    auto item = co_await channel->pop(ctx);
    if (!item || !*item) co_return count;
    ++count;
  }
}

TEST(Channel, ManyThreadsPushAndNothingIsLost) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto channel = make(loop, 16);
  constexpr int kThreads = 3, kEach = 5'000;
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        while (!channel->push(i)) std::this_thread::yield();
      }
      if (running.fetch_sub(1) == 1) channel->close();
    });
  }
  EXPECT_EQ(loop.run(drain(ctx, channel)), static_cast<size_t>(kThreads * kEach));
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace promethean::async
