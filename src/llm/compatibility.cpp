#include "llm/compatibility.h"

#include <fmt/format.h>

namespace promethean::llm {

namespace {

constexpr Support S = Support::kSent;
constexpr Support T = Support::kTranslated;
constexpr Support I = Support::kIgnored;
constexpr Support R = Support::kRefused;

// In the order of OpenAI's reference. local, openai, ollama, anthropic.
constexpr Field kChatFields[] = {
    {"messages", {S, S, T, T}, "Images reach Ollama and Anthropic from data URLs; Anthropic takes http URLs too."},
    {"model", {T, T, T, T}, "The name in the model table becomes the backend's own."},
    {"stream", {T, T, T, T}, "Backends are always asked to stream; who did not ask for it gets the answer whole."},
    {"stream_options", {T, T, T, T}, "`include_usage`: usage is always asked for and sent when it was wanted."},
    {"temperature", {S, S, T, T}, "Anthropic knows 0 to 1; higher values become 1."},
    {"top_p", {S, S, T, T}, ""},
    {"max_completion_tokens", {S, S, T, T}, "0 counts as not given. Anthropic needs a limit: 4096 when none is given."},
    {"max_tokens", {S, S, T, T}, "Where both are given, `max_completion_tokens` counts."},
    {"stop", {S, S, T, T}, ""},
    {"seed", {S, S, T, I}, ""},
    {"frequency_penalty", {S, S, T, I}, ""},
    {"presence_penalty", {S, S, T, I}, ""},
    {"logit_bias",
     {S, S, I, I},
     "The local model's tokens are numbers of its own vocabulary, up to 1,024 of them; -100 bans one, but not where a "
     "grammar leaves nothing else."},
    {"n",
     {S, S, R, R},
     "Refused when it is not 1. The local model takes 1 to 8 and writes one after the other; with a `seed` the next "
     "choice has the next one. A grounded answer is one."},
    {"logprobs",
     {S, S, S, R},
     "Refused when true. The local model tells those of its own distribution: before `logit_bias`, penalties, filters "
     "and grammars. A call's tokens are told too, as it writes them. A token that `stop` cuts is told by what is left "
     "of "
     "it. A grounded answer has none."},
    {"top_logprobs", {S, S, S, I}, "Says nothing without `logprobs`."},
    {"response_format",
     {S, S, T, T},
     "`json_object` and `json_schema` constrain the local model and Ollama; Anthropic knows `json_schema` only."},
    {"tools",
     {S, S, T, T},
     "Tools of type function. Others are sent to OpenAI-compatible backends and dropped elsewhere. The local model is "
     "held to each tool's schema; one that it cannot be held to is refused."},
    {"tool_choice",
     {S, S, I, T},
     "With `none`, the model is not told of the tools (except by OpenAI-compatible backends). `allowed_tools` reaches "
     "the "
     "local model and OpenAI-compatible backends."},
    {"parallel_tool_calls", {S, S, I, T}, "The local model makes one call in an answer, and up to 8 with `true`."},
    {"reasoning_effort", {I, S, T, T}, "Ollama: `think`. Anthropic: a thinking budget of 1,024 to 16,384 tokens."},
    {"functions", {R, S, R, R}, "Deprecated by OpenAI; use `tools`."},
    {"function_call", {I, S, I, I}, "Says nothing without `functions`."},
    {"user", {I, S, I, T}, "Anthropic: `metadata.user_id`."},
    {"audio", {I, S, I, I}, ""},
    {"metadata", {I, S, I, I}, ""},
    {"modalities", {I, S, I, I}, ""},
    {"moderation", {I, S, I, I}, ""},
    {"prediction", {I, S, I, I}, ""},
    {"prompt_cache_key", {I, S, I, I}, ""},
    {"prompt_cache_options", {I, S, I, I}, ""},
    {"prompt_cache_retention", {I, S, I, I}, ""},
    {"safety_identifier", {I, S, I, I}, ""},
    {"service_tier", {I, S, I, I}, ""},
    {"store", {I, S, I, I}, ""},
    {"verbosity", {I, S, I, I}, ""},
    {"web_search_options", {I, S, I, I}, ""},
    {"grammar", {S, I, I, I}, "Ours: a GBNF grammar for the local model."},
    {"top_k",
     {S, I, T, T},
     "From Ollama's and Anthropic's dialects: OpenAI's own API refuses it. The local model takes 40 when it is not "
     "given, all tokens with 0."},
    {"min_p", {S, I, T, I}, "From Ollama's dialect."},
    {"repeat_penalty",
     {S, I, T, I},
     "From Ollama's dialect; 0 and 1 are none. At the local model it is for the answer's own tokens."},
    {"think", {I, I, T, I}, "From Ollama's dialect; there it counts before `reasoning_effort`."},
};

// OpenAI's legacy completions. Anthropic has none: its column refuses the prompt, and so the request.
constexpr Field kCompletionFields[] = {
    {"model", {T, T, T, T}, ""},
    {"prompt", {S, S, T, R}, "Texts or tokens; Ollama takes texts only. Several are asked one after the other."},
    {"suffix", {R, S, T, R}, "Ollama: by the model's own template for filling in; else its prompt is raw."},
    {"max_tokens", {S, S, T, R}, "16 when none is given. Ollama cannot do 0, nor can the local model."},
    {"temperature", {S, S, T, R}, ""},
    {"top_p", {S, S, T, R}, ""},
    {"n", {S, S, R, R}, "Refused when it is not 1. As in chat."},
    {"stream", {T, T, T, R}, "Backends are always asked to stream."},
    {"stream_options", {T, T, T, R}, "`include_usage`."},
    {"logprobs",
     {S, S, R, R},
     "The local model takes 0 to 5, but not with `echo`: it does not tell those of a prompt. As in chat."},
    {"echo", {S, S, T, R}, ""},
    {"stop", {S, S, T, R}, ""},
    {"seed", {S, S, T, R}, ""},
    {"frequency_penalty", {S, S, T, R}, ""},
    {"presence_penalty", {S, S, T, R}, ""},
    {"best_of", {R, R, R, R}, "Refused when it is not `n`: the best can only be told from whole answers."},
    {"logit_bias", {S, S, I, R}, "As in chat."},
    {"user", {I, S, I, R}, ""},
    {"grammar", {S, I, I, R}, "Ours: a GBNF grammar for the local model."},
    {"top_k", {S, I, T, R}, "From Ollama's dialect, as the next two. As in chat."},
    {"min_p", {S, I, T, R}, ""},
    {"repeat_penalty", {S, I, T, R}, ""},
    {"retrieval", {I, I, I, R}, "A prompt is completed as it is, whatever this says."},
};

constexpr Field kEmbeddingFields[] = {
    {"model", {T, T, T, T}, ""},
    {"input", {S, S, T, R}, "Texts or tokens; Ollama takes texts only. Anthropic has no embeddings."},
    {"encoding_format", {T, T, T, R}, "Backends are asked for numbers; base64 is made of them here."},
    {"dimensions", {R, S, T, R}, ""},
    {"user", {I, S, I, R}, ""},
};

// OpenAI's responses: every backend is asked by way of a chat.
constexpr Field kResponsesFields[] = {
    {"model", {T, T, T, T}, ""},
    {"input", {T, T, T, T}, "A text or items; images as in chat."},
    {"instructions", {T, T, T, T}, "The system's text, for this turn only."},
    {"previous_response_id", {T, T, T, T}, "What is stored of the conversation goes before the input."},
    {"conversation", {R, R, R, R}, "Nothing is kept under such a name; use `previous_response_id`."},
    {"prompt", {R, R, R, R}, "There are no stored prompts."},
    {"stream", {T, T, T, T}, ""},
    {"stream_options", {I, I, I, I}, "Events are not padded."},
    {"store", {T, T, T, T}, "Kept here, for who asked; true when it is not given."},
    {"background", {I, I, I, I}, "Answered at once."},
    {"max_output_tokens", {T, T, T, T}, ""},
    {"temperature", {T, T, T, T}, ""},
    {"top_p", {T, T, T, T}, ""},
    {"presence_penalty", {T, T, T, I}, ""},
    {"frequency_penalty", {T, T, T, I}, ""},
    {"top_logprobs", {T, T, T, R}, "Refused when it is not 0. A grounded answer has none."},
    {"tools",
     {T, T, T, T},
     "Functions, namespaces of them, custom tools (as a function with one text), a client's search for tools. Hosted "
     "tools "
     "are dropped."},
    {"tool_choice", {T, T, I, T}, ""},
    {"parallel_tool_calls", {T, T, I, T}, ""},
    {"max_tool_calls", {I, I, I, I}, "Limits hosted tools."},
    {"text", {T, T, T, T}, "`format` as `response_format` in chat; `verbosity` reaches OpenAI-compatible backends."},
    {"reasoning", {I, T, T, T}, "`effort` as `reasoning_effort` in chat."},
    {"include",
     {T, T, T, T},
     "Log probabilities, where the backend has them. The rest asks for nothing that is made here."},
    {"metadata", {I, I, I, I}, "Comes back with the answer."},
    {"truncation", {I, I, I, I}, "Nothing is cut: what does not fit is 400 `context_length_exceeded`."},
    {"context_management", {I, I, I, I}, "/v1/responses/compact makes a summary."},
    {"moderation", {I, I, I, I}, ""},
    {"prompt_cache_key", {I, I, I, I}, ""},
    {"prompt_cache_options", {I, I, I, I}, ""},
    {"prompt_cache_retention", {I, I, I, I}, ""},
    {"safety_identifier", {I, I, I, I}, ""},
    {"service_tier", {I, I, I, I}, ""},
    {"user", {I, I, I, I}, ""},
};

// A value that asks for nothing which would not happen anyway.
bool asks_for_nothing(const json::Object& body, std::string_view field, const json::Value& value) {
  if (value.is_null()) return true;
  if (field == "n") return value == 1;
  if (field == "top_logprobs") return value == 0;
  if (field == "best_of") return value == json::int_at(body, "n").value_or(1);
  if (field == "logprobs") return value == false;
  if (field == "functions") return value.is_array() && value.as_array().empty();
  return false;
}

std::string_view word(Support support) {
  constexpr std::string_view kWords[] = {"yes", "translated", "ignored", "refused"};
  return kWords[static_cast<size_t>(support)];
}

std::string table_of(Endpoint endpoint) {
  std::string table = "| field | local | openai | ollama | anthropic | |\n|---|---|---|---|---|---|\n";
  for (const auto& field : fields_of(endpoint)) {
    table += fmt::format("| `{}` |", field.name);
    for (const Kind kind : kKinds) table += fmt::format(" {} |", word(field.at(kind)));
    table += fmt::format(" {} |\n", field.note);
  }
  return table;
}

}  // namespace

std::string_view kind_name(Kind kind) {
  constexpr std::string_view kNames[] = {"local", "openai", "ollama", "anthropic"};
  return kNames[static_cast<size_t>(kind)];
}

std::span<const Field> fields_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kChat:
      return kChatFields;
    case Endpoint::kCompletions:
      return kCompletionFields;
    case Endpoint::kEmbeddings:
      return kEmbeddingFields;
    case Endpoint::kResponses:
      return kResponsesFields;
  }
  return {};
}

std::optional<base::Error> check_support(const json::Object& body, Kind kind, Endpoint endpoint) {
  for (const auto& field : fields_of(endpoint)) {
    if (field.at(kind) != Support::kRefused) continue;
    const json::Value* value = body.if_contains(field.name);
    if (value == nullptr || asks_for_nothing(body, field.name, *value)) continue;
    return base::Error(
               base::Code::kInvalidArgument,
               fmt::format("'{}' is not supported by the {} backend of this model", field.name, kind_name(kind)),
               "leave it out, or ask another model; docs/compatibility.md lists what each backend takes")
        .with_field(std::string(field.name));
  }
  return std::nullopt;
}

// Written as it goes, since a copy of a long conversation costs more than all else that is done with it.
std::string sent_body(const json::Object& body, Kind kind, Endpoint endpoint, const json::Object& own) {
  std::string out = "{";
  const auto add = [&out](std::string_view name, const json::Value& value) {
    if (out.size() > 1) out += ',';
    out += json::quote(name) + ":";
    json::append(out, value);
  };
  for (const auto& field : fields_of(endpoint)) {
    if (field.at(kind) != Support::kSent) continue;
    const json::Value* value = body.if_contains(field.name);
    if (value == nullptr || value->is_null()) continue;
    const bool is_limit = field.name == "max_tokens" || field.name == "max_completion_tokens";
    if (endpoint == Endpoint::kChat && is_limit && *value == 0) continue;  // a prompt may be asked to be scored only
    add(field.name, *value);
  }
  for (const auto& [name, value] : own) add(name, value);
  out += '}';
  return out;
}

std::string compatibility_page() {
  std::string page =
      "# What each backend makes of a request\n\n"
      "Made from the tables that the code works with (src/llm/compatibility.cpp) by `UPDATE_DOCS=1 llm_tests`.\n\n"
      "yes: sent as it is. translated: under another name or in another form. ignored: accepted, without effect. "
      "refused: 400 with the field's name.\nFields that are not listed are accepted and go nowhere. `openai` is every "
      "backend that speaks OpenAI's dialect; whether it follows a field is its own affair.\n\n"
      "## POST /v1/chat/completions\n\n";
  page += table_of(Endpoint::kChat);
  page += "\n## POST /v1/completions\n\n" + table_of(Endpoint::kCompletions);
  page += "\n## POST /v1/embeddings\n\n" + table_of(Endpoint::kEmbeddings);
  page += "\n## POST /v1/responses\n\n" + table_of(Endpoint::kResponses);
  return page;
}

}  // namespace promethean::llm
