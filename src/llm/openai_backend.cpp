#include "llm/openai_backend.h"

#include <deque>

#include "http/sse.h"

namespace promethean::llm {

namespace {

constexpr size_t kMaxErrorBody = 64 << 10;
constexpr int kRestartTries = 5;
constexpr std::chrono::milliseconds kRestartPause{100};
constexpr size_t kMaxBufferedEvents = 4096;  // of one network read; far above what 16 KiB can hold

base::Error upstream_error(const std::string& label, int status, std::string_view body) {
  std::string message;
  std::string code;
  if (const auto parsed = json::parse(body)) {
    const json::Value* error = json::find(*parsed, "error");
    if (error != nullptr) {
      message = error->is_string() ? std::string(error->as_string())
                                   : std::string(json::string_at(*error, "message").value_or(""));
      code = json::string_at(*error, "code").value_or("");
    }
  }
  if (message.empty()) message = "status " + std::to_string(status);
  const std::string text = "model " + label + ": " + message;
  if (code == "context_length_exceeded" || status == 413)
    return base::Error(base::Code::kTooLarge, text,
                       "shorten the conversation, or choose a model with a larger context");
  if (status == 401 || status == 403)
    return base::Error(base::Code::kUnavailable, text,
                       "the backend refused our credential: check api_key_env of this model");
  if (status == 404)
    return base::Error(base::Code::kNotFound, text, "check `upstream` of this model: the backend has no such model");
  if (status == 429) return base::Error(base::Code::kRateLimited, text, "try again shortly");
  if (status >= 400 && status < 500) return base::Error(base::Code::kInvalidArgument, text);
  return base::Error(base::Code::kUnavailable, text, "try again shortly");
}

std::optional<Usage> usage_of(const json::Value& chunk) {
  const json::Value* usage = json::find(chunk, "usage");
  if (usage == nullptr || !usage->is_object()) return std::nullopt;
  return Usage{json::int_at(*usage, "prompt_tokens").value_or(0),
               json::int_at(*usage, "completion_tokens").value_or(0)};
}

// One upstream answer: SSE bytes -> deltas. The end counts as proper after [DONE], or after a finish_reason.
class SseChat final : public ChatStream {
 public:
  SseChat(std::unique_ptr<http::ClientResponse> response, std::string label)
      : response_(std::move(response)), label_(std::move(label)) {}

  Task<base::Result<std::optional<Delta>>> next(Context& ctx) override {
    for (;;) {
      if (!ready_.empty()) {
        Delta delta = std::move(ready_.front());
        ready_.pop_front();
        co_return std::optional<Delta>(std::move(delta));
      }
      if (failure_) co_return base::fail(*failure_);
      if (done_) co_return std::optional<Delta>();
      auto bytes = co_await response_->next(ctx);
      if (!bytes) co_return base::fail(bytes.error().wrap("model " + label_));
      if (*bytes == nullptr) {
        if (finish_seen_) {
          done_ = true;
        } else {
          failure_ = base::Error(base::Code::kUnavailable, "model " + label_ + " broke off before it had finished");
        }
        continue;
      }
      auto fed = parser_.feed(**bytes, [this](const http::SseEvent& event) { take(event); });
      if (!fed) failure_ = fed.error().wrap("model " + label_);
    }
  }

 private:
  void take(const http::SseEvent& event) {
    if (done_ || failure_) return;
    if (event.data == "[DONE]") {
      done_ = true;
      return;
    }
    auto chunk = json::parse(event.data);
    if (!chunk || ready_.size() >= kMaxBufferedEvents) {
      failure_ = base::Error(base::Code::kUnavailable, "model " + label_ + " sent an event that is not valid JSON");
      return;
    }
    if (json::find(*chunk, "error") != nullptr) {
      failure_ = upstream_error(label_, 500, event.data);
      return;
    }
    Delta delta;
    delta.usage = usage_of(*chunk);
    if (const json::Array* choices = json::array_at(*chunk, "choices")) delta.choices = *choices;
    for (const auto& choice : delta.choices) {
      const auto reason = json::string_at(choice, "finish_reason");
      if (reason) finish_seen_ = true;
      if (json::int_at(choice, "index").value_or(0) != 0) continue;
      if (reason) delta.finish_reason = *reason;
      if (const json::Value* piece = json::find(choice, "delta"))
        delta.content += json::string_at(*piece, "content").value_or("");
    }
    if (!delta.choices.empty() || delta.usage) ready_.push_back(std::move(delta));
  }

  std::unique_ptr<http::ClientResponse> response_;
  std::string label_;
  http::SseParser parser_;
  std::deque<Delta> ready_;
  std::optional<base::Error> failure_;
  bool finish_seen_ = false;
  bool done_ = false;
};

class OpenAiBackend final : public Backend {
 public:
  OpenAiBackend(http::Client& client, OpenAiOptions options, Locate locate)
      : client_(client), options_(std::move(options)), locate_(std::move(locate)) {}

  Task<base::Result<std::unique_ptr<ChatStream>>> chat(Context& ctx, json::Object body) override {
    body["model"] = options_.upstream;
    body["stream"] = true;
    body["stream_options"] = json::Object{{"include_usage", true}};
    const json::Value whole(std::move(body));
    auto response = co_await post(ctx, "/v1/chat/completions", json::write(whole));
    if (!response) co_return base::fail(std::move(response).error());
    co_return std::unique_ptr<ChatStream>(std::make_unique<SseChat>(std::move(*response), options_.label));
  }

  Task<base::Result<int64_t>> count_tokens(Context& ctx, std::string text) override {
    if (!options_.can_count) co_return estimate_tokens(text);
    const json::Value body = json::Object{{"content", text}};
    auto response = co_await post(ctx, "/tokenize", json::write(body));
    if (!response) co_return base::fail(std::move(response).error());
    auto answer = co_await http::read_body(ctx, **response, kMaxErrorBody);
    if (!answer) co_return base::fail(std::move(answer).error());
    const auto parsed = json::parse(*answer);
    const auto count = parsed ? json::int_at(*parsed, "count") : std::nullopt;
    if (!count) co_return base::fail(base::Code::kUnavailable, "model " + options_.label + " did not count tokens");
    co_return *count;
  }

  uint64_t incarnation() const override { return options_.incarnation ? options_.incarnation() : 0; }

 private:
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> post(Context& ctx, std::string path, std::string body) {
    for (int attempt = 0;; ++attempt) {
      auto response = co_await post_once(ctx, path, body);
      const bool died = !response && response.error().code() == base::Code::kUnavailable;
      if (!died || !options_.restarts || attempt >= kRestartTries || ctx.done()) co_return response;
      // Its supervisor learns of the death a moment after we do.
      auto slept = co_await async::sleep_for(ctx, kRestartPause);
      if (!slept) co_return response;
    }
  }

  // kUnavailable only when nobody answered, or with a 5xx.
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> post_once(Context& ctx, std::string path,
                                                                      std::string body) {
    auto where = co_await locate_(ctx);
    if (!where) co_return base::fail(std::move(where).error());
    http::ClientRequest request;
    request.method = http::Method::kPost;
    request.url = *where + path;
    request.headers.add("content-type", "application/json");
    request.headers.add("x-request-id", ctx.trace.request_id);
    if (!options_.api_key.empty()) request.headers.add("authorization", "Bearer " + options_.api_key);
    request.body = std::move(body);
    request.timeouts = options_.timeouts;
    // A kept-alive connection that the backend closed meanwhile: nothing was answered, and asking twice does no harm.
    request.idempotent = true;
    auto response = co_await client_.send(ctx, std::move(request));
    if (!response) co_return base::fail(response.error().wrap("model " + options_.label));
    if ((*response)->status / 100 == 2) co_return std::move(*response);
    auto text = co_await http::read_body(ctx, **response, kMaxErrorBody);
    co_return base::fail(upstream_error(options_.label, (*response)->status, text ? *text : std::string()));
  }

  http::Client& client_;
  OpenAiOptions options_;
  Locate locate_;
};

}  // namespace

std::shared_ptr<Backend> make_openai_backend(http::Client& client, OpenAiOptions options, Locate locate) {
  return std::make_shared<OpenAiBackend>(client, std::move(options), std::move(locate));
}

Locate fixed_location(std::string base_url) {
  return [base_url = std::move(base_url)](Context&) -> Task<base::Result<std::string>> { co_return base_url; };
}

}  // namespace promethean::llm
