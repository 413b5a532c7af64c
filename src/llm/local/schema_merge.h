// Two JSON Schemas as one that both must let through: how allOf, and keywords beside $ref or anyOf, are understood.
#pragma once

#include "json/json.h"

namespace promethean::llm::local {

// kInvalidArgument when a keyword of both cannot be joined (two different patterns).
base::Result<json::Object> merge_schemas(json::Object a, json::Object b);

// A keyword that says nothing about values: title, description, definitions, or one that JSON Schema does not know.
bool is_annotation(std::string_view keyword);

}  // namespace promethean::llm::local
