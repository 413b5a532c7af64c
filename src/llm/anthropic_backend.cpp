// Anthropic's dialect. Source: Anthropic API reference, "Messages" and "Streaming messages".
#include <algorithm>
#include <utility>

#include "llm/backends.h"
#include "llm/content.h"

namespace promethean::llm {

namespace {

constexpr int64_t kDefaultLimit = 4096;  // max_tokens is required there
constexpr std::string_view kVersion = "2023-06-01";

json::Object text_block(std::string_view text) {
  return {{"type", "text"}, {"text", text}};
}

json::Object image_block(std::string_view url) {
  if (const auto data = parse_data_url(url)) {
    return {{"type", "image"},
            {"source", json::Object{{"type", "base64"}, {"media_type", data->media_type}, {"data", data->base64}}}};
  }
  return {{"type", "image"}, {"source", json::Object{{"type", "url"}, {"url", url}}}};
}

// Text and images in their order; empty texts are left out, since Anthropic refuses them.
void append_content(const json::Value* content, json::Array& blocks) {
  if (content == nullptr) return;
  if (content->is_string() && !content->as_string().empty()) blocks.emplace_back(text_block(content->as_string()));
  if (!content->is_array()) return;
  for (const auto& part : content->as_array()) {
    if (const auto text = json::string_at(part, "text"); text && !text->empty()) blocks.emplace_back(text_block(*text));
    const json::Value* image = json::find(part, "image_url");
    const auto url = image == nullptr ? std::nullopt : json::string_at(*image, "url");
    if (url) blocks.emplace_back(image_block(*url));
  }
}

void append_calls(const json::Array& calls, json::Array& blocks) {
  for (const auto& call : calls) {
    const json::Value* function = json::find(call, "function");
    if (function == nullptr) continue;
    blocks.emplace_back(json::Object{{"type", "tool_use"},
                                     {"id", json::string_at(call, "id").value_or("")},
                                     {"name", json::string_at(*function, "name").value_or("")},
                                     {"input", call_arguments(call).value_or(json::Object{})}});
  }
}

struct Conversation {
  std::string system;
  json::Array messages;
};

// Roles alternate there: what one side says in several messages becomes one, and tool results are the user's.
void append_turn(json::Array& messages, std::string_view role, json::Array blocks) {
  if (blocks.empty()) return;
  if (!messages.empty() && json::string_at(messages.back(), "role") == role) {
    json::Array& content = messages.back().as_object()["content"].as_array();
    for (auto& block : blocks) content.push_back(std::move(block));
    return;
  }
  messages.emplace_back(json::Object{{"role", role}, {"content", std::move(blocks)}});
}

Conversation anthropic_messages(const json::Array& messages) {
  Conversation out;
  for (const auto& message : messages) {
    const std::string_view role = json::string_at(message, "role").value_or("user");
    const json::Value* content = json::find(message, "content");
    json::Array blocks;
    if (role == "system" || role == "developer") {
      if (!out.system.empty()) out.system += "\n\n";
      if (content != nullptr) out.system += content_text(*content);
    } else if (role == "tool") {
      json::Array result;
      append_content(content, result);
      blocks.emplace_back(json::Object{{"type", "tool_result"},
                                       {"tool_use_id", json::string_at(message, "tool_call_id").value_or("")},
                                       {"content", std::move(result)}});
      append_turn(out.messages, "user", std::move(blocks));
    } else {
      append_content(content, blocks);
      if (const json::Array* calls = json::array_at(message, "tool_calls")) append_calls(*calls, blocks);
      append_turn(out.messages, role == "assistant" ? "assistant" : "user", std::move(blocks));
    }
  }
  return out;
}

void set_tools(const json::Object& request, json::Object& body) {
  const json::Array* tools = json::array_at(request, "tools");
  const json::Value* choice = request.if_contains("tool_choice");
  if (tools == nullptr || (choice != nullptr && *choice == "none")) return;
  json::Array out;
  for (const auto& tool : *tools) {
    const json::Value* function = json::find(tool, "function");
    if (function == nullptr) continue;
    json::Object one{{"name", json::string_at(*function, "name").value_or("")}};
    if (const auto text = json::string_at(*function, "description")) one["description"] = *text;
    const json::Object* parameters = json::object_at(*function, "parameters");
    one["input_schema"] = parameters != nullptr ? *parameters : json::Object{{"type", "object"}};
    out.emplace_back(std::move(one));
  }
  if (out.empty()) return;
  body["tools"] = std::move(out);
  json::Object wish{{"type", "auto"}};
  if (choice != nullptr && *choice == "required") wish["type"] = "any";
  const json::Value* named = choice == nullptr ? nullptr : json::find(*choice, "function");
  if (named != nullptr) wish = {{"type", "tool"}, {"name", json::string_at(*named, "name").value_or("")}};
  if (json::bool_at(request, "parallel_tool_calls") == false) wish["disable_parallel_tool_use"] = true;
  if (wish.size() > 1 || wish["type"] != "auto") body["tool_choice"] = std::move(wish);
}

// 0: the model does not think.
int64_t thinking_budget(std::string_view effort) {
  if (effort == "low") return 1'024;
  if (effort == "medium") return 4'096;
  return effort == "high" || effort == "xhigh" ? 16'384 : 0;
}

// While calls are answered Anthropic wants the thoughts before them back, signed; a chat does not keep those.
bool answers_calls(const json::Object& request) {
  const json::Array& messages = request.at("messages").as_array();
  const auto last = std::find_if(messages.rbegin(), messages.rend(), [](const json::Value& message) {
    return json::string_at(message, "role") == "assistant";
  });
  const json::Array* calls = last == messages.rend() ? nullptr : json::array_at(*last, "tool_calls");
  return calls != nullptr && !calls->empty();
}

void set_sampling(const json::Object& request, json::Object& body) {
  int64_t limit = 0;
  for (const std::string_view key : {"max_tokens", "max_completion_tokens"})
    limit = std::max<int64_t>(json::int_at(request, key).value_or(0), 0) > 0 ? *json::int_at(request, key) : limit;
  const int64_t budget =
      answers_calls(request) ? 0 : thinking_budget(json::string_at(request, "reasoning_effort").value_or(""));
  body["max_tokens"] = (limit > 0 ? limit : kDefaultLimit) + budget;
  if (budget > 0) {
    // With thinking, Anthropic takes no temperature, no top_p and no top_k.
    body["thinking"] = json::Object{{"type", "enabled"}, {"budget_tokens", budget}};
  } else {
    if (const auto t = json::number_at(request, "temperature")) body["temperature"] = std::min(*t, 1.0);
    if (const auto p = json::number_at(request, "top_p")) body["top_p"] = *p;
    if (const auto k = json::int_at(request, "top_k").value_or(0); k > 0) body["top_k"] = k;
  }
  const json::Value* stop = request.if_contains("stop");
  if (stop != nullptr && stop->is_string()) body["stop_sequences"] = json::Array{*stop};
  if (stop != nullptr && stop->is_array() && !stop->as_array().empty()) body["stop_sequences"] = *stop;
  if (const auto user = json::string_at(request, "user")) body["metadata"] = json::Object{{"user_id", *user}};
}

void set_format(const json::Object& request, json::Object& body) {
  const json::Value* format = request.if_contains("response_format");
  const json::Value* named = format == nullptr ? nullptr : json::find(*format, "json_schema");
  const json::Value* schema = named == nullptr ? nullptr : json::find(*named, "schema");
  if (schema == nullptr) return;
  body["output_config"] = json::Object{{"format", json::Object{{"type", "json_schema"}, {"schema", *schema}}}};
}

json::Object anthropic_request(const json::Object& request, const BackendOptions& options) {
  Conversation conversation = anthropic_messages(request.at("messages").as_array());
  json::Object body{{"model", options.upstream}, {"stream", true}, {"messages", std::move(conversation.messages)}};
  if (!conversation.system.empty()) body["system"] = conversation.system;
  set_sampling(request, body);
  set_tools(request, body);
  set_format(request, body);
  return body;
}

std::string_view finish_reason(std::string_view stop_reason) {
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") return "length";
  if (stop_reason == "tool_use") return "tool_calls";
  return stop_reason == "refusal" ? "content_filter" : "stop";
}

class AnthropicDialect final : public Dialect {
 public:
  explicit AnthropicDialect(std::shared_ptr<Upstream> upstream) : upstream_(std::move(upstream)) {}

  void take(std::string_view text, Reading& reading) override {
    const auto event = json::parse(text);
    const auto type = event ? json::string_at(*event, "type") : std::nullopt;
    if (!type) {
      reading.failure = base::Error(base::Code::kUnavailable,
                                    "model " + upstream_->label() + " sent an event that is not valid JSON");
      return;
    }
    Delta delta;
    if (*type == "error") {
      reading.failure = upstream_->error(500, text);
    } else if (*type == "message_stop") {
      reading.ended = true;
    } else if (*type == "message_start") {
      const json::Value* message = json::find(*event, "message");
      const json::Value* usage = message == nullptr ? nullptr : json::find(*message, "usage");
      if (usage != nullptr) read_usage(*usage);
    } else if (*type == "content_block_start") {
      start_block(*event, delta, reading);
    } else if (*type == "content_block_delta") {
      read_piece(*event, delta, reading);
    } else if (*type == "message_delta") {
      read_end(*event, delta, reading);
    }
  }

 private:
  void emit(Delta& delta, Reading& reading) {
    delta.choices = chunk_choices(delta, std::exchange(first_, false));
    reading.ready.push_back(std::move(delta));
  }

  // A call's arguments follow as pieces of JSON text.
  void start_block(const json::Value& event, Delta& delta, Reading& reading) {
    const json::Value* block = json::find(event, "content_block");
    if (block == nullptr) return;
    const auto type = json::string_at(*block, "type");
    if (type == "text") delta.content = json::string_at(*block, "text").value_or("");
    if (type == "tool_use") {
      delta.tool_calls.push_back({.index = ++call_,
                                  .id = std::string(json::string_at(*block, "id").value_or("")),
                                  .name = std::string(json::string_at(*block, "name").value_or("")),
                                  .arguments = ""});
    }
    if (!delta.content.empty() || !delta.tool_calls.empty()) emit(delta, reading);
  }

  void read_piece(const json::Value& event, Delta& delta, Reading& reading) {
    const json::Value* piece = json::find(event, "delta");
    if (piece == nullptr) return;
    const auto type = json::string_at(*piece, "type");
    if (type == "text_delta") delta.content = json::string_at(*piece, "text").value_or("");
    if (type == "thinking_delta") delta.reasoning = json::string_at(*piece, "thinking").value_or("");
    if (type == "input_json_delta" && call_ >= 0) {
      const auto text = json::string_at(*piece, "partial_json").value_or("");
      if (!text.empty())
        delta.tool_calls.push_back({.index = call_, .id = "", .name = "", .arguments = std::string(text)});
    }
    if (!delta.content.empty() || !delta.reasoning.empty() || !delta.tool_calls.empty()) emit(delta, reading);
  }

  void read_end(const json::Value& event, Delta& delta, Reading& reading) {
    if (const json::Value* usage = json::find(event, "usage")) read_usage(*usage);
    const json::Value* change = json::find(event, "delta");
    const auto reason = change == nullptr ? std::nullopt : json::string_at(*change, "stop_reason");
    if (!reason) return;
    delta.finish_reason = finish_reason(*reason);
    delta.usage = usage_;
    emit(delta, reading);
    // A chat has no place for it; vLLM puts it here, too.
    if (const auto sequence = json::string_at(*change, "stop_sequence"))
      reading.ready.back().choices.front().as_object()["stop_reason"] = *sequence;
  }

  // Tokens that were read from or written to the prompt cache are not in input_tokens.
  void read_usage(const json::Value& usage) {
    if (const auto input = json::int_at(usage, "input_tokens")) {
      usage_.cached_tokens = json::int_at(usage, "cache_read_input_tokens").value_or(0);
      usage_.prompt_tokens =
          *input + usage_.cached_tokens + json::int_at(usage, "cache_creation_input_tokens").value_or(0);
    }
    if (const auto output = json::int_at(usage, "output_tokens")) usage_.completion_tokens = *output;
  }

  std::shared_ptr<Upstream> upstream_;
  Usage usage_;
  int64_t call_ = -1;
  bool first_ = true;
};

class AnthropicBackend final : public Backend {
 public:
  AnthropicBackend(http::Client& client, BackendOptions options, Locate locate) : options_(std::move(options)) {
    UpstreamOptions upstream{options_.label, {}, options_.timeouts};
    upstream.headers.add("anthropic-version", std::string(kVersion));
    if (!options_.api_key.empty()) upstream.headers.add("x-api-key", options_.api_key);
    upstream_ = std::make_shared<Upstream>(client, std::move(upstream), std::move(locate));
  }

  Kind kind() const override { return Kind::kAnthropic; }

  Task<base::Result<std::unique_ptr<ChatStream>>> chat(Context& ctx, const json::Object& request) override {
    const json::Value body = anthropic_request(request, options_);
    auto stream = co_await upstream_->stream(ctx, "/v1/messages", json::write(body), Framing::kEvents,
                                             std::make_unique<AnthropicDialect>(upstream_));
    co_return stream;
  }

 private:
  BackendOptions options_;
  std::shared_ptr<Upstream> upstream_;
};

}  // namespace

std::shared_ptr<Backend> make_anthropic_backend(http::Client& client, BackendOptions options, Locate locate) {
  return std::make_shared<AnthropicBackend>(client, std::move(options), std::move(locate));
}

}  // namespace promethean::llm
