// The schemas of the requests that a client of Ollama sends.
#include "llm/chat_request.h"
#include "llm/dialect/ollama_request.h"

namespace promethean::llm::ollama {

namespace {

// What chats and prompts have in common. The bounds of the options are those of the chat that is made of them.
constexpr std::string_view kCommon = R"(
    "model": {"type": "string", "maxLength": 256},
    "stream": {"type": ["boolean", "null"]},
    "format": {"type": ["string", "object", "null"]},
    "think": {"enum": [true, false, "low", "medium", "high", "max", null]},
    "keep_alive": {"type": ["string", "number", "null"]},
    "logprobs": {"type": ["boolean", "null"]},
    "top_logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "options": {
      "type": ["object", "null"],
      "properties": {
        "num_predict": {"type": ["integer", "null"], "minimum": -2},
        "num_ctx": {"type": ["integer", "null"], "minimum": 0},
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "top_k": {"type": ["integer", "null"], "minimum": 0},
        "min_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "seed": {"type": ["integer", "null"]},
        "stop": {"type": ["string", "array", "null"], "maxItems": 16, "items": {"type": "string"}},
        "repeat_penalty": {"type": ["number", "null"], "minimum": 0},
        "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
        "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2}
      }
    },)";

constexpr std::string_view kMessages = R"(
    "messages": {
      "type": ["array", "null"], "maxItems": 100000,
      "items": {
        "type": "object", "required": ["role"],
        "properties": {
          "role": {"enum": ["system", "user", "assistant", "tool"]},
          "content": {"type": ["string", "null"]},
          "thinking": {"type": ["string", "null"]},
          "images": {"type": ["array", "null"], "maxItems": 256, "items": {"type": "string"}},
          "tool_name": {"type": ["string", "null"]},
          "tool_call_id": {"type": ["string", "null"]},
          "tool_calls": {
            "type": ["array", "null"], "maxItems": 1024,
            "items": {
              "type": "object", "required": ["function"],
              "properties": {
                "id": {"type": ["string", "null"]},
                "function": {
                  "type": "object", "required": ["name"],
                  "properties": {"name": {"type": "string"}, "arguments": {"type": ["object", "null"]}}
                }
              }
            }
          }
        }
      }
    },
    "tools": {
      "type": ["array", "null"], "maxItems": 1024,
      "items": {
        "type": "object", "required": ["function"],
        "properties": {
          "type": {"enum": ["function", "", null]},
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
    },)";

constexpr std::string_view kPrompt = R"(
    "prompt": {"type": ["string", "null"]},
    "suffix": {"type": ["string", "null"]},
    "system": {"type": ["string", "null"]},
    "template": {"type": ["string", "null"]},
    "context": {"type": ["array", "null"], "items": {}},
    "raw": {"type": ["boolean", "null"]},
    "images": {"type": ["array", "null"], "maxItems": 256, "items": {"type": "string"}},)";

std::string schema_with(std::string_view example, std::string_view own) {
  return R"({"type": "object", "examples": [)" + std::string(example) + R"(], "properties": {)" + std::string(kCommon) +
         std::string(own) + std::string(kRetrievalProperty) + "," + std::string(kSessionProperty) + "}}";
}

}  // namespace

const std::string kChatSchema =
    schema_with(R"({"messages": [{"role": "user", "content": "Where is the configuration read?"}]})", kMessages);
const std::string kGenerateSchema = schema_with(R"({"prompt": "Where is the configuration read?"})", kPrompt);

const std::string_view kEmbedSchema = R"({
  "examples": [{"input": ["a text", "another"]}],
  "type": "object", "required": ["input"],
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "input": {"type": ["string", "array"], "items": {"type": "string"}},
    "truncate": {"type": ["boolean", "null"]},
    "dimensions": {"type": ["integer", "null"], "minimum": 0},
    "keep_alive": {"type": ["string", "number", "null"]},
    "options": {"type": ["object", "null"]}
  }
})";

const std::string_view kEmbeddingsSchema = R"({
  "examples": [{"prompt": "a text"}],
  "type": "object", "required": ["prompt"],
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "prompt": {"type": "string"},
    "keep_alive": {"type": ["string", "number", "null"]},
    "options": {"type": ["object", "null"]}
  }
})";

const std::string_view kNameSchema = R"({
  "examples": [{"model": "smollm2"}],
  "type": "object",
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "name": {"type": "string", "maxLength": 256},
    "stream": {"type": ["boolean", "null"]}
  }
})";

}  // namespace promethean::llm::ollama
