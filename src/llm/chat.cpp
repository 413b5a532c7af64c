#include "llm/chat.h"

#include <map>

#include "base/hash.h"

namespace promethean::llm {

namespace {

// The parts of one choice's message so far.
struct Choice {
  std::string content;
  bool has_content = false;
  std::string reasoning;
  std::string refusal;
  std::map<int64_t, json::Object> tool_calls;  // by index
  json::Array logprobs;
  std::string finish_reason;
};

void append_string(json::Object& into, std::string_view key, const json::Value& from) {
  const auto text = json::string_at(from, key);
  if (!text) return;
  std::string whole;
  if (const auto* old = into.if_contains(key); old != nullptr && old->is_string()) whole = old->as_string();
  whole += *text;
  into[key] = whole;
}

// Tool calls come in pieces: the first has id and name, later ones more of `arguments`.
void merge_tool_call(Choice& choice, const json::Value& piece, int64_t fallback_index) {
  json::Object& call = choice.tool_calls[json::int_at(piece, "index").value_or(fallback_index)];
  if (const auto id = json::string_at(piece, "id"); id && !id->empty()) call["id"] = *id;
  call["type"] = "function";
  const json::Value* function = json::find(piece, "function");
  if (function == nullptr) return;
  if (!call.contains("function")) call["function"] = json::Object{{"name", ""}, {"arguments", ""}};
  json::Object& merged = call["function"].as_object();
  append_string(merged, "name", *function);
  append_string(merged, "arguments", *function);
}

void merge(Choice& choice, const json::Value& piece) {
  if (const json::Value* delta = json::find(piece, "delta")) {
    if (const auto text = json::string_at(*delta, "content")) {
      choice.content += *text;
      choice.has_content = true;
    }
    for (const std::string_view key : {"reasoning_content", "reasoning"}) {
      if (const auto text = json::string_at(*delta, key)) {
        choice.reasoning += *text;
        break;
      }
    }
    if (const auto text = json::string_at(*delta, "refusal")) choice.refusal += *text;
    if (const json::Array* calls = json::array_at(*delta, "tool_calls")) {
      int64_t index = 0;
      for (const auto& call : *calls) merge_tool_call(choice, call, index++);
    }
  }
  if (const json::Value* logprobs = json::find(piece, "logprobs")) {
    if (const json::Array* content = json::array_at(*logprobs, "content")) {
      choice.logprobs.insert(choice.logprobs.end(), content->begin(), content->end());
    }
  }
  if (const auto reason = json::string_at(piece, "finish_reason")) choice.finish_reason = *reason;
}

json::Object finished(int64_t index, const Choice& choice) {
  json::Object message{{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
  if (choice.has_content || choice.tool_calls.empty()) message["content"] = choice.content;
  if (!choice.reasoning.empty()) message["reasoning_content"] = choice.reasoning;
  if (!choice.refusal.empty()) message["refusal"] = choice.refusal;
  if (!choice.tool_calls.empty()) {
    json::Array calls;
    for (const auto& [_, call] : choice.tool_calls) calls.emplace_back(call);
    message["tool_calls"] = std::move(calls);
  }
  json::Value logprobs;
  if (!choice.logprobs.empty()) logprobs = json::Object{{"content", choice.logprobs}, {"refusal", nullptr}};
  return json::Object{{"index", index},
                      {"message", std::move(message)},
                      {"logprobs", logprobs},
                      {"finish_reason", choice.finish_reason}};
}

}  // namespace

struct AnswerBuilder::Parts {
  std::map<int64_t, Choice> choices;
  Usage usage;
};

AnswerBuilder::AnswerBuilder() : parts_(std::make_unique<Parts>()) {}
AnswerBuilder::~AnswerBuilder() = default;

void AnswerBuilder::add(const Delta& delta) {
  if (delta.usage) parts_->usage = *delta.usage;
  if (delta.is_plain) {
    Choice& first = parts_->choices[0];
    first.content += delta.content;
    first.has_content |= delta.finish_reason.empty();
    if (!delta.finish_reason.empty()) first.finish_reason = delta.finish_reason;
    return;
  }
  for (const auto& piece : delta.choices) merge(parts_->choices[json::int_at(piece, "index").value_or(0)], piece);
}

Answer AnswerBuilder::answer() const {
  Answer answer;
  answer.usage = parts_->usage;
  for (const auto& [index, choice] : parts_->choices) answer.choices.emplace_back(finished(index, choice));
  return answer;
}

Task<base::Result<Answer>> collect(Context& ctx, ChatStream& stream) {
  AnswerBuilder builder;
  for (;;) {
    auto delta = co_await stream.next(ctx);
    if (!delta) co_return base::fail(std::move(delta).error());
    if (!*delta) break;
    builder.add(**delta);
  }
  co_return builder.answer();
}

json::Array chunk_choices(const Delta& delta, bool first) {
  json::Object piece;
  if (first) piece["role"] = "assistant";
  if (!delta.content.empty()) piece["content"] = delta.content;
  if (!delta.reasoning.empty()) piece["reasoning_content"] = delta.reasoning;
  if (!delta.refusal.empty()) piece["refusal"] = delta.refusal;
  json::Array calls;
  for (const auto& call : delta.tool_calls) {
    json::Object function;
    if (!call.name.empty()) function["name"] = call.name;
    function["arguments"] = call.arguments;
    json::Object out{{"index", call.index}, {"function", std::move(function)}};
    if (!call.id.empty()) out["id"] = call.id, out["type"] = "function";
    calls.emplace_back(std::move(out));
  }
  if (!calls.empty()) piece["tool_calls"] = std::move(calls);
  const json::Value reason = delta.finish_reason.empty() ? json::Value(nullptr) : json::Value(delta.finish_reason);
  return {json::Object{{"index", 0}, {"delta", std::move(piece)}, {"logprobs", nullptr}, {"finish_reason", reason}}};
}

json::Array text_choices(const Delta& delta) {
  const json::Value reason = delta.finish_reason.empty() ? json::Value(nullptr) : json::Value(delta.finish_reason);
  return {json::Object{{"text", delta.content}, {"index", 0}, {"logprobs", nullptr}, {"finish_reason", reason}}};
}

Task<base::Result<std::unique_ptr<ChatStream>>> Backend::complete(Context&, const json::Object&) {
  co_return base::fail(
      base::Error(base::Code::kInvalidArgument, "this model has no completions of prompts", "use /v1/chat/completions")
          .with_field("prompt"));
}

Task<base::Result<Embeddings>> Backend::embed(Context&, const json::Object&) {
  co_return base::fail(base::Error(base::Code::kInvalidArgument, "this model has no embeddings", "ask another model")
                           .with_field("input"));
}

Task<base::Result<json::Object>> Backend::describe(Context&) {
  co_return json::Object{};
}

json::Object Usage::to_json() const {
  return {{"prompt_tokens", prompt_tokens},
          {"completion_tokens", completion_tokens},
          {"total_tokens", prompt_tokens + completion_tokens},
          {"prompt_tokens_details", json::Object{{"cached_tokens", cached_tokens}}},
          {"completion_tokens_details", json::Object{{"reasoning_tokens", reasoning_tokens}}}};
}

std::string new_call_id() {
  return "call_" + base::random_hex(12);
}

Task<base::Result<int64_t>> Backend::count_tokens(Context&, std::string text) {
  co_return estimate_tokens(text);
}

int64_t estimate_tokens(std::string_view text) {
  return static_cast<int64_t>((text.size() + 2) / 3);
}

}  // namespace promethean::llm
