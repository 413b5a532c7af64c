// What callers may say to the routes of files.cpp.
#pragma once

#include <string_view>

namespace promethean::api {

inline constexpr std::string_view kListParameters = R"({
  "type": "object",
  "properties": {
    "path": {"type": "string", "maxLength": 4096, "default": ".", "examples": ["src"],
      "description": "The directory, relative to the root; a leading / or ./ does no harm."},
    "type": {"type": "string", "enum": ["file", "dir"], "description": "Only entries of this type."},
    "hidden": {"type": "boolean", "default": false, "description": "Also what begins with a dot; never .git."}
  }
})";

inline constexpr std::string_view kTreeParameters = R"({
  "type": "object",
  "properties": {
    "path": {"type": "string", "maxLength": 4096, "default": ".", "examples": ["src"],
      "description": "The directory, relative to the root."},
    "depth": {"type": "integer", "minimum": 0, "maximum": 64, "default": 1, "examples": [2],
      "description": "How many levels below it."},
    "hidden": {"type": "boolean", "default": false, "description": "Also what begins with a dot; never .git."}
  }
})";

inline constexpr std::string_view kViewParameters = R"({
  "type": "object", "required": ["path"],
  "properties": {
    "path": {"type": "string", "maxLength": 4096, "examples": ["README.md"],
      "description": "The file, relative to the root; a leading / or ./ does no harm."},
    "line": {"type": "integer", "minimum": 1, "maximum": 4000000000, "default": 1,
      "description": "The line in the middle, from 1. One behind the end means the last."},
    "context": {"type": "integer", "minimum": 0, "maximum": 10000, "default": 25,
      "description": "How many lines before and after it."}
  }
})";

inline constexpr std::string_view kFilesParameters = R"({
  "type": "object",
  "properties": {
    "path": {"type": "string", "maxLength": 4096, "default": ".", "examples": ["README.md"],
      "description": "A directory or a file, relative to the root."},
    "tree": {"type": "boolean", "default": false, "description": "A directory as a tree instead of a flat list."},
    "depth": {"type": "integer", "minimum": 0, "maximum": 64, "default": 2,
      "description": "How many levels below a directory."},
    "type": {"type": "string", "enum": ["file", "dir"], "description": "Only entries of this type, in a flat list."},
    "hidden": {"type": "boolean", "default": false, "description": "Also what begins with a dot; never .git."},
    "line": {"type": "integer", "minimum": 1, "maximum": 4000000000, "default": 1,
      "description": "The line in the middle, from 1. One behind the end means the last."},
    "context": {"type": "integer", "minimum": 0, "maximum": 10000, "default": 25,
      "description": "How many lines before and after it."}
  }
})";

// `text`, or `trace` as some clients of the original call it.
inline constexpr std::string_view kTraceSchema = R"({
  "title": "StacktraceRequest", "type": "object",
  "anyOf": [{"required": ["text"]}, {"required": ["trace"]}],
  "properties": {
    "text": {"type": "string", "maxLength": 1048576, "description": "The trace as it was printed, or any text around it."},
    "trace": {"type": "string", "maxLength": 1048576, "description": "The older name of `text`."},
    "context": {"type": "integer", "minimum": 0, "maximum": 10000, "default": 25,
      "description": "How many lines before and after each place."}
  },
  "examples": [{"text": "  File \"src/main.py\", line 12, in main", "context": 3}]
})";

}  // namespace promethean::api
