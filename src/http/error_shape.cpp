// The four families' error objects, as their client libraries read them.
#include <algorithm>

#include "http/router.h"

namespace promethean::http {

namespace {
using base::Code;

// One line for shapes without room for a hint.
std::string message_and_hint(const base::Error& error) {
  return error.hint().empty() ? error.message() : error.message() + "; " + error.hint();
}

bool is_context_overflow(const base::Error& error, std::string_view param) {
  return error.code() == Code::kTooLarge && !param.empty();
}

std::string_view openai_type(Code code) {
  switch (code) {
    case Code::kUnauthenticated:
      return "authentication_error";
    case Code::kPermissionDenied:
      return "insufficient_permissions";
    case Code::kNotFound:
      return "not_found";
    case Code::kRateLimited:
      return "rate_limit_exceeded";
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return "server_error";
    default:
      return "invalid_request_error";
  }
}

json::Value openai_code(const base::Error& error, std::string_view param) {
  if (is_context_overflow(error, param)) return "context_length_exceeded";
  switch (error.code()) {
    case Code::kInvalidArgument:
      return nullptr;
    case Code::kUnauthenticated:
      return "invalid_api_key";
    case Code::kPermissionDenied:
      return "insufficient_scope";
    case Code::kNotFound:
      return param == "model" ? "model_not_found" : "not_found";
    case Code::kTooLarge:
      return "request_too_large";
    case Code::kRateLimited:
      return "rate_limit_exceeded";
    case Code::kInternal:
      return "server_error";
    default:
      return json::Value(base::code_name(error.code()));
  }
}

std::string_view anthropic_type(const base::Error& error, std::string_view param) {
  switch (error.code()) {
    case Code::kUnauthenticated:
      return "authentication_error";
    case Code::kPermissionDenied:
      return "permission_error";
    case Code::kNotFound:
      return "not_found_error";
    case Code::kTooLarge:
      return is_context_overflow(error, param) ? "invalid_request_error" : "request_too_large";
    case Code::kRateLimited:
      return "rate_limit_error";
    case Code::kUnavailable:
      return "overloaded_error";
    case Code::kDeadlineExceeded:
      return "timeout_error";
    case Code::kInternal:
      return "api_error";
    default:
      return "invalid_request_error";
  }
}

// For shapes without room for a field's name.
std::string message_of_field(const base::Error& error, std::string_view param) {
  const bool named = param.empty() || error.message().starts_with(param);
  return named ? message_and_hint(error) : std::string(param) + ": " + message_and_hint(error);
}

// Clients know by these words that they should shorten the conversation.
std::string anthropic_message(const base::Error& error, std::string_view param) {
  if (is_context_overflow(error, param)) return "prompt is too long: " + message_and_hint(error);
  return message_of_field(error, param);
}

// A model that is not there, or a prompt that is too long, says so by itself.
std::string ollama_message(const base::Error& error, std::string_view param) {
  return error.code() == Code::kInvalidArgument ? message_of_field(error, param) : message_and_hint(error);
}

int status_of(Family family, const base::Error& error, std::string_view param) {
  if (is_context_overflow(error, param)) return 400;
  if (family == Family::kAnthropic && error.code() == Code::kUnavailable) return 529;
  return base::http_status(error.code());
}
// One word that the original's clients compare with; the reason is in `message`.
std::string bridge_error_text(const base::Error& error) {
  return error.code() == Code::kUnauthenticated ? "unauthorized" : error.message();
}
}  // namespace

json::Value error_body(Family family, const base::Error& error, std::string_view param) {
  if (param.empty()) param = error.field();
  switch (family) {
    case Family::kOpenAi: {
      const json::Value where = param.empty() ? json::Value(nullptr) : json::Value(param);
      return json::Object{{"error", json::Object{{"message", message_and_hint(error)},
                                                 {"type", openai_type(error.code())},
                                                 {"param", where},
                                                 {"code", openai_code(error, param)}}}};
    }
    case Family::kAnthropic:
      return json::Object{{"type", "error"},
                          {"error", json::Object{{"type", anthropic_type(error, param)},
                                                 {"message", anthropic_message(error, param)}}}};
    case Family::kOllama:
      return json::Object{{"error", ollama_message(error, param)}};
    case Family::kBridge:
      break;
  }
  json::Object body{{"ok", false},
                    {"statusCode", status_of(family, error, param)},
                    {"error", bridge_error_text(error)},
                    {"code", base::code_name(error.code())},
                    {"message", message_and_hint(error)},
                    {"hint", error.hint()}};
  if (!param.empty()) body["param"] = param;
  return body;
}

Response error_response(Family family, const base::Error& error, std::string_view param) {
  if (param.empty()) param = error.field();
  Response response = Response::json(status_of(family, error, param), error_body(family, error, param));
  response.names_request = family == Family::kAnthropic;
  const Code code = error.code();
  if (code == Code::kRateLimited || code == Code::kUnavailable) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after()).count();
    response.headers.add("retry-after", std::to_string(std::max<int64_t>(seconds, 1)));
  }
  // 501 is a 5xx to a client library, but trying again changes nothing.
  if (code == Code::kUnsupported) response.headers.add("x-should-retry", "false");
  return response;
}

std::string_view error_schema(Family family) {
  switch (family) {
    case Family::kOpenAi:
      return R"({"title": "OpenAIError", "type": "object", "required": ["error"], "properties": {
        "error": {"type": "object", "required": ["message", "type", "param", "code"], "properties": {
          "message": {"type": "string"}, "type": {"type": "string"},
          "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]}}}}})";
    case Family::kAnthropic:
      return R"({"title": "AnthropicError", "type": "object", "required": ["type", "error"], "properties": {
        "type": {"const": "error"}, "request_id": {"type": "string"},
        "error": {"type": "object", "required": ["type", "message"], "properties": {
          "type": {"type": "string"}, "message": {"type": "string"}}}}})";
    case Family::kOllama:
      return R"({"title": "OllamaError", "type": "object", "required": ["error"], "properties": {
        "error": {"type": "string"}}})";
    case Family::kBridge:
      break;
  }
  return R"({"title": "BridgeError", "type": "object",
    "required": ["ok", "statusCode", "error", "code", "message", "hint"], "properties": {
      "ok": {"const": false}, "statusCode": {"type": "integer"},
      "error": {"type": "string", "description": "What is wrong, in few words."},
      "code": {"type": "string", "description": "For programs: invalid_argument, unauthenticated, permission_denied, not_found, conflict, too_large, rate_limited, cancelled, deadline_exceeded, unavailable, unsupported or internal."},
      "message": {"type": "string", "description": "What is wrong and what to do about it."},
      "hint": {"type": "string", "description": "What to do about it; may be empty."},
      "param": {"type": "string", "description": "The parameter or field that is wrong."},
      "candidates": {"type": "array", "description": "Paths that may have been meant, the likeliest first.",
        "items": {"type": "object", "required": ["path", "score"], "properties": {
          "path": {"type": "string"}, "score": {"type": "number"}}}}}})";
}

}  // namespace promethean::http
