#include "base/strings.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace promethean::base {
namespace {

using Parts = std::vector<std::string_view>;

TEST(Strings, SplitGivesOnePartMoreThanSeparators) {
  EXPECT_EQ(split("a,b,,c", ','), (Parts{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ','), (Parts{""}));
  EXPECT_EQ(split(",", ','), (Parts{"", ""}));
}

TEST(Strings, TrimTakesWhiteSpaceAtBothEnds) {
  EXPECT_EQ(trim(" \t\r\n a b \f\v"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Strings, CaseIsAscii) {
  EXPECT_EQ(to_lower("ABC-é-Ü"), "abc-é-Ü");
  EXPECT_TRUE(iequals("Content-Type", "content-TYPE"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("[", "{"));
}

TEST(Strings, JoinPutsSeparatorsBetween) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"", ""}, "-"), "-");
}

// The twin: decode by the definition, then ask whether the code point may be written that way.
bool is_valid_twin(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned lead = byte(i);
    const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
      point = point << 6 | (byte(i + k) & 0x3F);
    }
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

TEST(Utf8, AgreesWithItsDefinition) {
  std::mt19937 random(1);
  constexpr unsigned char kBytes[] = {0x00, 'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                      0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  int valid = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (unsigned n = random() % 6; n > 0; --n) text += static_cast<char>(kBytes[random() % std::size(kBytes)]);
    ASSERT_EQ(is_valid_utf8(text), is_valid_twin(text)) << testing::PrintToString(text);
    valid += is_valid_utf8(text) ? 1 : 0;
    const std::string clean = sanitize_utf8(text);
    ASSERT_TRUE(is_valid_twin(clean));
    if (is_valid_twin(text)) ASSERT_EQ(clean, text);
  }
  EXPECT_GT(valid, 1'000);
}

TEST(Utf8, AnInvalidByteIsSeenWhereverItStands) {
  for (size_t size = 0; size < 40; ++size) {
    const std::string ascii(size, 'a');
    EXPECT_TRUE(is_valid_utf8(ascii));
    for (size_t at = 0; at < size; ++at) {
      std::string text = ascii;
      text[at] = '\x80';
      ASSERT_FALSE(is_valid_utf8(text)) << at << " of " << size;
      ASSERT_TRUE(is_valid_utf8(text.replace(at, 1, "\xC3\xA9"))) << at << " of " << size;
    }
  }
}

TEST(Utf8, EachInvalidByteBecomesOneMark) {
  EXPECT_EQ(sanitize_utf8("a\xFF\xFE"
                          "b"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(sanitize_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Numbers, ParseIntTakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_int("-42"), -42);
  EXPECT_EQ(parse_int("9223372036854775807"), std::numeric_limits<int64_t>::max());
  for (const char* text : {"", "9223372036854775808", "1 ", " 1", "+1", "0x1", "1.0", "--1", "one"}) {
    EXPECT_EQ(parse_int(text), std::nullopt) << text;
  }
}

TEST(Numbers, Durations) {
  EXPECT_EQ(parse_duration_ms("250ms"), 250);
  EXPECT_EQ(parse_duration_ms("10s"), 10'000);
  EXPECT_EQ(parse_duration_ms("5m"), 300'000);
  EXPECT_EQ(parse_duration_ms("12h"), 43'200'000);
  EXPECT_EQ(parse_duration_ms("30d"), 2'592'000'000);
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5S", "1.5s", "5sm", "9223372036854775807d"}) {
    EXPECT_EQ(parse_duration_ms(text), std::nullopt) << text;
  }
}

// The twin: the recursive definition of the restricted Damerau-Levenshtein distance.
size_t distance_twin(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const size_t change = a.back() == b.back() ? 0 : 1;
  size_t best =
      std::min({distance_twin(a.substr(0, a.size() - 1), b) + 1, distance_twin(a, b.substr(0, b.size() - 1)) + 1,
                distance_twin(a.substr(0, a.size() - 1), b.substr(0, b.size() - 1)) + change});
  if (a.size() > 1 && b.size() > 1 && a[a.size() - 1] == b[b.size() - 2] && a[a.size() - 2] == b[b.size() - 1]) {
    best = std::min(best, distance_twin(a.substr(0, a.size() - 2), b.substr(0, b.size() - 2)) + 1);
  }
  return best;
}

TEST(Nearest, DistanceAgreesWithItsDefinition) {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    std::string a, b;
    for (unsigned n = random() % 6; n > 0; --n) a += static_cast<char>('a' + random() % 3);
    for (unsigned n = random() % 6; n > 0; --n) b += static_cast<char>('a' + random() % 3);
    EXPECT_EQ(edit_distance(a, b), distance_twin(a, b)) << a << " " << b;
  }
}

TEST(Nearest, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> words = {"serve", "search", "index"};
  EXPECT_EQ(nearest("serach", words), "search");
  EXPECT_EQ(nearest("sreve", words), "serve");
  EXPECT_EQ(nearest("completely", words), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(ForPeople, BytesCountsAndDurations) {
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(12'345'678), "12.3 MB");
  EXPECT_EQ(human_bytes(999'960), "1.0 MB");
  EXPECT_EQ(human_bytes(std::numeric_limits<uint64_t>::max()), "18446744.1 TB");
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(78'579), "78,579");
  EXPECT_EQ(human_count(1'234'567), "1,234,567");
  EXPECT_EQ(human_duration(0.0123), "12 ms");
  EXPECT_EQ(human_duration(1.24), "1.2 s");
  EXPECT_EQ(human_duration(184), "3 min 4 s");
  EXPECT_EQ(human_duration(7'260), "2 h 1 min");
}

}  // namespace
}  // namespace promethean::base
