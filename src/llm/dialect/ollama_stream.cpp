#include "llm/dialect/ollama_stream.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace promethean::llm::ollama {

namespace {

// At least one, since clients divide by it.
int64_t nanoseconds(base::SteadyTime from, base::SteadyTime to) {
  return std::max<int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count(), 1);
}

// The chat form's logprobs of the first choice, which Ollama has in the same form on the line itself.
const json::Array* logprobs_of(const Delta& delta) {
  if (delta.choices.empty()) return nullptr;
  const json::Value* logprobs = json::given(delta.choices.front(), "logprobs");
  return logprobs == nullptr ? nullptr : json::array_at(*logprobs, "content");
}

// Strings and arrays of `more` go on those of `whole`; its other members replace them.
void join(json::Object& whole, json::Object more) {
  for (auto& [key, value] : more) {
    json::Value* old = whole.if_contains(key);
    if (old == nullptr) {
      whole.emplace(key, std::move(value));
    } else if (old->is_array() && value.is_array()) {
      for (auto& item : value.as_array()) old->as_array().push_back(std::move(item));
    } else if (key == "message" && old->is_object() && value.is_object()) {
      join(old->as_object(), std::move(value.as_object()));
    } else if (key == "content" || key == "thinking" || key == "response") {
      old->as_string().append(value.as_string());
    } else {
      *old = std::move(value);
    }
  }
}

}  // namespace

json::Object Lines::line(Moment now, json::Object message) const {
  json::Object out{{"model", head_.model}, {"created_at", base::iso8601(now.wall)}};
  if (head_.form == Form::kMessage) {
    json::Object whole{{"role", "assistant"}, {"content", ""}};
    for (auto& [key, value] : message) whole[key] = std::move(value);
    out["message"] = std::move(whole);
  } else {
    const json::Value* content = message.if_contains("content");
    out["response"] = content == nullptr ? json::Value("") : *content;
    for (const std::string_view key : {"thinking", "tool_calls"}) {
      if (const json::Value* value = message.if_contains(key)) out[key] = *value;
    }
  }
  out["done"] = false;
  return out;
}

std::optional<json::Object> Lines::take(const Delta& delta, Moment now) {
  if (!first_) first_ = now.steady;
  if (delta.usage) usage_ = *delta.usage;
  if (!delta.finish_reason.empty()) finish_reason_ = delta.finish_reason;
  for (const auto& piece : delta.tool_calls) {
    Call& call = calls_[piece.index];
    if (call.id.empty()) call.id = piece.id;
    call.name += piece.name;
    call.arguments += piece.arguments;
  }
  json::Object message;
  if (!delta.content.empty() || !delta.refusal.empty()) message["content"] = delta.content + delta.refusal;
  if (head_.thoughts && !delta.reasoning.empty()) message["thinking"] = delta.reasoning;
  const json::Array* logprobs = logprobs_of(delta);
  if (message.empty() && logprobs == nullptr) return std::nullopt;
  json::Object out = line(now, std::move(message));
  if (logprobs != nullptr) out["logprobs"] = *logprobs;
  return out;
}

// A call that the limit of tokens cut off is no call; done_reason says why it is not there.
base::Result<json::Array> Lines::calls() const {
  json::Array out;
  for (const auto& [_, call] : calls_) {
    json::Value arguments = json::Object();
    if (!base::trim(call.arguments).empty()) {
      auto parsed = json::parse(call.arguments);
      if (!parsed || !parsed->is_object()) {
        if (finish_reason_ == "length") continue;
        return base::fail(base::Code::kUnavailable,
                          "model " + head_.model + " called " + call.name + " with arguments that are no JSON object");
      }
      arguments = std::move(*parsed);
    }
    json::Object function{{"index", out.size()}, {"name", call.name}, {"arguments", std::move(arguments)}};
    out.emplace_back(
        json::Object{{"id", call.id.empty() ? new_call_id() : call.id}, {"function", std::move(function)}});
  }
  return out;
}

json::Object Lines::last_line(Moment now) const {
  json::Object out = line(now, {});
  out["done"] = true;
  const bool is_told = finish_reason_ == "length" || finish_reason_ == "content_filter";
  out["done_reason"] = is_told ? finish_reason_ : "stop";
  const base::SteadyTime first = first_.value_or(now.steady);
  out["total_duration"] = nanoseconds(head_.began, now.steady);
  out["load_duration"] = 0;
  out["prompt_eval_count"] = usage_.prompt_tokens;
  out["prompt_eval_duration"] = nanoseconds(head_.began, first);
  out["eval_count"] = usage_.completion_tokens;
  out["eval_duration"] = nanoseconds(first, now.steady);
  if (head_.retrieval_context) out["retrieval_context"] = *head_.retrieval_context;
  return out;
}

base::Result<std::vector<json::Object>> Lines::finish(Moment now) {
  std::vector<json::Object> out;
  auto called = calls();
  if (!called) return base::fail(std::move(called).error());
  if (!called->empty()) out.push_back(line(now, {{"tool_calls", std::move(*called)}}));
  out.push_back(last_line(now));
  return out;
}

json::Object loaded(const Head& head, bool lets_go, Moment now) {
  json::Object out{{"model", head.model}, {"created_at", base::iso8601(now.wall)}};
  if (head.form == Form::kMessage)
    out["message"] = json::Object{{"role", "assistant"}, {"content", ""}};
  else
    out["response"] = "";
  out["done"] = true;
  out["done_reason"] = lets_go ? "unload" : "load";
  return out;
}

void Whole::add(json::Object line) {
  join(answer_, std::move(line));
}

}  // namespace promethean::llm::ollama
