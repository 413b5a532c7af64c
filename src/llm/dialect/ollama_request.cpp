#include "llm/dialect/ollama_request.h"

#include <utility>

#include "llm/dialect/ollama_messages.h"

namespace promethean::llm::ollama {

namespace {

using base::Result;

// Under the same name in a chat.
constexpr std::string_view kSameOptions[] = {
    "temperature",      "top_p", "top_k", "min_p", "seed", "stop", "repeat_penalty", "presence_penalty",
    "frequency_penalty"};

void set_options(const json::Value& request, json::Object& body) {
  const json::Value* options = json::given(request, "options");
  if (options == nullptr) return;
  for (const std::string_view key : kSameOptions) {
    if (const json::Value* value = json::given(*options, key)) body[key] = *value;
  }
  // -1 and -2 say that nothing limits the answer but the context, which is so without a limit.
  if (const auto limit = json::int_at(*options, "num_predict"); limit && *limit > 0) body["max_tokens"] = *limit;
}

// `think` is for backends that know it; the others know an effort, and none of them a way to say "do not".
void set_think(const json::Value& request, json::Object& body) {
  const json::Value* think = json::given(request, "think");
  if (think == nullptr) return;
  body["think"] = *think;
  if (*think == true) body["reasoning_effort"] = "medium";
  if (think->is_string()) body["reasoning_effort"] = *think == "max" ? json::Value("high") : *think;
}

Result<void> set_format(const json::Value& request, json::Object& body) {
  const json::Value* format = json::given(request, "format");
  if (format == nullptr || *format == "") return {};
  if (*format == "json") {
    body["response_format"] = json::Object{{"type", "json_object"}};
    return {};
  }
  if (!format->is_object()) return base::bad_field("format", "the format is neither \"json\" nor a JSON schema");
  body["response_format"] =
      json::Object{{"type", "json_schema"}, {"json_schema", json::Object{{"name", "answer"}, {"schema", *format}}}};
  return {};
}

void set_tools(const json::Value& request, json::Object& body) {
  const json::Array* tools = json::array_at(request, "tools");
  if (tools == nullptr || tools->empty()) return;
  json::Array functions;
  for (const auto& tool : *tools)
    functions.emplace_back(json::Object{{"type", "function"}, {"function", *json::find(tool, "function")}});
  body["tools"] = std::move(functions);
}

void set_common(const json::Value& request, json::Object& body) {
  for (const std::string_view key : {"model", "logprobs", "top_logprobs"}) {
    if (const json::Value* value = json::given(request, key)) body[key] = *value;
  }
  set_options(request, body);
}

Result<Asked> chat_of(const json::Value& request, json::Array messages) {
  Asked asked;
  asked.body["messages"] = std::move(messages);
  set_common(request, asked.body);
  set_think(request, asked.body);
  if (auto ok = set_format(request, asked.body); !ok) return base::fail(std::move(ok).error());
  return asked;
}

bool has(const json::Value& request, std::string_view key) {
  const json::Value* value = json::given(request, key);
  if (value == nullptr || *value == "") return false;
  return !value->is_array() || !value->as_array().empty();
}

// A prompt that goes to the model as it is has nothing around it.
Result<Asked> completion_of(const json::Value& request, int64_t most_tokens) {
  for (const std::string_view key : {"system", "images", "format"}) {
    if (has(request, key))
      return base::bad_field(std::string(key),
                             "a prompt that is raw, or has a suffix, takes no '" + std::string(key) + "'");
  }
  if (json::bool_at(request, "logprobs") == true)
    return base::bad_field("logprobs", "a prompt that is raw, or has a suffix, has no logprobs here");
  Asked asked{.body = {{"prompt", json::string_at(request, "prompt").value_or("")}},
              .endpoint = Endpoint::kCompletions};
  if (has(request, "suffix")) asked.body["suffix"] = *json::find(request, "suffix");
  set_common(request, asked.body);
  for (const std::string_view key : {"logprobs", "top_logprobs"}) asked.body.erase(key);
  if (!asked.body.contains("max_tokens")) asked.body["max_tokens"] = most_tokens;
  return asked;
}

}  // namespace

bool has_messages(const json::Value& request) {
  return has(request, "messages");
}

bool has_prompt(const json::Value& request) {
  return has(request, "prompt") || has(request, "suffix") || has(request, "images");
}

bool wants_stream(const json::Value& request) {
  return json::bool_at(request, "stream").value_or(true);
}

bool wants_thoughts(const json::Value& request) {
  return json::bool_at(request, "think").value_or(true);
}

Result<Asked> from_chat(const json::Value& request) {
  auto messages = chat_messages(*json::array_at(request, "messages"));
  if (!messages) return base::fail(std::move(messages).error());
  auto asked = chat_of(request, std::move(*messages));
  if (asked) set_tools(request, asked->body);
  return asked;
}

Result<Asked> from_generate(const json::Value& request, int64_t most_tokens) {
  if (has(request, "template")) {
    return base::bad_field("template", "templates are not taken here: the model's own is used",
                           "send the whole prompt with \"raw\": true");
  }
  if (has(request, "context"))
    return base::bad_field("context", "a conversation is not remembered as tokens here", "use /api/chat");
  if (json::bool_at(request, "raw").value_or(false) || has(request, "suffix"))
    return completion_of(request, most_tokens);
  json::Array messages;
  if (has(request, "system"))
    messages.emplace_back(json::Object{{"role", "system"}, {"content", *json::find(request, "system")}});
  auto content =
      user_content(json::string_at(request, "prompt").value_or(""), json::array_at(request, "images"), "images");
  if (!content) return base::fail(std::move(content).error());
  messages.emplace_back(json::Object{{"role", "user"}, {"content", std::move(*content)}});
  return chat_of(request, std::move(messages));
}

}  // namespace promethean::llm::ollama
