#include "llm/chat_request.h"
#include "llm/dialect/responses_request.h"

namespace promethean::llm::responses {

const std::string kResponsesRequestSchema = R"({
  "type": "object",
  "examples": [{"model": "smollm2", "input": "Where is the configuration read?"}],
  "properties": {
    "model": {"type": ["string", "null"], "maxLength": 256},
    "input": {"type": ["string", "array", "null"], "maxItems": 16384, "items": {"type": "object"}},
    "instructions": {"type": ["string", "null"]},
    "previous_response_id": {"type": ["string", "null"], "maxLength": 256},
    "stream": {"type": ["boolean", "null"]},
    "store": {"type": ["boolean", "null"]},
    "background": {"type": ["boolean", "null"]},
    "tools": {
      "type": ["array", "null"], "maxItems": 1024,
      "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    },
    "tool_choice": {"type": ["string", "object", "null"]},
    "parallel_tool_calls": {"type": ["boolean", "null"]},
    "max_tool_calls": {"type": ["integer", "null"], "minimum": 0},
    "max_output_tokens": {"type": ["integer", "null"], "minimum": 0},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "top_logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "reasoning": {
      "type": ["object", "null"],
      "properties": {"effort": {"type": ["string", "null"]}, "summary": {"type": ["string", "null"]}}
    },
    "text": {
      "type": ["object", "null"],
      "properties": {
        "verbosity": {"type": ["string", "null"]},
        "format": {
          "type": ["object", "null"], "required": ["type"],
          "properties": {
            "type": {"enum": ["text", "json_object", "json_schema"]},
            "name": {"type": ["string", "null"]},
            "description": {"type": ["string", "null"]},
            "schema": {"type": "object"},
            "strict": {"type": ["boolean", "null"]}
          }
        }
      }
    },
    "include": {"type": ["array", "null"], "items": {"type": "string"}},
    "truncation": {"type": ["string", "null"]},
    "metadata": {"type": ["object", "null"]},
    "stream_options": {"type": ["object", "null"]},
    "service_tier": {"type": ["string", "null"]},
    "user": {"type": ["string", "null"]},
    "safety_identifier": {"type": ["string", "null"]},
    "prompt_cache_key": {"type": ["string", "null"]},)" +
                                            std::string(kRetrievalProperty) + R"(
  }
})";

}  // namespace promethean::llm::responses
