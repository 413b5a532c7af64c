// What the targets of all clients' dialects share.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "llm/chat.h"

namespace promethean::fuzz {

// Each call is answered once, right behind its message.
inline void check_calls(const json::Array& messages) {
  std::set<std::string> open;
  for (const auto& message : messages) {
    if (const auto id = json::string_at(message, "tool_call_id")) {
      CHECK(open.erase(std::string(*id)) == 1);
      continue;
    }
    CHECK(open.empty());
    const json::Array* calls = json::array_at(message, "tool_calls");
    if (calls == nullptr) continue;
    for (const auto& call : *calls) CHECK(open.emplace(*json::string_at(call, "id")).second);
  }
  CHECK(open.empty());
}

// What a backend says next, taken from `bytes`, of which there is one: a byte says of what kind the piece is, another
// how long it is.
inline llm::Delta next_delta(std::string_view& bytes) {
  const auto take = [&bytes](size_t most) {
    const std::string_view taken = bytes.substr(0, most);
    bytes.remove_prefix(taken.size());
    return std::string(taken);
  };
  const auto kind = static_cast<uint8_t>(take(1)[0]);
  const std::string size = take(1);
  std::string text = take(size.empty() ? 0 : static_cast<uint8_t>(size[0]) % 32);
  switch (kind % 6) {
    case 0:
      return {.content = std::move(text)};
    case 1:
      return {.reasoning = std::move(text)};
    case 2:
      return {.refusal = std::move(text)};
    case 3:
      return {.tool_calls = {{.index = kind / 6 % 4, .id = text, .name = text, .arguments = ""}}};
    case 4:
      return {.tool_calls = {{.index = kind / 6 % 4, .id = "", .name = "", .arguments = std::move(text)}}};
    default:
      return {.finish_reason = kind < 128 ? "tool_calls" : "length"};
  }
}

}  // namespace promethean::fuzz
