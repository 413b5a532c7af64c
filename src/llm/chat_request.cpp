#include "llm/chat_request.h"

#include <fmt/format.h>

namespace promethean::llm {

const std::string kChatRequestSchema = R"({
  "type": "object",
  "examples": [{"messages": [{"role": "user", "content": "Where is the configuration read?"}]}],
  "required": ["messages"],
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "messages": {
      "type": "array", "minItems": 1, "maxItems": 4096,
      "items": {
        "type": "object", "required": ["role"],
        "properties": {
          "role": {"enum": ["system", "developer", "user", "assistant", "tool", "function"]},
          "content": {
            "type": ["string", "array", "null"],
            "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}, "text": {"type": "string"}}}
          },
          "name": {"type": ["string", "null"]},
          "refusal": {"type": ["string", "null"]},
          "tool_call_id": {"type": ["string", "null"]},
          "tool_calls": {
            "type": ["array", "null"],
            "items": {
              "type": "object",
              "properties": {
                "id": {"type": ["string", "null"]},
                "type": {"enum": ["function", "custom"]},
                "function": {
                  "type": "object", "required": ["name"],
                  "properties": {"name": {"type": "string"}, "arguments": {"type": ["string", "null"]}}
                }
              }
            }
          }
        }
      }
    },
    "stream": {"type": ["boolean", "null"]},
    "stream_options": {"type": ["object", "null"], "properties": {"include_usage": {"type": ["boolean", "null"]}}},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "max_tokens": {"type": ["integer", "null"], "minimum": 0},
    "max_completion_tokens": {"type": ["integer", "null"], "minimum": 0},
    "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
    "seed": {"type": ["integer", "null"]},
    "stop": {"type": ["string", "array", "null"], "maxItems": 16, "items": {"type": "string"}},
    "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "logit_bias": {"type": ["object", "null"], "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100}},
    "logprobs": {"type": ["boolean", "null"]},
    "top_logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "tools": {
      "type": ["array", "null"], "maxItems": 1024,
      "items": {
        "type": "object", "required": ["type"],
        "properties": {
          "type": {"type": "string"},
          "function": {
            "type": "object", "required": ["name"],
            "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 256},
              "description": {"type": ["string", "null"]},
              "parameters": {"type": ["object", "null"]}
            }
          }
        }
      }
    },
    "tool_choice": {"type": ["string", "object", "null"]},
    "parallel_tool_calls": {"type": ["boolean", "null"]},
    "response_format": {
      "type": ["object", "null"], "required": ["type"],
      "properties": {
        "type": {"enum": ["text", "json_object", "json_schema"]},
        "json_schema": {
          "type": "object",
          "properties": {"name": {"type": "string"}, "schema": {"type": "object"}, "strict": {"type": ["boolean", "null"]}}
        }
      }
    },
    "reasoning_effort": {"type": ["string", "null"]},
    "functions": {"type": ["array", "null"], "items": {"type": "object", "required": ["name"]}},
    "function_call": {"type": ["string", "object", "null"]},)" +
                                       std::string(kRetrievalProperty) + "," + std::string(kSessionProperty) +
                                       R"(,
    "grammar": {"type": ["string", "null"], "maxLength": 65536},
    "top_k": {"type": ["integer", "null"]},
    "min_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "repeat_penalty": {"type": ["number", "null"], "minimum": 0},
    "think": {"type": ["boolean", "string", "null"]}
  }
})";

namespace {

base::Result<void> check_part(const json::Value& part, std::string_view role, const std::string& where) {
  const std::string_view type = *json::string_at(part, "type");
  if (type == "text") {
    if (json::string_at(part, "text")) return {};
    return base::bad_field(where + ".text", "a part of type text has its text in 'text'");
  }
  if (type == "refusal" && role == "assistant") return {};
  if (role != "user") {
    return base::bad_field(where + ".type", fmt::format("a message of role {} has no parts of type '{}'", role, type),
                           "use parts of type text");
  }
  if (type == "image_url") {
    const json::Value* image = json::find(part, "image_url");
    if (image != nullptr && json::string_at(*image, "url")) return {};
    return base::bad_field(where + ".image_url", "a part of type image_url has {\"url\": \"...\"} in 'image_url'");
  }
  if (type == "input_audio" || type == "file") {
    if (json::object_at(part, type) != nullptr) return {};
    return base::bad_field(fmt::format("{}.{}", where, type),
                           fmt::format("a part of type {0} has an object in '{0}'", type));
  }
  return base::bad_field(where + ".type", fmt::format("'{}' is not a type of content part", type),
                         "use text, image_url, input_audio or file");
}

base::Result<void> check_message(const json::Value& message, const std::string& where) {
  const std::string_view role = *json::string_at(message, "role");
  if (role == "tool" && json::given(message, "tool_call_id") == nullptr) {
    return base::bad_field(where + ".tool_call_id", "a message of role tool names the call that it answers");
  }
  if (const json::Array* parts = json::array_at(message, "content")) {
    if (parts->empty()) return base::bad_field(where + ".content", "this message has no content");
    for (size_t i = 0; i < parts->size(); ++i) {
      if (auto ok = check_part((*parts)[i], role, fmt::format("{}.content[{}]", where, i)); !ok) return ok;
    }
    return {};
  }
  // An assistant's turn may be calls or nothing at all; the others have something to say.
  if (role != "assistant" && json::given(message, "content") == nullptr)
    return base::bad_field(where + ".content", "this message has no content");
  return {};
}

}  // namespace

base::Result<void> check_messages(const json::Array& messages) {
  for (size_t i = 0; i < messages.size(); ++i) {
    if (auto ok = check_message(messages[i], fmt::format("messages[{}]", i)); !ok) return ok;
  }
  return {};
}

}  // namespace promethean::llm
