// What callers may say to the routes of indexer.cpp.
#pragma once

#include <string_view>

namespace promethean::api {

inline constexpr std::string_view kPathsSchema = R"({
  "title": "ReindexRequest", "type": "object",
  "properties": {
    "path": {
      "description": "A file, a directory, a glob, or a list of them.",
      "anyOf": [{"type": "string", "minLength": 1, "maxLength": 4096},
                {"type": "array", "minItems": 1, "maxItems": 1000,
                 "items": {"type": "string", "minLength": 1, "maxLength": 4096}}]
    }
  },
  "examples": [{"path": "README.md"}]
})";

inline constexpr std::string_view kPathSchema = R"({
  "title": "IndexPathRequest", "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A file, relative to the root."}
  },
  "examples": [{"path": "README.md"}]
})";

inline constexpr std::string_view kNothingSchema = R"({"type": "object"})";

inline constexpr std::string_view kOperationSchema = R"({
  "title": "IndexerRequest", "type": "object", "required": ["op"],
  "properties": {
    "op": {"enum": ["index", "remove", "reset", "reindex", "pause", "resume"],
      "description": "index, remove: `path`; reindex: `path`, or everything without it."},
    "path": {
      "description": "A file, a directory, a glob, or a list of them.",
      "anyOf": [{"type": "string", "minLength": 1, "maxLength": 4096},
                {"type": "array", "minItems": 1, "maxItems": 1000,
                 "items": {"type": "string", "minLength": 1, "maxLength": 4096}}]
    }
  },
  "examples": [{"op": "reindex", "path": "README.md"}]
})";

// Where the original takes the path, too.
inline constexpr std::string_view kPathParameters = R"({
  "type": "object",
  "properties": {
    "path": {"type": "string", "maxLength": 4096, "description": "The same as `path` in the body, which goes before it."}
  }
})";

inline constexpr std::string_view kLeftOutParameters = R"({
  "type": "object",
  "properties": {
    "reason": {"type": "string", "description": "Only files that are left out for this reason.", "enum": ["binary",
      "generated", "vendored", "too_large", "unreadable", "removed", "ignored", "not_regular"]},
    "after": {"type": "string", "maxLength": 4096, "description": "Go on behind this path: `next` of the page before."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 200, "description": "Files of one page."}
  }
})";

}  // namespace promethean::api
