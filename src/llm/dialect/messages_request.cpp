#include "llm/dialect/messages_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "llm/content.h"
#include "llm/dialect/messages_blocks.h"
#include "llm/errands.h"

namespace promethean::llm::messages {

namespace {

void copy(const json::Value& from, std::string_view key, json::Object& to, std::string_view as) {
  if (const json::Value* value = json::given(from, key)) to[as] = *value;
}

// Tools with a schema. The others are run by Anthropic's servers, or known to its models by heart.
json::Array functions(const json::Value& request) {
  json::Array out;
  const json::Array* tools = json::array_at(request, "tools");
  if (tools == nullptr) return out;
  for (const auto& tool : *tools) {
    const auto name = json::string_at(tool, "name");
    const json::Object* schema = json::object_at(tool, "input_schema");
    if (!name || schema == nullptr) continue;
    json::Object function{{"name", *name}, {"parameters", *schema}};
    copy(tool, "description", function, "description");
    out.emplace_back(json::Object{{"type", "function"}, {"function", std::move(function)}});
  }
  return out;
}

bool has_function(const json::Array& functions, std::string_view name) {
  return std::ranges::any_of(functions, [name](const json::Value& tool) {
    return json::string_at(*json::find(tool, "function"), "name") == name;
  });
}

base::Result<void> set_tools(const json::Value& request, json::Object& chat) {
  json::Array tools = functions(request);
  const json::Value* choice = json::given(request, "tool_choice");
  const auto type = choice == nullptr ? std::nullopt : json::string_at(*choice, "type");
  if (type == "tool") {
    const std::string name(json::string_at(*choice, "name").value_or(""));
    if (!has_function(tools, name)) {
      return base::fail(
          base::Error(base::Code::kInvalidArgument, "there is no tool '" + name + "' with an input_schema")
              .with_field("tool_choice.name"));
    }
    chat["tool_choice"] = json::Object{{"type", "function"}, {"function", json::Object{{"name", name}}}};
  }
  if (tools.empty()) return {};
  if (type == "auto" || type == "none") chat["tool_choice"] = *type;
  if (type == "any") chat["tool_choice"] = "required";
  if (choice != nullptr && json::bool_at(*choice, "disable_parallel_tool_use") == true)
    chat["parallel_tool_calls"] = false;
  chat["tools"] = std::move(tools);
  return {};
}

// Only a budget is a wish. `adaptive` leaves it to the model, and so do we: a backend whose model cannot think would
// refuse any effort. The bounds are those between which our Anthropic backend's budgets lie.
void set_thinking(const json::Value& request, json::Object& chat) {
  const json::Value* thinking = json::given(request, "thinking");
  if (thinking == nullptr || json::string_at(*thinking, "type") != "enabled") return;
  const int64_t budget = json::int_at(*thinking, "budget_tokens").value_or(0);
  chat["reasoning_effort"] = budget < 4'096 ? "low" : budget < 16'384 ? "medium" : "high";
}

void set_format(const json::Value& request, json::Object& chat) {
  const json::Value* config = json::given(request, "output_config");
  const json::Value* format = config == nullptr ? nullptr : json::given(*config, "format");
  if (format == nullptr) format = json::given(request, "output_format");
  if (format == nullptr || json::string_at(*format, "type") != "json_schema") return;
  const json::Object* schema = json::object_at(*format, "schema");
  if (schema == nullptr) return;
  chat["response_format"] =
      json::Object{{"type", "json_schema"}, {"json_schema", json::Object{{"name", "answer"}, {"schema", *schema}}}};
}

bool asks_for_itself(const json::Value& request, const std::string& last) {
  if (json::int_at(request, "max_tokens") == 1) return true;  // is anybody there, is there quota left
  const json::Value* system = json::find(request, "system");
  const std::string instructions = system == nullptr ? "" : text_of(*system);
  return is_errand(instructions, last);
}

bool has_outcome(const json::Value& message) {
  const json::Array* blocks = json::array_at(message, "content");
  return blocks != nullptr && std::ranges::any_of(*blocks, [](const json::Value& block) {
           return json::string_at(block, "type") == "tool_result";
         });
}

Speaker speaker_of(const json::Value& request) {
  const json::Array& messages = *json::array_at(request, "messages");
  const auto last = std::ranges::find_if(messages.rbegin(), messages.rend(), [](const json::Value& message) {
    return json::string_at(message, "role") != "system";
  });
  if (last == messages.rend()) return Speaker::kPerson;
  if (has_outcome(*last)) return Speaker::kTool;
  return asks_for_itself(request, text_of(*json::find(*last, "content"))) ? Speaker::kMachine : Speaker::kPerson;
}

void append_line(std::string& text, std::string_view more) {
  if (more.empty()) return;
  text += more;
  text += '\n';
}

}  // namespace

base::Result<Asked> to_chat(const json::Value& request) {
  auto messages = chat_messages(request);
  if (!messages) return base::fail(std::move(messages).error());
  Asked asked;
  asked.speaker = speaker_of(request);
  json::Object& chat = asked.chat;
  copy(request, "model", chat, "model");
  chat["messages"] = std::move(*messages);
  for (const std::string_view key : {"max_tokens", "temperature", "top_p", "top_k", "stream"})
    copy(request, key, chat, key);
  const json::Array* stop = json::array_at(request, "stop_sequences");
  if (stop != nullptr && !stop->empty()) chat["stop"] = *stop;
  if (const json::Value* metadata = json::given(request, "metadata")) copy(*metadata, "user_id", chat, "user");
  if (auto set = set_tools(request, chat); !set) return base::fail(std::move(set).error());
  set_thinking(request, chat);
  set_format(request, chat);
  return asked;
}

Countable countable(const json::Object& chat) {
  Countable out;
  for (const auto& message : *json::array_at(chat, "messages")) {
    append_line(out.text, json::string_at(message, "role").value_or(""));
    if (const json::Value* content = json::find(message, "content")) {
      append_line(out.text, content_text(*content));
      out.images += static_cast<int64_t>(image_urls(*content).size());
    }
    if (const json::Array* calls = json::array_at(message, "tool_calls")) append_line(out.text, json::write(*calls));
  }
  if (const json::Array* tools = json::array_at(chat, "tools")) append_line(out.text, json::write(*tools));
  return out;
}

}  // namespace promethean::llm::messages
