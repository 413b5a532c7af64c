#include "http/sse.h"

#include <gtest/gtest.h>

#include <random>

namespace promethean::http {
namespace {

using Events = std::vector<SseEvent>;

// Feeds `bytes` in pieces that end at the given cuts.
std::optional<Events> parse(std::string_view bytes, const std::vector<size_t>& cuts = {}, size_t limit = 1 << 20) {
  SseParser parser(limit);
  Events events;
  size_t start = 0;
  const auto feed = [&](size_t end) {
    const auto fed =
        parser.feed(bytes.substr(start, end - start), [&](SseEvent event) { events.push_back(std::move(event)); });
    start = end;
    return fed.has_value();
  };
  for (const size_t cut : cuts) {
    if (!feed(cut)) return std::nullopt;
  }
  if (!feed(bytes.size())) return std::nullopt;
  return events;
}

// The slow twin, written from the standard's text: the whole stream at once, line by line.
Events whole(std::string bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  std::vector<std::string> lines;
  std::string line;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\r' && bytes[i] != '\n') {
      line += bytes[i];
      continue;
    }
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
    lines.push_back(std::exchange(line, ""));
  }
  Events events;
  std::string data, type, id;
  for (const std::string& text : lines) {
    if (text.empty()) {
      if (!data.empty()) {
        data.pop_back();
        events.push_back({.name = type.empty() ? "message" : type, .data = data, .id = id});
      }
      data.clear();
      type.clear();
      continue;
    }
    if (text[0] == ':') continue;
    const size_t colon = text.find(':');
    const std::string field = text.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (!value.empty() && value[0] == ' ') value.erase(0, 1);
    if (field == "data") data += value + "\n";
    if (field == "event") type = value;
    if (field == "id" && value.find('\0') == std::string::npos) id = value;
  }
  return events;
}

TEST(SseEvent, WritesFieldsAndLines) {
  EXPECT_EQ(sse_event("x"), "data: x\n\n");
  EXPECT_EQ(sse_event("a\nb\r\nc\rd", "n", "7"), "event: n\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(sse_event(""), "data: \n\n");
  EXPECT_EQ(sse_event("x\n"), "data: x\ndata: \n\n");
  EXPECT_EQ(sse_event("x", "a\nevent: b", "1\r2"), "event: aevent: b\nid: 12\ndata: x\n\n");
}

TEST(SseParser, UnderstandsTheStandardsExamples) {
  EXPECT_EQ(*parse("data: YHOO\ndata: +2\ndata: 10\n\n"), (Events{{"message", "YHOO\n+2\n10", ""}}));
  EXPECT_EQ(
      *parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
      (Events{{"message", "first event", "1"}, {"message", "second event", ""}, {"message", " third event", ""}}));
  EXPECT_EQ(*parse("data\n\ndata\ndata\n\ndata:"), (Events{{"message", "", ""}, {"message", "\n", ""}}));
  EXPECT_EQ(*parse("data:test\n\ndata: test\n\n"), (Events{{"message", "test", ""}, {"message", "test", ""}}));
}

TEST(SseParser, NamesLastForOneEventIdsForAllThatFollow) {
  EXPECT_EQ(*parse("event: a\nid: 1\ndata: x\n\ndata: y\n\nevent: b\n\ndata: z\n\n"),
            (Events{{"a", "x", "1"}, {"message", "y", "1"}, {"message", "z", "1"}}));
  EXPECT_EQ(*parse(std::string("id: 1\0\ndata: x\n\n", 16)), (Events{{"message", "x", ""}}));
}

TEST(SseParser, WhatIsNotFinishedIsNotAnEvent) {
  EXPECT_TRUE(parse("data: x\n")->empty());
  EXPECT_TRUE(parse("data: x")->empty());
  EXPECT_EQ(parse("data: x\r\n\r")->size(), 1U);
}

TEST(SseParser, ABomCountsOnlyAtTheStart) {
  EXPECT_EQ(*parse("\xEF\xBB\xBF"
                   "data: x\n\n",
                   {1, 2}),
            (Events{{"message", "x", ""}}));
  EXPECT_TRUE(parse("\n\xEF\xBB\xBF"
                    "data: x\n\n")
                  ->empty());
}

TEST(SseParser, BoundsAnEvent) {
  EXPECT_EQ(parse("data: " + std::string(200, 'x') + "\n\n", {}, 100), std::nullopt);
  std::string many;
  for (int i = 0; i < 50; ++i) many += "data: xxx\n";
  EXPECT_EQ(parse(many + "\n", {}, 100), std::nullopt);
  EXPECT_TRUE(parse(many.substr(0, 40) + "\n" + many.substr(0, 40) + "\n", {}, 100));
  SseParser parser(10);
  EXPECT_FALSE(parser.feed("data: 0123456789", [](SseEvent) {}));
  EXPECT_FALSE(parser.feed("\n\n", [](SseEvent) { FAIL(); }));
}

TEST(SseParser, AnyCutsGiveWhatTheWholeGives) {
  constexpr std::string_view kPieces[] = {
      "data", "data:", "data: ", "event: ", "id: ", "id:", ":", "\n",           "\n",
      "\r",   "\r\n",  "\n\n",   "x",       "yy",   " ",   "é", "\xEF\xBB\xBF", "retry: 5"};
  std::mt19937 random(5);
  size_t events = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string bytes;
    for (unsigned n = random() % 30; n > 0; --n) bytes += kPieces[random() % std::size(kPieces)];
    std::vector<size_t> cuts;
    for (size_t at = 0; at < bytes.size(); at += 1 + random() % 5) cuts.push_back(at);
    const Events expected = whole(bytes);
    events += expected.size();
    ASSERT_EQ(*parse(bytes, cuts), expected) << testing::PrintToString(bytes);
  }
  EXPECT_GT(events, 500U);
}

TEST(SseParser, ReadsWhatSseEventWrites) {
  std::mt19937 random(6);
  for (int i = 0; i < 500; ++i) {
    std::string data;
    for (unsigned n = random() % 10; n > 0; --n) data += random() % 3 == 0 ? "\n" : random() % 2 == 0 ? " :" : "data";
    EXPECT_EQ(*parse(sse_event(data, "n", "3")), (Events{{"n", data, "3"}}));
  }
}

}  // namespace
}  // namespace promethean::http
