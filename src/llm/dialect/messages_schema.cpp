// The schema of a Messages request.
#include "llm/chat_request.h"
#include "llm/dialect/messages_request.h"

namespace promethean::llm::messages {

namespace {

constexpr std::string_view kProperties = R"("properties": {
    "model": {"type": "string", "maxLength": 256},
    "max_tokens": {"type": "integer", "minimum": 1},
    "messages": {
      "type": "array", "minItems": 1, "maxItems": 100000,
      "items": {
        "type": "object", "required": ["role", "content"],
        "properties": {
          "role": {"enum": ["user", "assistant", "system"]},
          "content": {"$ref": "#/definitions/MessageContent"}
        }
      }
    },
    "system": {"anyOf": [{"$ref": "#/definitions/MessageContent"}, {"type": "null"}]},
    "stream": {"type": ["boolean", "null"]},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "top_k": {"type": ["integer", "null"], "minimum": 0},
    "stop_sequences": {"type": ["array", "null"], "maxItems": 16, "items": {"type": "string"}},
    "metadata": {"type": ["object", "null"], "properties": {"user_id": {"type": ["string", "null"]}}},
    "thinking": {
      "type": ["object", "null"], "required": ["type"],
      "properties": {"type": {"type": "string"}, "budget_tokens": {"type": ["integer", "null"], "minimum": 0}}
    },
    "tools": {
      "type": ["array", "null"], "maxItems": 1024,
      "items": {
        "type": "object",
        "properties": {
          "type": {"type": ["string", "null"]},
          "name": {"type": "string", "minLength": 1, "maxLength": 256},
          "description": {"type": ["string", "null"]},
          "input_schema": {"type": ["object", "null"]}
        }
      }
    },
    "tool_choice": {
      "type": ["object", "null"], "required": ["type"],
      "properties": {
        "type": {"enum": ["auto", "any", "tool", "none"]},
        "name": {"type": ["string", "null"]},
        "disable_parallel_tool_use": {"type": ["boolean", "null"]}
      }
    },
    "output_format": {"$ref": "#/definitions/MessageFormat"},
    "output_config": {"type": ["object", "null"], "properties": {"format": {"$ref": "#/definitions/MessageFormat"}}},)";

constexpr std::string_view kDefinitions = R"(
  },
  "definitions": {
    "MessageContent": {
      "type": ["string", "array"],
      "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    },
    "MessageFormat": {
      "type": ["object", "null"], "required": ["type"],
      "properties": {"type": {"type": "string"}, "schema": {"type": "object"}}
    }
  })";

constexpr std::string_view kExample =
    R"({"max_tokens": 512, "messages": [{"role": "user", "content": "Where is the configuration read?"}]})";

std::string schema(std::string_view required) {
  return R"({"type": "object", "examples": [)" + std::string(kExample) + R"(], "required": )" + std::string(required) +
         ",\n  " + std::string(kProperties) + std::string(kRetrievalProperty) + "," + std::string(kSessionProperty) +
         std::string(kDefinitions) + "}";
}

}  // namespace

std::string request_schema() {
  return schema(R"(["messages", "max_tokens"])");
}

std::string count_schema() {
  return schema(R"(["messages"])");
}

}  // namespace promethean::llm::messages
