#include "async/together.h"

#include <gtest/gtest.h>

#include <string>

#include "async/context.h"
#include "async/testing.h"

namespace promethean::async {
namespace {

using base::Result;
using std::chrono::milliseconds;

Task<Result<int>> later(Context& ctx, milliseconds pause, int value) {
  auto slept = co_await sleep_for(ctx, pause);
  if (!slept) co_return base::fail(std::move(slept).error());
  co_return value;
}

TEST(Together, GivesEachResultInItsPlace) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto task = [](Context& context) -> Task<bool> {
    const auto [slow, quick] =
        co_await together(context.core(), later(context, milliseconds(20), 1), later(context, milliseconds(0), 2));
    co_return *slow == 1 && *quick == 2;
  };
  EXPECT_TRUE(loop.run(task(ctx)));
}

TEST(Together, TheTasksRunAtTheSameTime) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto begun = base::steady_now();
  const auto task = [](Context& context) -> Task<bool> {
    const auto [a, b, c] =
        co_await together(context.core(), later(context, milliseconds(200), 1), later(context, milliseconds(200), 2),
                          later(context, milliseconds(200), 3));
    co_return a&& b&& c;
  };
  EXPECT_TRUE(loop.run(task(ctx)));
  EXPECT_LT(base::steady_now() - begun, milliseconds(550));
}

TEST(Together, OneThatFailsOrThrowsDoesNotEndTheOthers) {
  TestLoop loop;
  Context ctx(loop.core());
  bool other = false;
  const auto broken = []() -> Task<int> {
    throw std::runtime_error("boom");
    co_return 0;
  };
  const auto slow = [](Context& context, bool& done) -> Task<int> {
    co_await sleep_for(context, milliseconds(20));
    done = true;
    co_return 1;
  };
  const auto task = [&](Context& context) -> Task<std::string> {
    try {
      co_await together(context.core(), broken(), slow(context, other));
    } catch (const std::runtime_error& e) {
      co_return e.what();
    }
    co_return "";
  };
  EXPECT_EQ(loop.run(task(ctx)), "boom");
  EXPECT_TRUE(other);
}

TEST(Together, AllHearOfTheEndOfTheirContext) {
  TestLoop loop;
  Context ctx(loop.core());
  const auto task = [](Context& context) -> Task<bool> {
    Context limited(context, base::steady_now() + milliseconds(10));
    const auto [a, b] =
        co_await together(context.core(), later(limited, milliseconds(60'000), 1), later(limited, milliseconds(0), 2));
    co_return !a && a.error().code() == base::Code::kDeadlineExceeded && b.has_value();
  };
  EXPECT_TRUE(loop.run(task(ctx)));
}

}  // namespace
}  // namespace promethean::async
