#include "search/stacktrace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> places(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& frame : parse_stacktrace(text)) {
    std::string place = frame.path + ":" + std::to_string(frame.line);
    if (frame.column > 0) place += ":" + std::to_string(frame.column);
    if (!frame.function.empty()) place += " " + frame.function;
    out.push_back(std::move(place));
  }
  return out;
}

TEST(Stacktrace, Python) {
  EXPECT_THAT(places("Traceback (most recent call last):\n"
                     "  File \"/srv/my app/shop.py\", line 12, in price\n    return 2 * weight\n"
                     "  File \"parcel.py\", line 4, in <module>\nZeroDivisionError: division by zero"),
              ElementsAre("/srv/my app/shop.py:12 price", "parcel.py:4 <module>"));
}

TEST(Stacktrace, JavaScript) {
  EXPECT_THAT(places("Error: x\n    at Object.run (/srv/app/src/a.js:10:15)\n    at async Promise.all (index 0)\n"
                     "    at file:///srv/app/b.mjs:3:7\n    at async load (node:internal/modules:5:1)\n"
                     "    at f (C:\\work\\x.ts:1:2)"),
              ElementsAre("/srv/app/src/a.js:10:15 Object.run", "/srv/app/b.mjs:3:7", "C:/work/x.ts:1:2 f"));
}

TEST(Stacktrace, JavaGoRustRubyPhpAndCSharp) {
  EXPECT_THAT(places("\tat com.acme.Shop.price(Shop.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"),
              ElementsAre("Shop.java:42 com.acme.Shop.price", "Thread.java:840 java.base/java.lang.Thread.run"));
  EXPECT_THAT(places("main.main()\n\t/home/u/app/main.go:17 +0x1d\nexit status 2"),
              ElementsAre("/home/u/app/main.go:17"));
  EXPECT_THAT(places("thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds"),
              ElementsAre("src/main.rs:4:5"));
  EXPECT_THAT(places("lib/shop.rb:3:in `price': boom (RuntimeError)"), ElementsAre("lib/shop.rb:3 price"));
  EXPECT_THAT(places("PHP Fatal error: x in /srv/a.php on line 9"), ElementsAre("/srv/a.php:9"));
  EXPECT_THAT(places("   at Acme.Shop.Price() in C:\\src\\Shop.cs:line 7"),
              ElementsAre("C:/src/Shop.cs:7 Acme.Shop.Price()"));
}

TEST(Stacktrace, Compilers) {
  EXPECT_THAT(places("src/a.c:3:5: error: expected ';'\nIn file included from ./b.h:7,\nsrc\\c.cpp(12): error C2065\n"
                     "src/d.ts(4,9): error TS2304"),
              ElementsAre("src/a.c:3:5", "./b.h:7", "src/c.cpp:12", "src/d.ts:4:9"));
}

TEST(Stacktrace, LeavesOtherColonsAlone) {
  EXPECT_THAT(places("at 10:30:15 the server localhost:8080 said http://x.org:80/a and ratio 3:2; Error: 12"),
              IsEmpty());
}

TEST(Stacktrace, IsWithoutRepeatsAndBounded) {
  EXPECT_THAT(places("a.c:1:2\na.c:1:2\nb.c:1"), ElementsAre("a.c:1:2", "b.c:1"));
  std::string many;
  for (int i = 1; i < 2000; ++i) many += "a.c:" + std::to_string(i) + "\n";
  EXPECT_EQ(parse_stacktrace(many).size(), kMaxFrames);
}

}  // namespace
}  // namespace promethean::search
