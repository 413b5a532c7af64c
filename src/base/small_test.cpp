// The small files of base/: errors, hashes, the clock, CHECK.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"

namespace promethean::base {
namespace {

TEST(Error, WrappingKeepsTheCodeAndTheCause) {
  const Error inner(Code::kNotFound, "no file", "look elsewhere");
  const Error outer = inner.wrap("open").wrap("load");
  EXPECT_EQ(outer.code(), Code::kNotFound);
  EXPECT_EQ(outer.message(), "load: open: no file");
  EXPECT_EQ(outer.hint(), "look elsewhere");
  ASSERT_NE(outer.cause(), nullptr);
  EXPECT_EQ(outer.cause()->cause()->message(), "no file");
  EXPECT_EQ(inner.cause(), nullptr);
  EXPECT_EQ(outer.with_hint("other").hint(), "other");
}

TEST(Error, ErrnoBecomesACode) {
  EXPECT_EQ(errno_error(ENOENT, "x").code(), Code::kNotFound);
  EXPECT_EQ(errno_error(EXDEV, "x").code(), Code::kPermissionDenied);
  EXPECT_EQ(errno_error(EEXIST, "x").code(), Code::kConflict);
  EXPECT_EQ(errno_error(ENOSPC, "x").code(), Code::kUnavailable);
  EXPECT_EQ(errno_error(EIO, "x").code(), Code::kInternal);
  EXPECT_EQ(errno_error(ENOENT, "open /x").message(), "open /x: No such file or directory");
}

TEST(Error, EachCodeHasAStatusAnExitCodeAndANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const auto code = static_cast<Code>(i);
    names.insert(code_name(code));
    EXPECT_GE(http_status(code), 400);
    EXPECT_LE(http_status(code), 504);
    EXPECT_GE(exit_code(code), 1);
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(Code::kInternal) + 1);
  EXPECT_EQ(exit_code(Code::kInvalidArgument), 2);
  EXPECT_EQ(exit_code(Code::kNotFound), 3);
  EXPECT_EQ(exit_code(Code::kUnavailable), 1);
}

TEST(Hash, KnownValues) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(hash64(""), 0x2D06800538D394C2U);  // XXH3_64bits of nothing
  EXPECT_EQ(hash8(""), "2d068005");
  EXPECT_EQ(hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
}

TEST(Hash, EqualityAndRandomness) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  EXPECT_TRUE(equal_constant_time("", ""));
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_hex(8));
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_EQ(random_hex(8).size(), 16U);
  EXPECT_EQ(random_hex(0), "");
}

TEST(Clock, WritesUtcWithMilliseconds) {
  EXPECT_EQ(iso8601(WallTime(std::chrono::milliseconds(1'764'029'841'123))), "2025-11-25T00:17:21.123Z");
  EXPECT_EQ(iso8601(WallTime()), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso8601(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(unix_seconds(WallTime(std::chrono::milliseconds(-1))), -1);
  EXPECT_EQ(unix_millis(WallTime(std::chrono::microseconds(1'999))), 1);
}

TEST(CheckDeathTest, NamesTheConditionAndThePlace) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "small_test.cpp:.*1 \\+ 1 == 3");
}

}  // namespace
}  // namespace promethean::base
