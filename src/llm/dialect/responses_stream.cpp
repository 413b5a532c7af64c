#include "llm/dialect/responses_stream.h"

#include "base/strings.h"
#include "http/sse.h"
#include "llm/dialect/compaction.h"
#include "llm/dialect/responses_fields.h"

namespace promethean::llm::responses {

namespace {

using Kind = OutputItem::Kind;

std::string_view id_prefix(Kind kind) {
  switch (kind) {
    case Kind::kReasoning:
      return "rs";
    case Kind::kFunctionCall:
      return "fc";
    case Kind::kCustomCall:
      return "ctc";
    default:
      return "msg";
  }
}

// "resp_1a2b" -> "1a2b", which makes the ids of the items unique without more random numbers.
std::string_view stem(const json::Object& response) {
  const std::string_view id(response.at("id").get_string());
  return id.substr(id.find('_') + 1);
}

// Both dialects describe a token alike.
json::Array logprobs_of(const Delta& delta) {
  if (delta.choices.empty()) return {};
  const json::Value* logprobs = json::given(delta.choices[0], "logprobs");
  const json::Array* content = logprobs == nullptr ? nullptr : json::array_at(*logprobs, "content");
  return content == nullptr ? json::Array() : *content;
}

void append(json::Array& to, const json::Array& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

StreamSetup stream_setup(const json::Value& request, const Translated& translated, const ResponseName& name) {
  StreamSetup setup;
  setup.response = response_object(request, name);
  setup.tools = translated.tools;
  setup.call_ids = translated.call_ids;
  setup.compaction = translated.compaction;
  setup.events = json::bool_at(request, "stream").value_or(false);
  if (const json::Value* reasoning = json::given(request, "reasoning")) {
    setup.summaries = json::string_at(*reasoning, "summary").value_or("none") != "none";
  }
  return setup;
}

void ResponsesStream::event(std::string_view type, json::Object members) {
  if (!setup_.events) return;
  json::Object whole{{"type", type}, {"sequence_number", sequence_++}};
  for (auto& member : members) whole[member.key()] = std::move(member.value());
  const json::Value data(std::move(whole));
  out_ += http::sse_event(json::write(data), type);
}

void ResponsesStream::item_event(std::string_view type, size_t item, json::Object members) {
  json::Object whole{{"item_id", items_[item].id}, {"output_index", item}};
  for (auto& member : members) whole[member.key()] = std::move(member.value());
  event(type, std::move(whole));
}

void ResponsesStream::response_event(std::string_view type) {
  if (setup_.events) event(type, {{"response", setup_.response}});
}

std::string ResponsesStream::begin() {
  if (begun_) return {};
  begun_ = true;
  response_event("response.created");
  response_event("response.in_progress");
  return sent();
}

std::string ResponsesStream::keep_alive() {
  if (ended_) return {};
  if (!begun_) return begin();
  response_event("response.in_progress");
  return sent();
}

std::string ResponsesStream::feed(const Delta& delta) {
  if (ended_) return {};
  out_ = begin();
  if (delta.usage) usage_ = delta.usage;
  if (!delta.finish_reason.empty()) finish_reason_ = delta.finish_reason;
  if (setup_.compaction) {
    compacted_ += delta.content;
    return sent();
  }
  reasoning(delta.reasoning);
  text(delta);
  refusal(delta.refusal);
  for (const ToolCallPiece& one : delta.tool_calls) piece(one);
  return sent();
}

std::string ResponsesStream::finish(int64_t completed_at) {
  if (ended_) return {};
  if (setup_.compaction && base::trim(compacted_).empty()) {
    return fail(base::Error(base::Code::kUnavailable, "the model wrote no summary of the conversation"));
  }
  out_ = begin();
  const bool cut = finish_reason_ == "length" || finish_reason_ == "content_filter";
  const std::string_view status = cut ? "incomplete" : "completed";
  if (setup_.compaction) compaction_item();
  close_talk(status);
  for (Call& call : calls_) close_call(call, cut);
  if (cut) {
    const std::string reason = finish_reason_ == "length" ? "max_output_tokens" : finish_reason_;
    setup_.response["incomplete_details"] = json::Object{{"reason", reason}};
  } else {
    setup_.response["completed_at"] = completed_at;
  }
  if (!usage_) usage_ = Usage();
  end(status);
  return sent();
}

std::string ResponsesStream::fail(const base::Error& error) {
  if (ended_) return {};
  out_ = begin();
  setup_.response["error"] = error_json(error);
  end("failed");
  return sent();
}

void ResponsesStream::end(std::string_view status) {
  ended_ = true;
  for (OutputItem& item : items_) {
    if (item.status == "in_progress") item.status = "incomplete";
  }
  setup_.response["status"] = status;
  if (!setup_.compaction) setup_.response["output"] = output();
  if (usage_) setup_.response["usage"] = usage_json(*usage_);
  if (setup_.retrieval_context) setup_.response["retrieval_context"] = *setup_.retrieval_context;
  response_event(fmt::format("response.{}", status));
}

json::Array ResponsesStream::output() const {
  json::Array out;
  for (const OutputItem& item : items_) out.emplace_back(item.to_json());
  return out;
}

// --- items

size_t ResponsesStream::add(OutputItem item) {
  const size_t at = items_.size();
  item.id = fmt::format("{}_{}{:02x}", id_prefix(item.kind), stem(setup_.response), at);
  items_.push_back(std::move(item));
  event("response.output_item.added", {{"output_index", at}, {"item", items_[at].begun()}});
  return at;
}

void ResponsesStream::done(size_t item, std::string_view status) {
  items_[item].status = status;
  event("response.output_item.done", {{"output_index", item}, {"item", items_[item].to_json()}});
}

OutputItem& ResponsesStream::talk(Kind kind) {
  if (talk_ && items_[*talk_].kind != kind) close_talk("completed");
  if (!talk_) talk_ = add({.kind = kind, .summary = setup_.summaries});
  return items_[*talk_];
}

void ResponsesStream::close_talk(std::string_view status) {
  if (!talk_) return;
  const size_t at = *std::exchange(talk_, std::nullopt);
  const OutputItem& item = items_[at];
  if (item.refusal.empty()) {
    close_text(at);
  } else {
    const json::Value index = item.text.empty() ? 0 : 1;
    item_event("response.refusal.done", at, {{"content_index", index}, {"refusal", item.refusal}});
    item_event("response.content_part.done", at, {{"content_index", index}, {"part", item.refusal_part()}});
  }
  done(at, status);
}

// A text ends with its item, or where a refusal follows it.
void ResponsesStream::close_text(size_t at) {
  const OutputItem& item = items_[at];
  if (item.kind == Kind::kReasoning && item.summary) {
    item_event("response.reasoning_summary_text.done", at, {{"summary_index", 0}, {"text", item.text}});
    item_event("response.reasoning_summary_part.done", at, {{"summary_index", 0}, {"part", item.text_part()}});
    return;
  }
  const bool message = item.kind == Kind::kMessage;
  json::Object whole{{"content_index", 0}, {"text", item.text}};
  if (message) whole["logprobs"] = item.logprobs;
  item_event(message ? "response.output_text.done" : "response.reasoning_text.done", at, std::move(whole));
  item_event("response.content_part.done", at, {{"content_index", 0}, {"part", item.text_part()}});
}

void ResponsesStream::text(const Delta& delta) {
  json::Array logprobs = logprobs_of(delta);
  if (delta.content.empty()) {
    // Of text that was sent before: the last token is certain only when the answer has ended.
    if (talk_ && items_[*talk_].kind == Kind::kMessage) append(items_[*talk_].logprobs, logprobs);
    return;
  }
  const bool open = talk_ && items_[*talk_].kind == Kind::kMessage;
  if (open && !items_[*talk_].refusal.empty()) close_talk("completed");  // text behind a refusal is another message
  std::string fresh = std::exchange(blank_, {}) + delta.content;
  append(blank_logprobs_, logprobs);
  logprobs = std::exchange(blank_logprobs_, {});
  // Many models put empty lines around their reasoning and their calls; those alone are no message.
  if ((!talk_ || items_[*talk_].kind != Kind::kMessage) && base::trim(fresh).empty()) {
    blank_ = std::move(fresh);
    blank_logprobs_ = std::move(logprobs);
    return;
  }
  OutputItem& item = talk(Kind::kMessage);
  if (item.text.empty()) {
    item_event("response.content_part.added", *talk_, {{"content_index", 0}, {"part", item.text_part()}});
  }
  item.text += fresh;
  append(item.logprobs, logprobs);
  item_event("response.output_text.delta", *talk_, {{"content_index", 0}, {"delta", fresh}, {"logprobs", logprobs}});
}

void ResponsesStream::reasoning(const std::string& text) {
  if (text.empty()) return;
  OutputItem& item = talk(Kind::kReasoning);
  const std::string_view index = item.summary ? "summary_index" : "content_index";
  if (item.text.empty()) {
    item_event(item.summary ? "response.reasoning_summary_part.added" : "response.content_part.added", *talk_,
               {{index, 0}, {"part", item.text_part()}});
  }
  item.text += text;
  item_event(item.summary ? "response.reasoning_summary_text.delta" : "response.reasoning_text.delta", *talk_,
             {{index, 0}, {"delta", text}});
}

void ResponsesStream::refusal(const std::string& text) {
  if (text.empty()) return;
  OutputItem& item = talk(Kind::kMessage);
  const json::Value index = item.text.empty() ? 0 : 1;
  if (item.refusal.empty()) {
    if (!item.text.empty()) close_text(*talk_);
    item_event("response.content_part.added", *talk_, {{"content_index", index}, {"part", item.refusal_part()}});
  }
  item.refusal += text;
  item_event("response.refusal.delta", *talk_, {{"content_index", index}, {"delta", text}});
}

// --- calls

void ResponsesStream::piece(const ToolCallPiece& piece) {
  const auto at = call_at_.find(piece.index);
  // Some backends give every call the same index; a name with another id says that it is another call.
  const bool fresh = at == call_at_.end() || (!piece.name.empty() && !piece.id.empty() &&
                                              !calls_[at->second].id.empty() && calls_[at->second].id != piece.id);
  if (fresh) {
    call_at_[piece.index] = calls_.size();
    calls_.emplace_back();
  }
  Call& call = calls_[call_at_[piece.index]];
  if (call.id.empty()) call.id = piece.id;
  if (call.name.empty()) call.name = piece.name;
  if (call.item) return grow_call(call, piece.arguments);
  call.arguments += piece.arguments;
  if (!call.name.empty()) open_call(call);
}

void ResponsesStream::open_call(Call& call) {
  close_talk("completed");
  const ClientTool* known = setup_.tools.find(call.name);
  OutputItem item;
  // A name that the model made up goes to the client as it is, who says to the model that there is no such tool.
  item.tool = known == nullptr ? ClientTool{.name = call.name} : *known;
  item.kind = item.tool.custom ? Kind::kCustomCall : Kind::kFunctionCall;
  item.call_id = new_call_id(call.id);
  call.item = add(std::move(item));
  const std::string begun = std::exchange(call.arguments, {});
  grow_call(call, begun);
}

void ResponsesStream::grow_call(Call& call, std::string_view arguments) {
  if (arguments.empty()) return;
  OutputItem& item = items_[*call.item];
  const bool custom = item.kind == Kind::kCustomCall;
  const std::string fresh = custom ? call.input.feed(arguments) : std::string(arguments);
  item.text += fresh;
  if (fresh.empty() || item.tool.search) return;  // a search has no events of its own: its item says all
  item_event(custom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta", *call.item,
             {{"delta", fresh}});
}

void ResponsesStream::close_call(Call& call, bool cut) {
  if (!call.item) open_call(call);
  OutputItem& item = items_[*call.item];
  const bool custom = item.kind == Kind::kCustomCall;
  const bool whole = json::parse(custom ? call.input.arguments() : item.text).has_value();
  if (cut && !whole) return;
  if (custom) {
    const std::string streamed = std::exchange(item.text, call.input.finish());
    if (streamed.empty() && !item.text.empty()) {
      item_event("response.custom_tool_call_input.delta", *call.item, {{"delta", item.text}});
    }
    item_event("response.custom_tool_call_input.done", *call.item, {{"input", item.text}});
  } else {
    if (item.text.empty()) grow_call(call, "{}");
    if (!item.tool.search) {
      item_event("response.function_call_arguments.done", *call.item,
                 {{"name", item.tool.name}, {"arguments", item.text}});
    }
  }
  done(*call.item, "completed");
}

// The backend's id, unless it has none or has used it before.
std::string ResponsesStream::new_call_id(const std::string& wish) {
  std::string id = wish;
  for (int attempt = 0; id.empty() || !setup_.call_ids.insert(id).second; ++attempt) {
    id = fmt::format("call_{:016x}",
                     base::hash64(fmt::format("{} {} {}", stem(setup_.response), calls_.size(), attempt)));
  }
  return id;
}

void ResponsesStream::compaction_item() {
  const json::Object item{{"id", fmt::format("cmp_{}00", stem(setup_.response))},
                          {"type", "compaction"},
                          {"encrypted_content", write_compaction(compacted_)}};
  event("response.output_item.added", {{"output_index", 0}, {"item", item}});
  event("response.output_item.done", {{"output_index", 0}, {"item", item}});
  setup_.response["output"] = json::Array{item};
}

}  // namespace promethean::llm::responses
