// OpenAI's chat dialect, its legacy completions and its embeddings. Source: OpenAI API reference, "The chat completion
// chunk object", "The completion object", "The embedding object".
#include "llm/backends.h"
#include "llm/content.h"
#include "llm/plain_chunk.h"

namespace promethean::llm {

namespace {

Usage read_usage(const json::Value& usage) {
  Usage out;
  out.prompt_tokens = json::int_at(usage, "prompt_tokens").value_or(0);
  out.completion_tokens = json::int_at(usage, "completion_tokens").value_or(0);
  if (const auto* details = json::find(usage, "prompt_tokens_details"))
    out.cached_tokens = json::int_at(*details, "cached_tokens").value_or(0);
  if (const auto* details = json::find(usage, "completion_tokens_details"))
    out.reasoning_tokens = json::int_at(*details, "reasoning_tokens").value_or(0);
  return out;
}

ToolCallPiece read_call(const json::Value& call, int64_t position) {
  ToolCallPiece piece;
  piece.index = json::int_at(call, "index").value_or(position);
  piece.id = json::string_at(call, "id").value_or("");
  if (const json::Value* function = json::find(call, "function")) {
    piece.name = json::string_at(*function, "name").value_or("");
    piece.arguments = json::string_at(*function, "arguments").value_or("");
  }
  return piece;
}

// Of a chat its delta, of a completed prompt its text.
void read_choice(const json::Value& choice, Delta& delta) {
  delta.finish_reason = json::string_at(choice, "finish_reason").value_or("");
  delta.content = json::string_at(choice, "text").value_or("");
  const json::Value* piece = json::find(choice, "delta");
  if (piece == nullptr) return;
  delta.content = json::string_at(*piece, "content").value_or("");
  delta.refusal = json::string_at(*piece, "refusal").value_or("");
  // llama.cpp and DeepSeek say reasoning_content, Ollama and OpenRouter reasoning.
  delta.reasoning =
      json::string_at(*piece, "reasoning_content").value_or(json::string_at(*piece, "reasoning").value_or(""));
  if (const json::Array* calls = json::array_at(*piece, "tool_calls")) {
    for (size_t i = 0; i < calls->size(); ++i)
      delta.tool_calls.push_back(read_call((*calls)[i], static_cast<int64_t>(i)));
  }
}

// The end is proper after [DONE], or after a finish_reason of every choice.
class OpenAiDialect final : public Dialect {
 public:
  // The answer has so many `choices`. `joins`: text that has come together is one delta, for those who want it whole
  // anyway.
  OpenAiDialect(std::shared_ptr<Upstream> upstream, int64_t choices, bool joins)
      : upstream_(std::move(upstream)), unfinished_(choices), joins_(joins) {}

  void take(std::string_view text, Reading& reading) override {
    if (text == "[DONE]") {
      reading.ended = true;
      return;
    }
    if (auto plain = chunks_.read(text)) return take_plain(std::move(*plain), reading);
    auto chunk = json::parse(text);
    if (!chunk || !chunk->is_object()) {
      reading.failure = base::Error(base::Code::kUnavailable,
                                    "model " + upstream_->label() + " sent an event that is not valid JSON");
      return;
    }
    if (json::find(*chunk, "error") != nullptr) {
      reading.failure = upstream_->error(500, text);
      return;
    }
    Delta delta;
    if (const json::Value* usage = json::find(*chunk, "usage"); usage != nullptr && usage->is_object())
      delta.usage = read_usage(*usage);
    if (json::array_at(*chunk, "choices") != nullptr)
      delta.choices = std::move(chunk->as_object()["choices"].as_array());
    for (const auto& choice : delta.choices) {
      if (json::string_at(choice, "finish_reason") && --unfinished_ <= 0) reading.may_end = true;
      if (json::int_at(choice, "index").value_or(0) == 0) read_choice(choice, delta);
    }
    if (!delta.choices.empty() || delta.usage) reading.ready.push_back(std::move(delta));
  }

 private:
  void take_plain(PlainChunk chunk, Reading& reading) {
    const bool ends = !chunk.finish_reason.empty();
    if (joins_ && !ends && !reading.ready.empty() && reading.ready.back().is_plain &&
        reading.ready.back().finish_reason.empty()) {
      Delta& last = reading.ready.back();
      last.content += chunk.content;
      last.choices.insert(chunk.written, behind_content_);
      return;
    }
    if (!ends) behind_content_ = static_cast<size_t>(chunk.choices.end() - chunk.written.end());
    if (ends && --unfinished_ <= 0) reading.may_end = true;
    Delta& delta = reading.ready.emplace_back();
    delta.content = std::move(chunk.content);
    delta.finish_reason = std::move(chunk.finish_reason);
    delta.is_plain = true;
    delta.choices = Choices::of_text(std::string(chunk.choices));
  }

  std::shared_ptr<Upstream> upstream_;
  int64_t unfinished_;
  bool joins_;
  PlainChunkReader chunks_;
  size_t behind_content_ = 0;  // bytes of the last plain delta's choices
};

base::Result<Embeddings> openai_embeddings(const json::Value& answer, const std::string& label) {
  const json::Array* data = json::array_at(answer, "data");
  if (data == nullptr)
    return base::fail(base::Code::kUnavailable, "model " + label + " sent an answer without embeddings");
  Embeddings out;
  out.vectors.resize(data->size());
  for (size_t i = 0; i < data->size(); ++i) {
    const json::Value& entry = (*data)[i];
    const auto at = static_cast<size_t>(json::int_at(entry, "index").value_or(static_cast<int64_t>(i)));
    const json::Array* numbers = json::array_at(entry, "embedding");
    auto vector = numbers == nullptr ? std::nullopt : read_vector(*numbers);
    if (!vector || at >= out.vectors.size())
      return base::fail(base::Code::kUnavailable, "model " + label + " sent an embedding that is no list of numbers");
    out.vectors[at] = std::move(*vector);
  }
  if (const json::Value* usage = json::find(answer, "usage")) out.prompt_tokens = read_usage(*usage).prompt_tokens;
  return out;
}

http::Headers credential(const std::string& key) {
  http::Headers headers;
  if (!key.empty()) headers.add("authorization", "Bearer " + key);
  return headers;
}

class OpenAiBackend final : public Backend {
 public:
  OpenAiBackend(http::Client& client, Kind kind, BackendOptions options, Locate locate)
      : kind_(kind),
        options_(std::move(options)),
        upstream_(std::make_shared<Upstream>(
            client, UpstreamOptions{options_.label, credential(options_.api_key), options_.timeouts},
            std::move(locate))) {}

  Kind kind() const override { return kind_; }

  Task<base::Result<std::unique_ptr<ChatStream>>> chat(Context& ctx, const json::Object& request) override {
    return stream(ctx, "/v1/chat/completions", request, Endpoint::kChat);
  }

  Task<base::Result<std::unique_ptr<ChatStream>>> complete(Context& ctx, const json::Object& request) override {
    return stream(ctx, "/v1/completions", request, Endpoint::kCompletions);
  }

  Task<base::Result<Embeddings>> embed(Context& ctx, const json::Object& request) override {
    auto answer = co_await upstream_->post_json(
        ctx, "/v1/embeddings", sent_body(request, kind_, Endpoint::kEmbeddings, {{"model", options_.upstream}}));
    if (!answer) co_return base::fail(std::move(answer).error());
    co_return openai_embeddings(*answer, options_.label);
  }

  Task<base::Result<int64_t>> count_tokens(Context& ctx, std::string text) override {
    if (!options_.can_count) co_return estimate_tokens(text);
    const json::Value body = json::Object{{"content", text}};
    auto answer = co_await upstream_->post_json(ctx, "/tokenize", json::write(body));
    if (!answer) co_return base::fail(std::move(answer).error());
    const auto count = json::int_at(*answer, "count");
    if (!count) co_return base::fail(base::Code::kUnavailable, "model " + options_.label + " did not count tokens");
    co_return *count;
  }

  uint64_t incarnation() const override { return options_.incarnation ? options_.incarnation() : 0; }

 private:
  Task<base::Result<std::unique_ptr<ChatStream>>> stream(Context& ctx, std::string path, const json::Object& request,
                                                         Endpoint endpoint) {
    const json::Object own{
        {"model", options_.upstream}, {"stream", true}, {"stream_options", json::Object{{"include_usage", true}}}};
    const bool joins = !json::bool_at(request, "stream").value_or(false);
    auto dialect = std::make_unique<OpenAiDialect>(upstream_, json::int_at(request, "n").value_or(1), joins);
    return upstream_->stream(ctx, std::move(path), sent_body(request, kind_, endpoint, own), Framing::kEvents,
                             std::move(dialect));
  }

  Kind kind_;
  BackendOptions options_;
  std::shared_ptr<Upstream> upstream_;
};

}  // namespace

std::shared_ptr<Backend> make_openai_backend(http::Client& client, Kind kind, BackendOptions options, Locate locate) {
  return std::make_shared<OpenAiBackend>(client, kind, std::move(options), std::move(locate));
}

}  // namespace promethean::llm
