#include "llm/compatibility.h"

#include <fmt/format.h>

namespace promethean::llm {

namespace {

constexpr Support S = Support::kSent;
constexpr Support T = Support::kTranslated;
constexpr Support I = Support::kIgnored;
constexpr Support R = Support::kRefused;

// In the order of OpenAI's reference. local, openai, ollama, anthropic.
constexpr Field kFields[] = {
    {"messages", S, S, T, T, "Images reach Ollama and Anthropic from data URLs; Anthropic takes http URLs too."},
    {"model", T, T, T, T, "The name in the model table becomes the backend's own."},
    {"stream", T, T, T, T, "Backends are always asked to stream; who did not ask for it gets the answer whole."},
    {"stream_options", T, T, T, T, "`include_usage`: usage is always asked for and sent when it was wanted."},
    {"temperature", S, S, T, T, "Anthropic knows 0 to 1; higher values become 1."},
    {"top_p", S, S, T, T, ""},
    {"max_completion_tokens", S, S, T, T, "0 counts as not given. Anthropic needs a limit: 4096 when none is given."},
    {"max_tokens", S, S, T, T, "Where both are given, `max_completion_tokens` counts."},
    {"stop", S, S, T, T, ""},
    {"seed", S, S, T, I, ""},
    {"frequency_penalty", S, S, T, I, ""},
    {"presence_penalty", S, S, T, I, ""},
    {"logit_bias", I, S, I, I, ""},
    {"n", R, S, R, R, "Refused when it is not 1."},
    {"logprobs", R, S, S, R, "Refused when true."},
    {"top_logprobs", I, S, S, I, "Says nothing without `logprobs`."},
    {"response_format", S, S, T, T,
     "`json_object` and `json_schema` constrain the local model and Ollama; Anthropic knows `json_schema` only."},
    {"tools", S, S, T, T,
     "Tools of type function. Others are sent to OpenAI-compatible backends and dropped elsewhere."},
    {"tool_choice", S, S, I, T, "With `none`, Ollama and Anthropic are not told of the tools."},
    {"parallel_tool_calls", I, S, I, T, ""},
    {"reasoning_effort", I, S, T, T, "Ollama: `think`. Anthropic: a thinking budget of 1,024 to 16,384 tokens."},
    {"functions", R, S, R, R, "Deprecated by OpenAI; use `tools`."},
    {"function_call", I, S, I, I, "Says nothing without `functions`."},
    {"user", I, S, I, T, "Anthropic: `metadata.user_id`."},
    {"audio", I, S, I, I, ""},
    {"metadata", I, S, I, I, ""},
    {"modalities", I, S, I, I, ""},
    {"prediction", I, S, I, I, ""},
    {"prompt_cache_key", I, S, I, I, ""},
    {"prompt_cache_retention", I, S, I, I, ""},
    {"safety_identifier", I, S, I, I, ""},
    {"service_tier", I, S, I, I, ""},
    {"store", I, S, I, I, ""},
    {"verbosity", I, S, I, I, ""},
    {"web_search_options", I, S, I, I, ""},
    {"grammar", S, I, I, I, "Ours: a GBNF grammar for the local model."},
};

// A value that asks for nothing which would not happen anyway.
bool asks_for_nothing(std::string_view field, const json::Value& value) {
  if (value.is_null()) return true;
  if (field == "n") return value == 1;
  if (field == "logprobs") return value == false;
  if (field == "functions") return value.is_array() && value.as_array().empty();
  return false;
}

std::string_view word(Support support) {
  switch (support) {
    case Support::kSent:
      return "yes";
    case Support::kTranslated:
      return "translated";
    case Support::kIgnored:
      return "ignored";
    case Support::kRefused:
      return "refused";
  }
  return "";
}

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kLocal:
      return "local";
    case Kind::kOpenAi:
      return "openai";
    case Kind::kOllama:
      return "ollama";
    case Kind::kAnthropic:
      return "anthropic";
  }
  return "";
}

Support Field::at(Kind kind) const {
  switch (kind) {
    case Kind::kLocal:
      return local;
    case Kind::kOpenAi:
      return openai;
    case Kind::kOllama:
      return ollama;
    case Kind::kAnthropic:
      return anthropic;
  }
  return Support::kIgnored;
}

std::span<const Field> chat_fields() {
  return kFields;
}

std::optional<base::Error> check_support(const json::Object& body, Kind kind) {
  for (const auto& field : kFields) {
    if (field.at(kind) != Support::kRefused) continue;
    const json::Value* value = body.if_contains(field.name);
    if (value == nullptr || asks_for_nothing(field.name, *value)) continue;
    return base::Error(
               base::Code::kInvalidArgument,
               fmt::format("'{}' is not supported by the {} backend of this model", field.name, kind_name(kind)),
               "leave it out, or ask another model; docs/compatibility.md lists what each backend takes")
        .with_field(std::string(field.name));
  }
  return std::nullopt;
}

json::Object sent_fields(const json::Object& body, Kind kind) {
  json::Object out;
  for (const auto& field : kFields) {
    if (field.at(kind) != Support::kSent) continue;
    const json::Value* value = body.if_contains(field.name);
    if (value == nullptr || value->is_null()) continue;
    const bool no_limit = field.name == "max_tokens" || field.name == "max_completion_tokens";
    if (no_limit && *value == 0) continue;
    out[field.name] = *value;
  }
  return out;
}

std::string compatibility_page() {
  std::string page =
      "# What each backend makes of a chat request\n\n"
      "Made from the table that the code works with (src/llm/compatibility.cpp) by `UPDATE_DOCS=1 llm_tests`.\n\n"
      "yes: sent as it is. translated: under another name or in another form. ignored: accepted, without effect. "
      "refused: 400 with the field's name.\nFields that are not listed are accepted and go nowhere. `openai` is every "
      "backend that speaks OpenAI's dialect; whether it follows a field is its own affair.\n\n"
      "| field | local | openai | ollama | anthropic | |\n|---|---|---|---|---|---|\n";
  for (const auto& field : kFields) {
    page += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", field.name, word(field.local), word(field.openai),
                        word(field.ollama), word(field.anthropic), field.note);
  }
  return page;
}

}  // namespace promethean::llm
