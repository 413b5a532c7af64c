// Ollama's dialect. Source: Ollama's docs/api.md, "Generate a chat completion", "Generate a completion", "Generate
// Embeddings" and "Show Model Information".
#include <map>
#include <utility>

#include "llm/backends.h"
#include "llm/content.h"

namespace promethean::llm {

namespace {

// Call ids to names: Ollama's tool messages say which tool answered, not which call.
using CallNames = std::map<std::string, std::string, std::less<>>;

json::Array ollama_calls(const json::Array& calls, CallNames& names) {
  json::Array out;
  for (const auto& call : calls) {
    const json::Value* function = json::find(call, "function");
    const std::string name(function == nullptr ? "" : json::string_at(*function, "name").value_or(""));
    if (const auto id = json::string_at(call, "id")) names[std::string(*id)] = name;
    out.emplace_back(json::Object{
        {"function", json::Object{{"name", name}, {"arguments", call_arguments(call).value_or(json::Object{})}}}});
  }
  return out;
}

// Ollama fetches nothing: images must come in the request.
base::Result<json::Array> ollama_images(const json::Value& content, size_t message) {
  json::Array images;
  for (const auto url : image_urls(content)) {
    const auto data = parse_data_url(url);
    if (!data) {
      return base::fail(base::Error(base::Code::kInvalidArgument, "this model takes images only as base64 data URLs",
                                    "send data:image/png;base64,...")
                            .with_field("messages[" + std::to_string(message) + "].content"));
    }
    images.emplace_back(data->base64);
  }
  return images;
}

base::Result<json::Array> ollama_messages(const json::Array& messages) {
  CallNames names;
  json::Array out;
  for (size_t i = 0; i < messages.size(); ++i) {
    const json::Value& message = messages[i];
    const std::string_view role = json::string_at(message, "role").value_or("user");
    const json::Value* content = json::find(message, "content");
    json::Object turn{{"role", role == "developer"  ? "system"
                               : role == "function" ? "tool"
                                                    : role},
                      {"content", content == nullptr ? "" : content_text(*content)}};
    if (content != nullptr) {
      auto images = ollama_images(*content, i);
      if (!images) return base::fail(std::move(images).error());
      if (!images->empty()) turn["images"] = std::move(*images);
    }
    if (const auto thought = json::string_at(message, "reasoning_content")) turn["thinking"] = *thought;
    if (const json::Array* calls = json::array_at(message, "tool_calls"))
      turn["tool_calls"] = ollama_calls(*calls, names);
    if (const auto id = json::string_at(message, "tool_call_id")) {
      const auto name = names.find(*id);
      if (name != names.end()) turn["tool_name"] = name->second;
    } else if (role == "function") {
      turn["tool_name"] = json::string_at(message, "name").value_or("");
    }
    out.emplace_back(std::move(turn));
  }
  return out;
}

void copy(const json::Object& from, std::string_view key, json::Object& to, std::string_view as) {
  const json::Value* value = from.if_contains(key);
  if (value != nullptr && !value->is_null()) to[as] = *value;
}

json::Object ollama_options(const json::Object& request, int64_t context) {
  json::Object options;
  for (const std::string_view key :
       {"temperature", "top_p", "top_k", "min_p", "seed", "repeat_penalty", "frequency_penalty", "presence_penalty"})
    copy(request, key, options, key);
  for (const std::string_view key : {"max_tokens", "max_completion_tokens"}) {
    if (const auto limit = json::int_at(request, key); limit && *limit > 0) options["num_predict"] = *limit;
  }
  if (const json::Value* stop = request.if_contains("stop"); stop != nullptr && !stop->is_null())
    options["stop"] = stop->is_string() ? json::Value(json::Array{*stop}) : *stop;
  if (context > 0) options["num_ctx"] = context;
  return options;
}

void set_format(const json::Object& request, json::Object& body) {
  const json::Value* format = request.if_contains("response_format");
  if (format == nullptr || format->is_null()) return;
  const auto type = json::string_at(*format, "type");
  if (type == "json_object") body["format"] = "json";
  const json::Value* named = json::find(*format, "json_schema");
  const json::Value* schema = named == nullptr ? nullptr : json::find(*named, "schema");
  if (type == "json_schema" && schema != nullptr) body["format"] = *schema;
}

void set_tools(const json::Object& request, json::Object& body) {
  const json::Array* tools = json::array_at(request, "tools");
  if (tools == nullptr || json::string_at(request, "tool_choice") == "none") return;
  json::Array functions;
  for (const auto& tool : *tools) {
    if (json::string_at(tool, "type") == "function") functions.push_back(tool);
  }
  if (!functions.empty()) body["tools"] = std::move(functions);
}

base::Result<json::Object> ollama_request(const json::Object& request, const BackendOptions& options) {
  auto messages = ollama_messages(request.at("messages").as_array());
  if (!messages) return base::fail(std::move(messages).error());
  json::Object body{{"model", options.upstream}, {"messages", std::move(*messages)}, {"stream", true}};
  body["options"] = ollama_options(request, options.context);
  set_format(request, body);
  set_tools(request, body);
  copy(request, "logprobs", body, "logprobs");
  copy(request, "top_logprobs", body, "top_logprobs");
  if (const auto effort = json::string_at(request, "reasoning_effort")) {
    const bool leveled = *effort == "low" || *effort == "medium" || *effort == "high";
    body["think"] = leveled ? json::Value(*effort) : json::Value(*effort != "none" && *effort != "minimal");
  }
  copy(request, "think", body, "think");
  return body;
}

std::unexpected<base::Error> refused(std::string_view field, std::string message, std::string hint = {}) {
  return base::fail(
      base::Error(base::Code::kInvalidArgument, std::move(message), std::move(hint)).with_field(std::string(field)));
}

// The prompt goes to the model as it is, but for one with a suffix: what a model wants around the two is in its
// template.
base::Result<json::Object> generate_request(const json::Object& request, const BackendOptions& options) {
  if (!request.at("prompt").is_string())
    return refused("prompt", "this model takes prompts as text only, not as tokens");
  if (json::int_at(request, "max_tokens") == 0) return refused("max_tokens", "this model cannot answer with no token");
  json::Object body{{"model", options.upstream}, {"prompt", request.at("prompt")}, {"stream", true}};
  copy(request, "suffix", body, "suffix");
  if (!body.contains("suffix")) body["raw"] = true;
  body["options"] = ollama_options(request, options.context);
  return body;
}

base::Result<json::Object> embed_request(const json::Object& request, const BackendOptions& options) {
  for (const auto& text : request.at("input").as_array()) {
    if (!text.is_string()) return refused("input", "this model takes texts only, not tokens");
  }
  // Without `truncate` the rest of a long text would silently be left out.
  json::Object body{{"model", options.upstream}, {"input", request.at("input")}, {"truncate", false}};
  copy(request, "dimensions", body, "dimensions");
  if (options.context > 0) body["options"] = json::Object{{"num_ctx", options.context}};
  return body;
}

base::Result<Embeddings> ollama_embeddings(const json::Value& answer, const std::string& label) {
  Embeddings out;
  out.prompt_tokens = json::int_at(answer, "prompt_eval_count").value_or(0);
  const json::Array* list = json::array_at(answer, "embeddings");
  if (list == nullptr)
    return base::fail(base::Code::kUnavailable, "model " + label + " sent an answer without embeddings");
  for (const auto& entry : *list) {
    auto vector = entry.is_array() ? read_vector(entry.as_array()) : std::nullopt;
    if (!vector)
      return base::fail(base::Code::kUnavailable, "model " + label + " sent an embedding that is no list of numbers");
    out.vectors.push_back(std::move(*vector));
  }
  return out;
}

class OllamaDialect final : public Dialect {
 public:
  // `echo`: text that a completion gives back before its own.
  explicit OllamaDialect(std::shared_ptr<Upstream> upstream, Endpoint endpoint = Endpoint::kChat, std::string echo = {})
      : upstream_(std::move(upstream)), endpoint_(endpoint), echo_(std::move(echo)) {}

  void take(std::string_view text, Reading& reading) override {
    const auto line = json::parse(text);
    if (!line || !line->is_object()) {
      reading.failure =
          base::Error(base::Code::kUnavailable, "model " + upstream_->label() + " sent a line that is not valid JSON");
      return;
    }
    if (json::find(*line, "error") != nullptr) {
      reading.failure = upstream_->error(500, text);
      return;
    }
    Delta delta;
    if (const json::Value* message = json::find(*line, "message")) read_message(*message, delta);
    if (json::bool_at(*line, "done").value_or(false)) {
      read_end(*line, delta);
      reading.ended = true;
    }
    const bool first = std::exchange(first_, false);
    if (endpoint_ == Endpoint::kCompletions) {
      delta.content = std::exchange(echo_, {}) + std::string(json::string_at(*line, "response").value_or(""));
      delta.choices = text_choices(delta);
      reading.ready.push_back(std::move(delta));
      return;
    }
    delta.choices = chunk_choices(delta, first);
    if (const json::Array* logprobs = json::array_at(*line, "logprobs"))
      delta.choices[0].as_object()["logprobs"] = json::Object{{"content", *logprobs}};
    reading.ready.push_back(std::move(delta));
  }

 private:
  // Calls come whole, their arguments as an object and mostly without an id.
  void read_message(const json::Value& message, Delta& delta) {
    delta.content = json::string_at(message, "content").value_or("");
    delta.reasoning = json::string_at(message, "thinking").value_or("");
    const json::Array* calls = json::array_at(message, "tool_calls");
    if (calls == nullptr) return;
    for (const auto& call : *calls) {
      const json::Value* function = json::find(call, "function");
      if (function == nullptr) continue;
      ToolCallPiece piece;
      piece.index = calls_++;
      piece.id = json::string_at(call, "id").value_or("");
      if (piece.id.empty()) piece.id = new_call_id();
      piece.name = json::string_at(*function, "name").value_or("");
      const json::Value* arguments = json::find(*function, "arguments");
      if (arguments == nullptr || arguments->is_null())
        piece.arguments = "{}";
      else
        piece.arguments = arguments->is_string() ? std::string(arguments->as_string()) : json::write(*arguments);
      delta.tool_calls.push_back(std::move(piece));
    }
  }

  void read_end(const json::Value& line, Delta& delta) {
    const auto reason = json::string_at(line, "done_reason");
    delta.finish_reason = reason == "length" ? "length" : calls_ > 0 ? "tool_calls" : "stop";
    Usage usage;
    usage.prompt_tokens = json::int_at(line, "prompt_eval_count").value_or(0);
    usage.completion_tokens = json::int_at(line, "eval_count").value_or(0);
    delta.usage = usage;
  }

  std::shared_ptr<Upstream> upstream_;
  Endpoint endpoint_;
  std::string echo_;
  int64_t calls_ = 0;
  bool first_ = true;
};

class OllamaBackend final : public Backend {
 public:
  OllamaBackend(http::Client& client, BackendOptions options, Locate locate) : options_(std::move(options)) {
    UpstreamOptions upstream{options_.label, {}, options_.timeouts};
    if (!options_.api_key.empty()) upstream.headers.add("authorization", "Bearer " + options_.api_key);
    upstream_ = std::make_shared<Upstream>(client, std::move(upstream), std::move(locate));
  }

  Kind kind() const override { return Kind::kOllama; }

  Task<base::Result<std::unique_ptr<ChatStream>>> chat(Context& ctx, const json::Object& request) override {
    auto body = ollama_request(request, options_);
    if (!body) co_return base::fail(std::move(body).error());
    const json::Value whole(std::move(*body));
    auto stream = co_await upstream_->stream(ctx, "/api/chat", json::write(whole), Framing::kLines,
                                             std::make_unique<OllamaDialect>(upstream_));
    co_return stream;
  }

  Task<base::Result<std::unique_ptr<ChatStream>>> complete(Context& ctx, const json::Object& request) override {
    auto body = generate_request(request, options_);
    if (!body) co_return base::fail(std::move(body).error());
    std::string echo;
    if (json::bool_at(request, "echo").value_or(false)) echo = request.at("prompt").as_string();
    const json::Value whole(std::move(*body));
    auto dialect = std::make_unique<OllamaDialect>(upstream_, Endpoint::kCompletions, std::move(echo));
    auto stream =
        co_await upstream_->stream(ctx, "/api/generate", json::write(whole), Framing::kLines, std::move(dialect));
    co_return stream;
  }

  Task<base::Result<Embeddings>> embed(Context& ctx, const json::Object& request) override {
    auto body = embed_request(request, options_);
    if (!body) co_return base::fail(std::move(body).error());
    const json::Value whole(std::move(*body));
    auto answer = co_await upstream_->post_json(ctx, "/api/embed", json::write(whole));
    if (!answer) co_return base::fail(std::move(answer).error());
    co_return ollama_embeddings(*answer, options_.label);
  }

  Task<base::Result<json::Object>> describe(Context& ctx) override {
    const json::Value body = json::Object{{"model", options_.upstream}};
    auto answer = co_await upstream_->post_json(ctx, "/api/show", json::write(body));
    if (!answer) co_return base::fail(std::move(answer).error());
    json::Object* said = answer->if_object();
    co_return said == nullptr ? json::Object() : std::move(*said);
  }

 private:
  BackendOptions options_;
  std::shared_ptr<Upstream> upstream_;
};

}  // namespace

std::shared_ptr<Backend> make_ollama_backend(http::Client& client, BackendOptions options, Locate locate) {
  return std::make_shared<OllamaBackend>(client, std::move(options), std::move(locate));
}

}  // namespace promethean::llm
