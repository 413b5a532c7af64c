#include "json/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/strings.h"

namespace promethean::json {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? "no error" : parsed.error().message();
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonParse, ErrorsNameLineColumnAndReason) {
  EXPECT_EQ(error_of("{\"a\": 1,\n \"b\": x}"), "line 2, column 7: unexpected 'x'");
  EXPECT_EQ(error_of("[1,]"), "line 1, column 4: unexpected ']'");
  EXPECT_EQ(error_of("[1,2"), "line 1, column 5: the text ends too early");
  EXPECT_EQ(error_of("{} x"), "line 1, column 4: text after the end of the value");
  EXPECT_EQ(error_of(""), "line 1, column 1: the text ends too early");
  EXPECT_THAT(error_of("\"a\nb\""), HasSubstr("must be escaped"));
}

TEST(JsonParse, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(error_of("{\"a\":\"\xff\"}"), HasSubstr("invalid UTF-8"));
  EXPECT_THAT(error_of("\"\xC0\xAF\""), HasSubstr("invalid UTF-8"));      // overlong
  EXPECT_THAT(error_of("\"\xED\xA0\x80\""), HasSubstr("invalid UTF-8"));  // a surrogate
  EXPECT_NE(error_of("\"\\ud800\""), "no error");                         // half a pair
  EXPECT_NE(error_of("\xEF\xBB\xBF{}"), "no error");                      // RFC 8259: no BOM
}

TEST(JsonParse, LimitsDepth) {
  EXPECT_TRUE(parse(nested(kMaxDepth)));
  EXPECT_THAT(error_of(nested(kMaxDepth + 1)), HasSubstr("more than 64 levels"));
  EXPECT_FALSE(parse(nested(1'000'000)));
}

TEST(JsonParse, LimitsNumbersAndSize) {
  EXPECT_THAT(error_of("1e999"), HasSubstr("out of range"));
  EXPECT_THAT(error_of("{\"a\":[1, 2, {\"b\":-3e400}]}"), HasSubstr("out of range"));
  EXPECT_THAT(error_of("1e99999999999999"), HasSubstr("out of range"));
  const auto huge = parse(std::string(kMaxText + 1, ' '));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code(), base::Code::kTooLarge);
}

TEST(JsonParse, OfEqualKeysTheLastCounts) {
  EXPECT_EQ(int_at(*parse(R"({"a":1,"b":0,"a":2})"), "a"), 2);
}

TEST(JsonParse, RefusesWhatOtherDialectsTake) {
  for (const char* text :
       {"{'a':1}", "{a:1}", "[1] // x", "NaN",     "Infinity", "01", "+1", ".5", "1.", "\"\\x41\"", "[1 2]",
        "nul",     "tru",   "-",        "{\"a\"}", "{\"a\":}", "[",  "]",  ",",  "\"", "\"\\",      "\"\\u12"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

TEST(JsonAccess, MembersByNameAndType) {
  const Value value =
      *parse(R"({"s":"x","i":3,"w":3.0,"f":0.5,"u":18446744073709551615,"b":true,"a":[1],"o":{},"n":null})");
  EXPECT_EQ(string_at(value, "s"), "x");
  EXPECT_EQ(int_at(value, "i"), 3);
  EXPECT_EQ(int_at(value, "w"), 3);
  EXPECT_EQ(int_at(value, "f"), std::nullopt);
  EXPECT_EQ(int_at(value, "u"), std::nullopt);
  EXPECT_EQ(number_at(value, "i"), 3.0);
  EXPECT_EQ(number_at(value, "f"), 0.5);
  EXPECT_EQ(bool_at(value, "b"), true);
  EXPECT_EQ(array_at(value, "a")->size(), 1U);
  EXPECT_NE(object_at(value, "o"), nullptr);
  EXPECT_EQ(string_at(value, "i"), std::nullopt);
  EXPECT_EQ(bool_at(value, "n"), std::nullopt);
  EXPECT_EQ(number_at(value, "absent"), std::nullopt);
  EXPECT_EQ(find(Value("text"), "s"), nullptr);
}

TEST(JsonWrite, NumbersAsPeopleWriteThem) {
  EXPECT_EQ(write(Array{0.7, 1.5, -2, 1e300, true, nullptr}), "[0.7,1.5,-2,1e+300,true,null]");
  EXPECT_EQ(write(Value(std::numeric_limits<uint64_t>::max())), "18446744073709551615");
  EXPECT_EQ(write(Value(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
}

TEST(JsonWrite, WhatJsonCannotSay) {
  EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(write(Value(std::numeric_limits<double>::quiet_NaN())), "null");
  EXPECT_EQ(write(Value("a\xFF")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(quote("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonWrite, EscapesControlCharactersQuotesAndBackslashes) {
  EXPECT_EQ(quote(std::string_view("\"\\\n\r\t\b\f\0\x1f\x7f/", 11)), "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001f\x7f/\"");
}

TEST(JsonWrite, AByteIsEscapedWhereverItStands) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(byte);
      const std::string quoted = quote(text);
      ASSERT_EQ(quoted.size() > 22, byte < 0x20 || byte == '"' || byte == '\\') << byte << " at " << at;
      ASSERT_EQ(*parse(quoted), Value(text)) << byte << " at " << at;
    }
  }
}

TEST(JsonWrite, AppendsArraysAndObjectsAsTheValuesTheyAre) {
  std::string out = "x";
  append(out, Array{1, "a"});
  append(out, Object{{"b", nullptr}});
  append(out, Value(2));
  EXPECT_EQ(out, R"(x[1,"a"]{"b":null}2)");
}

TEST(JsonWrite, Pretty) {
  EXPECT_EQ(write_pretty(*parse(R"({"a":[1,{}],"b":{"c":[]}})")),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
}

class RandomValue {
 public:
  explicit RandomValue(unsigned seed) : random_(seed) {}

  Value make(int depth) {
    switch (pick(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return pick(2) == 0;
      case 2:
        return static_cast<int64_t>(random_());
      case 3:
        return std::numeric_limits<uint64_t>::max() - pick(1000);
      case 4:
        return std::ldexp(static_cast<double>(random_()), static_cast<int>(pick(400)) - 300);
      case 5:
        return text();
      case 6: {
        Array array;
        for (unsigned i = pick(4); i > 0; --i) array.push_back(make(depth - 1));
        return array;
      }
      default: {
        Object object;
        for (unsigned i = pick(4); i > 0; --i) object[text()] = make(depth - 1);
        return object;
      }
    }
  }

 private:
  boost::json::string text() {
    constexpr std::string_view kPieces[] = {"a", "\"", "\\", "\n", "\x01", "é", "\xF0\x9F\x99\x82", "\x7f", "{", " "};
    boost::json::string out;
    for (unsigned i = pick(6); i > 0; --i) out.append(kPieces[pick(std::size(kPieces))]);
    return out;
  }
  unsigned pick(size_t below) { return static_cast<unsigned>(random_() % below); }

  std::mt19937_64 random_;
};

bool close(const Value& a, const Value& b) {
  if (a.is_double() && b.is_double())
    return std::abs(a.get_double() - b.get_double()) <= std::abs(a.get_double()) * 1e-14;
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), close);
  if (!a.is_object() || !b.is_object())
    return a == b || (a.is_number() && b.is_number() && a.to_number<double>() == b.to_number<double>());
  return std::ranges::equal(a.get_object(), b.get_object(), [](const auto& x, const auto& y) {
    return x.key() == y.key() && close(x.value(), y.value());
  });
}

TEST(JsonRoundTrip, WhatIsWrittenReadsBackTheSame) {
  RandomValue random(7);
  for (int i = 0; i < 2'000; ++i) {
    const Value value = random.make(5);
    for (const std::string& text : {write(value), write_pretty(value)}) {
      const auto back = parse(text);
      ASSERT_TRUE(back) << back.error().message() << "\n" << text;
      EXPECT_TRUE(close(value, *back)) << text;
    }
  }
}

TEST(JsonRoundTrip, NoCutTextIsTakenForWhole) {
  const std::string text = R"({"a":[1,2.5,"x\u00e9\"",{"b":null}],"c":true})";
  ASSERT_TRUE(parse(text));
  for (size_t i = 0; i < text.size(); ++i) EXPECT_FALSE(parse(std::string_view(text).substr(0, i))) << i;
}

}  // namespace
}  // namespace promethean::json
