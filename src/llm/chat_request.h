// The body of OpenAI's "Create chat completion" and what is checked of it before anybody works on it: by the API for
// every backend, and by the worker, whose socket others may speak to. Source: OpenAI API reference, chat/create.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::llm {

// The property that asks for excerpts of the repository, the same in every dialect's schema, and its bounds.
inline constexpr int64_t kMaxCitations = 50;
inline constexpr int64_t kMaxExcerptTokens = 1'000'000;
inline constexpr std::string_view kRetrievalProperty = R"(
    "retrieval": {
      "type": ["object", "null"],
      "properties": {
        "enabled": {"type": "boolean"},
        "max_citations": {"type": "integer", "minimum": 0, "maximum": 50},
        "max_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000},
        "kind": {"enum": ["all", "code", "docs", "tests"]}
      }
    })";

// The property that names a session.
inline constexpr std::string_view kSessionProperty = R"(
    "session_id": {"type": ["string", "null"]})";

// JSON Schema of the body: types and bounds of the documented fields. Fields it does not know are accepted; what a
// backend gets of them is said in compatibility.h. A limit of 0 tokens counts as none given.
extern const std::string kChatRequestSchema;

// What the schema cannot say: which role must bring what, and the shape of each kind of content part. `messages`
// satisfies the schema. kInvalidArgument with the wrong field.
base::Result<void> check_messages(const json::Array& messages);

}  // namespace promethean::llm
