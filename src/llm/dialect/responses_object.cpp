#include "llm/dialect/responses_object.h"

#include "llm/dialect/responses_fields.h"

namespace promethean::llm::responses {

namespace {

json::Value or_else(const json::Value& request, std::string_view key, const json::Value& otherwise) {
  const json::Value* value = json::given(request, key);
  return value == nullptr ? otherwise : *value;
}

// Functions with all their members, since parsers want them; everything else as it came.
json::Array echoed_tools(const json::Value& request) {
  json::Array tools;
  if (const json::Array* declared = json::array_at(request, "tools")) tools = *declared;
  for (json::Value& tool : tools) {
    if (text_at(tool, "type") != "function") continue;
    tool.as_object().insert({{"description", nullptr}, {"parameters", nullptr}, {"strict", nullptr}});
  }
  return tools;
}

json::Object echoed_text(const json::Value& request) {
  json::Object out;
  const json::Value text = or_else(request, "text", json::Object());
  if (const json::Value* format = json::given(text, "format")) {
    json::Object echoed = format->as_object();
    if (text_at(*format, "type") == "json_schema") echoed.insert({{"description", nullptr}, {"strict", false}});
    out["format"] = std::move(echoed);
  } else {
    out["format"] = json::Object{{"type", "text"}};
  }
  if (const json::Value* verbosity = json::given(text, "verbosity")) out["verbosity"] = *verbosity;
  return out;
}

json::Object echoed_reasoning(const json::Value& request) {
  const json::Value reasoning = or_else(request, "reasoning", json::Object());
  return {{"effort", or_else(reasoning, "effort", nullptr)}, {"summary", or_else(reasoning, "summary", nullptr)}};
}

std::string_view error_code(base::Code code) {
  switch (code) {
    case base::Code::kTooLarge:
      return "context_length_exceeded";
    case base::Code::kRateLimited:
      return "rate_limit_exceeded";
    case base::Code::kInvalidArgument:
      return "invalid_prompt";
    default:
      return "server_error";
  }
}

}  // namespace

json::Object response_object(const json::Value& request, const ResponseName& name) {
  const auto said = [&request](std::string_view key, const json::Value& otherwise) {
    return or_else(request, key, otherwise);
  };
  json::Object out{{"id", name.id},
                   {"object", "response"},
                   {"created_at", name.created_at},
                   {"completed_at", nullptr},
                   {"status", "in_progress"},
                   {"background", false},
                   {"error", nullptr},
                   {"incomplete_details", nullptr},
                   {"instructions", said("instructions", nullptr)},
                   {"max_output_tokens", said("max_output_tokens", nullptr)},
                   {"max_tool_calls", said("max_tool_calls", nullptr)},
                   {"model", name.model},
                   {"output", json::Array()},
                   {"parallel_tool_calls", said("parallel_tool_calls", true)},
                   {"previous_response_id", said("previous_response_id", nullptr)},
                   {"prompt_cache_key", said("prompt_cache_key", nullptr)},
                   {"reasoning", echoed_reasoning(request)},
                   {"safety_identifier", said("safety_identifier", nullptr)},
                   {"service_tier", "default"},
                   {"store", said("store", true)},
                   {"temperature", said("temperature", 1.0)},
                   {"text", echoed_text(request)},
                   {"tool_choice", said("tool_choice", "auto")},
                   {"tools", echoed_tools(request)},
                   {"top_logprobs", said("top_logprobs", 0)},
                   {"top_p", said("top_p", 1.0)},
                   {"presence_penalty", said("presence_penalty", 0.0)},
                   {"frequency_penalty", said("frequency_penalty", 0.0)},
                   {"truncation", said("truncation", "disabled")},
                   {"usage", nullptr},
                   {"user", said("user", nullptr)},
                   {"metadata", said("metadata", json::Object())}};
  return out;
}

json::Object usage_json(const Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens},
          {"input_tokens_details", json::Object{{"cached_tokens", usage.cached_tokens}}},
          {"output_tokens", usage.completion_tokens},
          {"output_tokens_details", json::Object{{"reasoning_tokens", usage.reasoning_tokens}}},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

json::Object error_json(const base::Error& error) {
  std::string message = error.message();
  if (!error.hint().empty()) message += "; " + error.hint();
  // Codex reads from the message when it may come again.
  if (error.code() == base::Code::kRateLimited && error.retry_after().count() > 0) {
    message += fmt::format("; try again in {:.1f}s", static_cast<double>(error.retry_after().count()) / 1000);
  }
  return {{"code", error_code(error.code())}, {"message", message}};
}

json::Object deleted_response(std::string_view response_id) {
  return {{"id", response_id}, {"object", "response"}, {"deleted", true}};
}

json::Object OutputItem::text_part() const {
  if (kind == Kind::kReasoning) return {{"type", summary ? "summary_text" : "reasoning_text"}, {"text", text}};
  return {{"type", "output_text"}, {"text", text}, {"annotations", json::Array()}, {"logprobs", logprobs}};
}

json::Object OutputItem::refusal_part() const {
  return {{"type", "refusal"}, {"refusal", refusal}};
}

json::Object OutputItem::begun() const {
  OutputItem empty;
  empty.kind = kind;
  empty.id = id;
  empty.summary = summary;
  empty.call_id = call_id;
  empty.tool = tool;
  return empty.to_json();
}

json::Object OutputItem::to_json() const {
  json::Object out{{"id", id}, {"type", "message"}, {"status", status}};
  json::Array parts;
  if (!text.empty()) parts.emplace_back(text_part());
  if (kind == Kind::kMessage) {
    if (!refusal.empty()) parts.emplace_back(refusal_part());
    out["role"] = "assistant";
    out["content"] = std::move(parts);
    return out;
  }
  if (kind == Kind::kReasoning) {
    out["type"] = "reasoning";
    out["summary"] = json::Array();
    out[summary ? "summary" : "content"] = std::move(parts);
    return out;
  }
  out["type"] = kind == Kind::kCustomCall ? "custom_tool_call" : "function_call";
  out["call_id"] = call_id;
  if (tool.search) {
    const auto arguments = json::parse(text);
    out["type"] = "tool_search_call";
    out["execution"] = "client";
    out["arguments"] = arguments && arguments->is_object() ? *arguments : json::Value(json::Object());
    return out;
  }
  out["name"] = tool.name;
  if (!tool.name_space.empty()) out["namespace"] = tool.name_space;
  out[kind == Kind::kCustomCall ? "input" : "arguments"] = text;
  return out;
}

}  // namespace promethean::llm::responses
