#include "llm/local/chat_request.h"

#include <utility>

#include "llm/local/sampling_request.h"
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

base::Result<ChatRequest> parse_chat_request(const json::Value& body, Token vocabulary) {
  if (auto ok = check_messages(*json::array_at(body, "messages")); !ok) return base::fail(std::move(ok).error());
  auto options = sampling_of(body, vocabulary);
  if (!options) return base::fail(std::move(options).error());
  const auto choices = choices_of(body);
  if (!choices) return base::fail(choices.error());
  ChatRequest request;
  request.messages = *json::array_at(body, "messages");
  request.options = *std::move(options);
  request.options.top_logprobs = chat_logprobs_of(body);
  request.choices = *choices;
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
