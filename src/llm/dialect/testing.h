// For the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"
#include "json/json.h"

namespace promethean::llm::responses {

inline json::Value json_of(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::Value();
}

// The events of a stream, each checked to say its type twice and to be the next in the sequence.
inline std::vector<json::Value> events_of(std::string_view stream) {
  std::vector<json::Value> events;
  http::SseParser parser;
  const auto fed = parser.feed(stream, [&events](const http::SseEvent& event) {
    events.push_back(json_of(event.data));
    EXPECT_EQ(json::string_at(events.back(), "type"), event.name);
    EXPECT_EQ(json::int_at(events.back(), "sequence_number"), static_cast<int64_t>(events.size()) - 1);
  });
  EXPECT_TRUE(fed);
  return events;
}

}  // namespace promethean::llm::responses
