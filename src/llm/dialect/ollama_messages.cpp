#include "llm/dialect/ollama_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "llm/content.h"

namespace promethean::llm::ollama {

namespace {

using base::Result;

constexpr std::string_view kAborted = "aborted";      // the outcome of a call that was given up
constexpr std::string_view kUnknownTool = "unknown";  // called by a call that is gone, though its outcome is there

// How the base64 of each kind of image begins.
constexpr std::pair<std::string_view, std::string_view> kImages[] = {
    {"iVBORw0KGgo", "image/png"}, {"/9j/", "image/jpeg"}, {"R0lGOD", "image/gif"}, {"UklGR", "image/webp"}};

bool is_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

Result<json::Object> image_part(std::string_view data, const std::string& where) {
  if (const auto url = parse_data_url(data)) data = url->base64;
  if (!is_base64(data)) return base::bad_field(where, "an image is base64");
  const auto kind = std::ranges::find_if(kImages, [data](const auto& known) { return data.starts_with(known.first); });
  if (kind == std::end(kImages)) return base::bad_field(where, "the image is neither PNG, JPEG, GIF nor WebP");
  return json::Object{{"type", "image_url"},
                      {"image_url", json::Object{{"url", fmt::format("data:{};base64,{}", kind->second, data)}}}};
}

class Conversation {
 public:
  Result<void> add(const json::Value& message, const std::string& where);
  json::Array finish() &&;

 private:
  struct Call {
    std::string id, name;
  };

  void add_calls(const json::Array& calls, json::Object& message);
  void answer(const json::Value& message);
  Call take_call(const json::Value& message);
  void call_unknown(const json::Value& message);
  void give_up_open_calls();
  void push_outcome(const std::string& id, std::string_view text);
  std::string unique_id(std::string_view wish);

  json::Array messages_;
  std::vector<Call> open_;  // calls of the last assistant's message that are not answered yet
  std::set<std::string, std::less<>> ids_;
};

Result<void> Conversation::add(const json::Value& message, const std::string& where) {
  const std::string_view role = *json::string_at(message, "role");
  const std::string_view text = json::string_at(message, "content").value_or("");
  const json::Array* images = json::array_at(message, "images");
  if (role != "user" && images != nullptr && !images->empty())
    return base::bad_field(where + ".images", "only messages of role user have images");
  if (role == "tool") return answer(message), Result<void>();
  give_up_open_calls();
  if (role == "user") {
    auto content = user_content(text, images, where + ".images");
    if (!content) return base::fail(std::move(content).error());
    messages_.emplace_back(json::Object{{"role", role}, {"content", std::move(*content)}});
    return {};
  }
  json::Object turn{{"role", role}, {"content", text}};
  if (role == "assistant") {
    if (const auto thoughts = json::string_at(message, "thinking"); thoughts && !thoughts->empty())
      turn["reasoning_content"] = *thoughts;
    if (const json::Array* calls = json::array_at(message, "tool_calls")) add_calls(*calls, turn);
  }
  messages_.emplace_back(std::move(turn));
  return {};
}

void Conversation::add_calls(const json::Array& calls, json::Object& message) {
  json::Array out;
  for (const auto& call : calls) {
    const json::Value& function = *json::find(call, "function");
    const json::Object* arguments = json::object_at(function, "arguments");
    const std::string name(*json::string_at(function, "name"));
    open_.push_back({unique_id(json::string_at(call, "id").value_or("")), name});
    json::Object named{{"name", name}, {"arguments", arguments == nullptr ? "{}" : json::write(*arguments)}};
    out.emplace_back(json::Object{{"id", open_.back().id}, {"type", "function"}, {"function", std::move(named)}});
  }
  if (!out.empty()) message["tool_calls"] = std::move(out);
}

void Conversation::answer(const json::Value& message) {
  if (open_.empty()) call_unknown(message);
  push_outcome(take_call(message).id, json::string_at(message, "content").value_or(""));
}

// Which open call a tool's message answers: that of its id, else the first one of its tool, else the first.
Conversation::Call Conversation::take_call(const json::Value& message) {
  auto call = std::ranges::find(open_, json::string_at(message, "tool_call_id").value_or(""), &Call::id);
  if (call == open_.end()) {
    const std::string_view name =
        json::string_at(message, "tool_name").value_or(json::string_at(message, "name").value_or(""));
    call = std::ranges::find(open_, name, &Call::name);
  }
  if (call == open_.end()) call = open_.begin();
  Call taken = std::move(*call);
  open_.erase(call);
  return taken;
}

// Clients that shorten a conversation may cut between a call and its outcome.
void Conversation::call_unknown(const json::Value& message) {
  const std::string_view name = json::string_at(message, "tool_name").value_or("");
  const json::Array calls{json::Object{{"id", json::string_at(message, "tool_call_id").value_or("")},
                                       {"function", json::Object{{"name", name.empty() ? kUnknownTool : name}}}}};
  json::Object turn{{"role", "assistant"}, {"content", ""}};
  add_calls(calls, turn);
  messages_.emplace_back(std::move(turn));
}

void Conversation::give_up_open_calls() {
  for (const Call& call : std::exchange(open_, {})) push_outcome(call.id, kAborted);
}

void Conversation::push_outcome(const std::string& id, std::string_view text) {
  messages_.emplace_back(json::Object{{"role", "tool"}, {"tool_call_id", id}, {"content", text}});
}

// Counted, not drawn: the same conversation makes the same prompt each time, which keeps prompt caches working.
std::string Conversation::unique_id(std::string_view wish) {
  std::string id(wish);
  for (size_t number = ids_.size() + 1; id.empty() || !ids_.insert(id).second; ++number)
    id = fmt::format("call_{}", number);
  return id;
}

json::Array Conversation::finish() && {
  give_up_open_calls();
  return std::move(messages_);
}

}  // namespace

Result<json::Value> user_content(std::string_view text, const json::Array* images, const std::string& where) {
  if (images == nullptr || images->empty()) return json::Value(text);
  json::Array parts;
  if (!text.empty()) parts.emplace_back(json::Object{{"type", "text"}, {"text", text}});
  for (size_t i = 0; i < images->size(); ++i) {
    auto part = image_part((*images)[i].as_string(), fmt::format("{}[{}]", where, i));
    if (!part) return base::fail(std::move(part).error());
    parts.emplace_back(std::move(*part));
  }
  return parts;
}

Result<json::Array> chat_messages(const json::Array& messages) {
  Conversation conversation;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (auto ok = conversation.add(messages[i], fmt::format("messages[{}]", i)); !ok)
      return base::fail(std::move(ok).error());
  }
  return std::move(conversation).finish();
}

}  // namespace promethean::llm::ollama
