#include "llm/local/chat_request.h"

#include <utility>

#include "llm/local/tool_calls.h"

namespace promethean::llm::local {

const std::string_view kTokenizeBodySchema = R"({
  "type": "object",
  "properties": {
    "content": {"type": "string"},
    "messages": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["role"]}}
  }
})";

namespace {

constexpr int64_t kMostTokens = 1 << 20;

std::vector<std::string> stops_of(const json::Value& body) {
  if (const auto one = json::string_at(body, "stop")) return {std::string(*one)};
  std::vector<std::string> stops;
  if (const json::Array* list = json::array_at(body, "stop")) {
    for (const json::Value& stop : *list) stops.emplace_back(stop.get_string());
  }
  return stops;
}

// Nullopt: plain text. A JSON object of any shape is asked for by the schema {"type":"object"}.
base::Result<std::optional<json::Value>> answer_schema_of(const json::Value& body) {
  const json::Value* format = json::find(body, "response_format");
  const std::string_view type = format == nullptr ? "text" : json::string_at(*format, "type").value_or("text");
  if (type == "text") return std::nullopt;
  if (type == "json_object") return json::Value(json::Object{{"type", "object"}});
  const json::Value* named = json::find(*format, "json_schema");
  const json::Value* schema = named == nullptr ? nullptr : json::find(*named, "schema");
  if (schema == nullptr) return base::bad_field("response_format", "response_format.json_schema.schema is missing");
  return *schema;
}

base::Result<AnswerForm> form_of(const json::Value& body, json::Array& tools) {
  auto schema = answer_schema_of(body);
  if (!schema) return base::fail(std::move(schema).error());
  auto use = tool_use_of(body);
  if (!use) return base::fail(std::move(use).error());
  auto form = answer_form(*use, *schema ? &**schema : nullptr);
  if (form) tools = std::move(use->tools);
  return form;
}

}  // namespace

GenerateOptions options_of(const json::Value& body) {
  GenerateOptions options;
  options.temperature = json::number_at(body, "temperature").value_or(options.temperature);
  options.top_p = json::number_at(body, "top_p").value_or(options.top_p);
  options.frequency_penalty = json::number_at(body, "frequency_penalty").value_or(0);
  options.presence_penalty = json::number_at(body, "presence_penalty").value_or(0);
  if (const auto seed = json::int_at(body, "seed")) options.seed = static_cast<uint32_t>(*seed);
  // The newer name counts where both are given.
  const auto limit = json::int_at(body, "max_completion_tokens").value_or(json::int_at(body, "max_tokens").value_or(0));
  options.max_tokens = static_cast<int>(std::min(limit, kMostTokens));
  options.stop = stops_of(body);
  options.form.grammar = json::string_at(body, "grammar").value_or("");
  return options;
}

base::Result<ChatRequest> parse_chat_request(const json::Value& body) {
  if (auto ok = check_messages(*json::array_at(body, "messages")); !ok) return base::fail(std::move(ok).error());
  if (json::int_at(body, "n").value_or(1) != 1) {
    return base::bad_field("n", "this model gives one answer at a time",
                           "leave n out and ask again for another answer");
  }
  ChatRequest request;
  request.messages = *json::array_at(body, "messages");
  request.options = options_of(body);
  auto form = form_of(body, request.tools);
  if (!form) return base::fail(std::move(form).error());
  if (!form->grammar.empty() && !request.options.form.grammar.empty())
    return base::bad_field("grammar", "grammar excludes tools and response_format");
  if (!form->grammar.empty()) request.options.form = *std::move(form);
  request.stream = json::bool_at(body, "stream").value_or(false);
  const json::Value* stream_options = json::find(body, "stream_options");
  request.include_usage = stream_options != nullptr && json::bool_at(*stream_options, "include_usage").value_or(false);
  return request;
}

}  // namespace promethean::llm::local
