// JSON Schemas of what the dialects' routes answer, and of what their paths and queries say. Loose: a dialect's own
// documentation is the reference, here is what a reader looks for first.
#pragma once

#include <string_view>

namespace promethean::api {

inline constexpr std::string_view kModelParameter = R"({"type": "object", "required": ["model"], "properties": {
  "model": {"type": "string", "description": "Its name; slashes may stay as they are.", "examples": ["smollm2"]}}})";

inline constexpr std::string_view kResponseParameter = R"({"type": "object", "required": ["id"], "properties": {
  "id": {"type": "string", "description": "The id that the answer came with.", "examples": ["resp_1"]}}})";

inline constexpr std::string_view kItemsParameters = R"({"type": "object", "required": ["id"], "properties": {
  "id": {"type": "string", "description": "The id that the answer came with.", "examples": ["resp_1"]},
  "after": {"type": "string", "description": "Begin behind the item with this id."},
  "order": {"type": "string", "enum": ["asc", "desc"], "default": "desc", "description": "desc: the newest first."},
  "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20, "description": "Items of one page."}}})";

inline constexpr std::string_view kSessionParameter = R"({"type": "object", "required": ["id"], "properties": {
  "id": {"type": "string", "description": "The id by which requests name the session.", "examples": ["refactoring"]}}})";

// ---- OpenAI ----

inline constexpr std::string_view kChatAnswer = R"({"title": "ChatCompletion", "type": "object",
  "required": ["id", "object", "created", "model", "choices"], "properties": {
    "id": {"type": "string"}, "object": {"const": "chat.completion"}, "created": {"type": "integer"},
    "model": {"type": "string"},
    "choices": {"type": "array", "items": {"type": "object", "required": ["index", "message"], "properties": {
      "index": {"type": "integer"}, "message": {"type": "object"}, "finish_reason": {"type": ["string", "null"]}}}},
    "usage": {"type": "object"},
    "retrieval_context": {"type": "object", "description": "The citations that were added, and what was cited wrongly."}
  }})";

inline constexpr std::string_view kCompletionAnswer = R"({"title": "Completion", "type": "object",
  "required": ["id", "object", "created", "model", "choices"], "properties": {
    "id": {"type": "string"}, "object": {"const": "text_completion"}, "created": {"type": "integer"},
    "model": {"type": "string"}, "usage": {"type": "object"},
    "choices": {"type": "array", "items": {"type": "object", "properties": {
      "index": {"type": "integer"}, "text": {"type": "string"}, "finish_reason": {"type": ["string", "null"]}}}}
  }})";

inline constexpr std::string_view kEmbeddingsAnswer = R"({"title": "EmbeddingList", "type": "object",
  "required": ["object", "data", "model", "usage"], "properties": {
    "object": {"const": "list"}, "model": {"type": "string"}, "usage": {"type": "object"},
    "data": {"type": "array", "items": {"type": "object", "required": ["index", "embedding"], "properties": {
      "object": {"const": "embedding"}, "index": {"type": "integer"}, "embedding": {"type": ["array", "string"], "items": {"type": "number"}}}}}
  }})";

inline constexpr std::string_view kModelAnswer = R"({"title": "Model", "type": "object",
  "required": ["id", "object", "created", "owned_by"], "properties": {
    "id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"},
    "owned_by": {"type": "string"}, "context_window": {"type": "integer", "description": "Tokens."}
  }})";

inline constexpr std::string_view kModelsAnswer = R"({"title": "ModelList", "type": "object",
  "required": ["object", "data"], "properties": {
    "object": {"const": "list"},
    "data": {"type": "array", "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}
  }})";

inline constexpr std::string_view kResponseAnswer = R"({"title": "Response", "type": "object",
  "required": ["id", "object", "created_at", "output"], "properties": {
    "id": {"type": "string"}, "object": {"const": "response"}, "created_at": {"type": "number"},
    "status": {"type": "string"}, "model": {"type": ["string", "null"]},
    "output": {"type": "array", "items": {"type": "object"}}, "usage": {"type": ["object", "null"]}
  }})";

inline constexpr std::string_view kInputTokensAnswer = R"({"type": "object", "required": ["object", "input_tokens"],
  "properties": {"object": {"const": "response.input_tokens"}, "input_tokens": {"type": "integer"}}})";

inline constexpr std::string_view kCompactionAnswer = R"({"type": "object", "required": ["id", "object", "output"],
  "properties": {"id": {"type": "string"}, "object": {"const": "response.compaction"},
    "created_at": {"type": "number"}, "output": {"type": "array", "items": {"type": "object"}},
    "usage": {"type": ["object", "null"]}}})";

inline constexpr std::string_view kDeletedAnswer = R"({"type": "object", "required": ["id", "deleted"],
  "properties": {"id": {"type": "string"}, "object": {"type": "string"}, "deleted": {"const": true}}})";

inline constexpr std::string_view kItemsAnswer = R"({"type": "object", "required": ["object", "data", "has_more"],
  "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": {"type": "object"}},
    "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}})";

// ---- Anthropic ----

inline constexpr std::string_view kMessageAnswer = R"({"title": "Message", "type": "object",
  "required": ["id", "type", "role", "content", "model", "usage"], "properties": {
    "id": {"type": "string"}, "type": {"const": "message"}, "role": {"const": "assistant"},
    "content": {"type": "array", "items": {"type": "object"}}, "model": {"type": "string"},
    "stop_reason": {"type": ["string", "null"]}, "usage": {"type": "object"},
    "retrieval_context": {"type": "object", "description": "The citations that were added, and what was cited wrongly."}
  }})";

inline constexpr std::string_view kTokenCountAnswer = R"({"type": "object", "required": ["input_tokens"],
  "properties": {"input_tokens": {"type": "integer"}}})";

// ---- Ollama ----

inline constexpr std::string_view kOllamaChatAnswer = R"({"title": "OllamaChat", "type": "object",
  "required": ["model", "done"], "properties": {
    "model": {"type": "string"}, "created_at": {"type": "string"}, "message": {"type": "object"},
    "done": {"type": "boolean"}, "done_reason": {"type": "string"},
    "retrieval_context": {"type": "object", "description": "The citations that were added, and what was cited wrongly."}
  }})";

inline constexpr std::string_view kOllamaGenerateAnswer = R"({"title": "OllamaGeneration", "type": "object",
  "required": ["model", "done"], "properties": {
    "model": {"type": "string"}, "created_at": {"type": "string"}, "response": {"type": "string"},
    "done": {"type": "boolean"}, "done_reason": {"type": "string"}, "retrieval_context": {"type": "object"}
  }})";

inline constexpr std::string_view kOllamaEmbedAnswer = R"({"type": "object", "required": ["model", "embeddings"],
  "properties": {"model": {"type": "string"},
    "embeddings": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}}})";

inline constexpr std::string_view kOllamaEmbeddingsAnswer = R"({"type": "object", "required": ["embedding"],
  "properties": {"embedding": {"type": "array", "items": {"type": "number"}}}})";

inline constexpr std::string_view kOllamaListAnswer = R"({"title": "OllamaModels", "type": "object",
  "required": ["models"], "properties": {"models": {"type": "array", "items": {"type": "object",
    "required": ["name", "model"], "properties": {"name": {"type": "string"}, "model": {"type": "string"}}}}}})";

inline constexpr std::string_view kOllamaShowAnswer = R"({"type": "object", "required": ["details", "model_info"],
  "properties": {"details": {"type": "object"}, "model_info": {"type": "object"},
    "capabilities": {"type": "array", "items": {"type": "string"}}, "modified_at": {"type": "string"}}})";

inline constexpr std::string_view kOllamaStatusAnswer = R"({"type": "object", "required": ["status"],
  "properties": {"status": {"type": "string"}}})";

inline constexpr std::string_view kOllamaVersionAnswer = R"({"type": "object", "required": ["version"],
  "properties": {"version": {"type": "string"}}})";

// ---- sessions, operations ----

inline constexpr std::string_view kSessionsAnswer =
    R"({"type": "object", "required": ["ok", "sessions"], "properties": {
    "ok": {"const": true}, "sessions": {"type": "array", "items": {"$ref": "#/$defs/Session"}}},
  "$defs": {"Session": {"type": "object", "required": ["id", "object", "created_at", "last_used_at", "message_count"],
    "properties": {"id": {"type": "string"}, "object": {"const": "session"}, "created_at": {"type": "string"},
      "last_used_at": {"type": "string"}, "message_count": {"type": "integer"}}}}})";

inline constexpr std::string_view kSessionAnswer = R"({"type": "object", "required": ["ok", "id", "messages"],
  "properties": {"ok": {"const": true}, "id": {"type": "string"}, "object": {"const": "session"},
    "created_at": {"type": "string"}, "last_used_at": {"type": "string"}, "message_count": {"type": "integer"},
    "messages": {"type": "array", "items": {"type": "object"}}}})";

inline constexpr std::string_view kSessionDeletedAnswer = R"({"type": "object", "required": ["ok", "id", "deleted"],
  "properties": {"ok": {"const": true}, "id": {"type": "string"}, "deleted": {"const": true}}})";

inline constexpr std::string_view kHealthAnswer = R"({"type": "object", "required": ["ok", "status", "version"],
  "properties": {"ok": {"const": true}, "status": {"const": "ok"}, "version": {"type": "string"}}})";

}  // namespace promethean::api
