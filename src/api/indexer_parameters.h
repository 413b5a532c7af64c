// What callers may say to the routes of indexer.cpp.
#pragma once

#include <string_view>

namespace promethean::api {

inline constexpr std::string_view kPathsSchema = R"({
  "title": "ReindexRequest", "type": "object",
  "properties": {
    "path": {"description": "A file, a directory, a glob, or a list of them.", "anyOf": [{"type": "string", "minLength": 1, "maxLength": 4096},
                       {"type": "array", "minItems": 1, "maxItems": 1000,
                        "items": {"type": "string", "minLength": 1, "maxLength": 4096}}]}
  },
  "examples": [{"path": "src"}]
})";

inline constexpr std::string_view kPathSchema = R"({
  "title": "IndexPathRequest", "type": "object",
  "properties": {"path": {"type": "string", "minLength": 1, "maxLength": 4096,
    "description": "The file, relative to the root."}},
  "examples": [{"path": "README.md"}]
})";

// As the original takes it too.
inline constexpr std::string_view kPathParameter = R"({
  "type": "object",
  "properties": {"path": {"type": "string", "maxLength": 4096, "description": "The same as in the body."}}
})";

inline constexpr std::string_view kLeftOutParameters = R"({
  "type": "object",
  "properties": {
    "reason": {"type": "string", "enum": ["binary", "generated", "vendored", "too_large", "unreadable", "removed",
      "ignored", "not_regular"], "description": "Only files that are left out for this."},
    "after": {"type": "string", "maxLength": 4096, "description": "Goes on behind this path: `next` of the page before."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 200, "description": "How many at most."}
  }
})";

inline constexpr std::string_view kNothingSchema = R"({"type": "object", "examples": [{}]})";

inline constexpr std::string_view kOperationSchema = R"({
  "title": "IndexerRequest", "type": "object", "required": ["op"],
  "properties": {
    "op": {"type": "string", "description": "What to do.", "enum": ["index", "remove", "reset", "reindex", "pause", "resume"]},
    "path": {"description": "A file, a directory, a glob, or a list of them; for index, remove and reindex.", "anyOf": [{"type": "string", "minLength": 1, "maxLength": 4096},
                       {"type": "array", "minItems": 1, "maxItems": 1000,
                        "items": {"type": "string", "minLength": 1, "maxLength": 4096}}]}
  },
  "examples": [{"op": "reindex", "path": "src"}]
})";

}  // namespace promethean::api
