#include "llm/history.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "llm/content.h"

namespace promethean::llm {

namespace {

std::string_view role_of(const json::Value& message) {
  return json::string_at(message, "role").value_or("");
}

// Messages that stay or go together.
struct Step {
  size_t begin = 0;
  size_t end = 0;
  bool user = false;
  size_t bytes = 0;
};

std::vector<Step> steps_of(const json::Array& messages) {
  std::vector<Step> steps;
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto role = role_of(messages[i]);
    const bool result = role == "tool" || role == "function";
    if (!result || steps.empty()) steps.push_back({.begin = i, .user = role == "user"});
    steps.back().end = i + 1;
    steps.back().bytes += json::write(messages[i]).size();
  }
  return steps;
}

bool begins_turn(const std::vector<Step>& steps, size_t i) {
  return steps[i].user && (i == 0 || !steps[i - 1].user);
}

// The steps that go next: the first turn, or of the only one its first step after the user's words. Empty: none may.
std::pair<size_t, size_t> next_to_go(const std::vector<Step>& steps, size_t keep_from) {
  size_t turn_end = 1;
  while (turn_end < steps.size() && !begins_turn(steps, turn_end)) ++turn_end;
  if (turn_end < steps.size() && steps[turn_end - 1].end <= keep_from) return {0, turn_end};
  size_t step = 0;
  while (step < steps.size() && steps[step].user) ++step;
  if (step < steps.size() && steps[step].end <= keep_from) return {step, step + 1};
  return {0, 0};
}

std::set<std::string_view> ids_of_calls(const json::Value& message) {
  std::set<std::string_view> ids;
  const json::Array* calls = json::array_at(message, "tool_calls");
  if (calls == nullptr) return ids;
  for (const auto& call : *calls) ids.insert(json::string_at(call, "id").value_or(""));
  return ids;
}

bool same_message(const json::Value& a, const json::Value& b) {
  const auto text = [](const json::Value& message) {
    const json::Value* content = json::find(message, "content");
    return content == nullptr ? std::string() : content_text(*content);
  };
  return role_of(a) == role_of(b) && text(a) == text(b) && ids_of_calls(a) == ids_of_calls(b);
}

}  // namespace

bool is_instruction(const json::Value& message) {
  return role_of(message) == "system" || role_of(message) == "developer";
}

size_t shorten(json::Array& messages, size_t keep_from, const HistoryLimits& limits) {
  auto steps = steps_of(messages);
  size_t count = messages.size();
  size_t bytes = 0;
  for (const auto& step : steps) bytes += step.bytes;
  const auto over = [&] {
    return (limits.messages > 0 && count > limits.messages) || (limits.bytes > 0 && bytes > limits.bytes);
  };
  while (over() && !steps.empty()) {
    const auto [from, to] = next_to_go(steps, keep_from);
    if (from == to) break;
    for (size_t i = from; i < to; ++i) {
      count -= steps[i].end - steps[i].begin;
      bytes -= steps[i].bytes;
    }
    steps.erase(steps.begin() + static_cast<ptrdiff_t>(from), steps.begin() + static_cast<ptrdiff_t>(to));
  }
  json::Array kept;
  for (const auto& step : steps) {
    for (size_t i = step.begin; i < step.end; ++i) kept.push_back(std::move(messages[i]));
  }
  const size_t gone = messages.size() - kept.size();
  messages = std::move(kept);
  return gone;
}

void drop_unanswered_calls(json::Array& messages) {
  json::Array kept;
  for (const auto& step : steps_of(messages)) {
    const auto asked = ids_of_calls(messages[step.begin]);
    std::set<std::string_view> answered;
    for (size_t i = step.begin + 1; i < step.end; ++i)
      answered.insert(json::string_at(messages[i], "tool_call_id").value_or(""));
    if (step.end == messages.size() || std::ranges::includes(answered, asked)) {
      for (size_t i = step.begin; i < step.end; ++i) kept.push_back(messages[i]);
      continue;
    }
    // What the assistant said beside the calls is still a part of the conversation.
    json::Object message = messages[step.begin].as_object();
    message.erase("tool_calls");
    const json::Value* content = json::given(message, "content");
    if (content != nullptr && !content_text(*content).empty()) kept.push_back(std::move(message));
  }
  messages = std::move(kept);
}

bool goes_on_from(const json::Array& messages, const json::Array& history) {
  if (messages.size() <= history.size()) return false;
  const auto* last = messages.end() - 1;
  return history.empty() || std::search(messages.begin(), last, history.begin(), history.end(), same_message) != last;
}

}  // namespace promethean::llm
