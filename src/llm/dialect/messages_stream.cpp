#include "llm/dialect/messages_stream.h"

#include <algorithm>
#include <utility>

namespace promethean::llm::messages {

namespace {

// Anthropic's input_tokens leave out what was read from the cache.
json::Object usage_of(const Usage& usage) {
  const int64_t cached = std::min(usage.cached_tokens, usage.prompt_tokens);
  json::Object out{{"input_tokens", usage.prompt_tokens - cached},
                   {"cache_creation_input_tokens", 0},
                   {"cache_read_input_tokens", cached},
                   {"output_tokens", usage.completion_tokens}};
  if (usage.reasoning_tokens > 0)
    out["output_tokens_details"] = json::Object{{"thinking_tokens", usage.reasoning_tokens}};
  return out;
}

// Which stop sequence ended the answer, where a backend tells: our Anthropic backend and vLLM do, beside the reason.
std::optional<std::string> stop_sequence_of(const Delta& delta) {
  if (delta.choices.empty()) return std::nullopt;
  const auto text = json::string_at(delta.choices.front(), "stop_reason");
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

bool is_object(const std::string& text) {
  const auto parsed = json::parse(text);
  return parsed && parsed->is_object();
}

}  // namespace

void Events::emit(Out& out, std::string_view name, json::Object data) const {
  data["type"] = name;
  out.push_back({std::string(name), std::move(data)});
}

std::vector<Event> Events::start() {
  Out out;
  Usage usage;
  usage.prompt_tokens = head_.prompt_tokens;
  json::Object counts = usage_of(usage);
  counts["service_tier"] = "standard";
  json::Object message{{"id", head_.id},           {"type", "message"},         {"role", "assistant"},
                       {"model", head_.model},     {"content", json::Array()},  {"stop_reason", nullptr},
                       {"stop_sequence", nullptr}, {"usage", std::move(counts)}};
  if (head_.retrieval_context) {
    message["retrieval_context"] = *head_.retrieval_context;
    told_ = head_.retrieval_context->size();
  }
  emit(out, "message_start", {{"message", std::move(message)}});
  return out;
}

void Events::open(Out& out, std::string_view kind, json::Object block) {
  close(out);
  block["type"] = kind;
  kind_ = kind;
  emit(out, "content_block_start", {{"index", ++block_}, {"content_block", std::move(block)}});
}

void Events::close(Out& out) {
  if (kind_.empty()) return;
  kind_.clear();
  arguments_.clear();
  call_ = -1;
  emit(out, "content_block_stop", {{"index", block_}});
}

// A piece of text for a block of this kind, whose text is under `key`.
void Events::say(Out& out, std::string_view kind, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  if (kind_ != kind) {
    json::Object block{{key, ""}};
    if (kind == "thinking") block["signature"] = "";
    open(out, kind, std::move(block));
  }
  emit(out, "content_block_delta",
       {{"index", block_}, {"delta", json::Object{{"type", std::string(kind) + "_delta"}, {key, text}}}});
}

void Events::open_call(Out& out, int64_t index, Call call) {
  if (call.id.empty()) call.id = new_call_id();
  open(out, "tool_use", {{"id", call.id}, {"name", call.name}, {"input", json::Object()}});
  called_ = true;
  call_ = index;
  take_piece(out, {.index = index, .id = "", .name = "", .arguments = std::move(call.arguments)});
}

// Backends may give pieces of several calls in turns. A call that begins before the open one is whole is kept.
void Events::take_piece(Out& out, const ToolCallPiece& piece) {
  if (kind_ == "tool_use" && call_ == piece.index) {
    if (piece.arguments.empty()) return;
    arguments_ += piece.arguments;
    const json::Object delta{{"type", "input_json_delta"}, {"partial_json", piece.arguments}};
    return emit(out, "content_block_delta", {{"index", block_}, {"delta", delta}});
  }
  if (piece.name.empty() && piece.arguments.empty()) return;
  const bool free = kind_ != "tool_use" || is_object(arguments_);
  if (free && !kept_.contains(piece.index)) return open_call(out, piece.index, {piece.id, piece.name, piece.arguments});
  Call& call = kept_[piece.index];
  if (call.id.empty()) call.id = piece.id;
  if (call.name.empty()) call.name = piece.name;
  call.arguments += piece.arguments;
}

std::vector<Event> Events::take(const Delta& delta) {
  Out out;
  say(out, "thinking", "thinking", delta.reasoning);
  say(out, "text", "text", delta.content);
  say(out, "text", "text", delta.refusal);
  for (const auto& piece : delta.tool_calls) take_piece(out, piece);
  if (!delta.refusal.empty()) refused_ = true;
  if (!delta.finish_reason.empty()) {
    finish_reason_ = delta.finish_reason;
    stop_sequence_ = stop_sequence_of(delta);
  }
  if (delta.usage) usage_ = delta.usage;
  return out;
}

std::string_view Events::stop_reason() const {
  if (refused_ || finish_reason_ == "content_filter") return "refusal";
  if (finish_reason_ == "length") return "max_tokens";
  if (called_) return "tool_use";
  return stop_sequence_ ? "stop_sequence" : "end_turn";
}

std::vector<Event> Events::finish() {
  Out out;
  for (auto& [index, call] : std::exchange(kept_, {})) open_call(out, index, std::move(call));
  close(out);
  const std::string_view reason = stop_reason();
  const bool by_sequence = reason == "stop_sequence";
  json::Object change{{"stop_reason", reason},
                      {"stop_sequence", by_sequence ? json::Value(*stop_sequence_) : json::Value(nullptr)},
                      {"stop_details", nullptr}};
  Usage usage;
  usage.prompt_tokens = head_.prompt_tokens;
  json::Object last{{"delta", std::move(change)}, {"usage", usage_of(usage_.value_or(usage))}};
  if (head_.retrieval_context && head_.retrieval_context->size() != told_)
    last["retrieval_context"] = *head_.retrieval_context;
  emit(out, "message_delta", std::move(last));
  emit(out, "message_stop", {});
  return out;
}

Event ping() {
  return {"ping", {{"type", "ping"}}};
}

json::Object& Whole::block(const Event& event) {
  json::Array& content = message_["content"].as_array();
  return content.at(static_cast<size_t>(event.data.at("index").as_int64())).as_object();
}

void Whole::add(const Event& event) {
  if (event.name == "message_start") {
    message_ = event.data.at("message").as_object();
  } else if (event.name == "content_block_start") {
    message_["content"].as_array().push_back(event.data.at("content_block"));
    input_.clear();
  } else if (event.name == "content_block_delta") {
    const json::Value& delta = event.data.at("delta");
    for (const std::string_view key : {"text", "thinking"}) {
      const auto piece = json::string_at(delta, key);
      if (piece) block(event)[key].as_string().append(*piece);
    }
    input_ += json::string_at(delta, "partial_json").value_or("");
  } else if (event.name == "content_block_stop" && !input_.empty()) {
    // A call that was cut off by the limit of tokens is no JSON: its input stays empty, and stop_reason says why.
    auto input = json::parse(input_);
    if (input && input->is_object()) block(event)["input"] = std::move(*input);
  } else if (event.name == "message_delta") {
    for (const auto& member : event.data.at("delta").as_object()) message_[member.key()] = member.value();
    json::Object& usage = message_["usage"].as_object();
    for (const auto& member : event.data.at("usage").as_object()) usage[member.key()] = member.value();
    if (const json::Value* grown = event.data.if_contains("retrieval_context")) message_["retrieval_context"] = *grown;
  }
}

}  // namespace promethean::llm::messages
