// What tests of the worker share: an engine that says what it is told to, and a service around it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>

#include "http/sse.h"
#include "llm/local/worker_service.h"

namespace promethean::llm::local {

// Answers with the words it was given, one token each; waits before a word that the test holds back.
class ScriptedEngine final : public Engine {
 public:
  const ModelInfo& info() const override { return info_; }
  std::vector<Token> tokenize(std::string_view text) const override { return std::vector<Token>(text.size(), 1); }
  base::Result<std::vector<Token>> render(const json::Array& messages, const json::Array& tools) const override {
    std::vector<Token> tokens;
    for (const auto& message : messages)
      tokens.resize(tokens.size() + json::string_at(message, "content").value_or("").size());
    told_of = tools.size();
    return tokens;
  }
  Token vocabulary() const override { return 10; }
  std::vector<Token> bare_prompt(std::string_view text) const override { return tokenize(text); }
  base::Result<std::string> text_of(std::span<const Token> tokens) const override {
    for (const Token token : tokens) {
      if (token > 9) return base::fail(base::Code::kInvalidArgument, "no such token");
    }
    return std::string(tokens.size(), 't');
  }
  base::Result<std::vector<float>> embed(std::span<const Token> text, const async::StopFlag&) override {
    if (text.size() > 20) return base::fail(base::Code::kTooLarge, "too long");
    return std::vector<float>{static_cast<float>(text.size()), 0.5F};
  }

  base::Result<Generated> generate(std::span<const Token> prompt, const GenerateOptions& options,
                                   const async::StopFlag& stop, const OnPart& on_part) override {
    Generated done;
    done.prompt_tokens = static_cast<int>(prompt.size());
    {
      const std::lock_guard lock(mutex_);
      last_options = options;
      seeds.push_back(options.seed.value_or(0));
    }
    for (const auto& word : words) {
      if (word == "<wait>") {
        std::unique_lock lock(mutex_);
        waiting = true;
        while (!go_on && !stop.stopped()) changed_.wait_for(lock, std::chrono::milliseconds(1));
      }
      if (stop.stopped()) {
        done.finish = Finish::kCancelled;
        return done;
      }
      if (word == "<fail>") return base::fail(base::Code::kInternal, "the model's engine failed with status 1");
      if (word == "<wait>") continue;
      ++done.completion_tokens;
      AnswerPart part{.text = word, .tokens = {}};
      if (options.top_logprobs) part.tokens.push_back(score_of(word, *options.top_logprobs));
      on_part(std::move(part));
    }
    return done;
  }

  // Every word has half of the chance, the others halve what is left.
  static TokenScore score_of(const std::string& word, int top) {
    TokenScore score{.chosen = {.bytes = word, .logprob = -0.5}, .top = {}};
    for (int i = 0; i < top; ++i)
      score.top.push_back({.bytes = i == 0 ? word : "w" + std::to_string(i), .logprob = -0.5 - i});
    return score;
  }

  // Lets a generation go on that waits.
  void release() {
    const std::lock_guard lock(mutex_);
    go_on = true;
  }

  std::vector<std::string> words{"Hello", " wor", "ld"};
  GenerateOptions last_options;
  std::vector<uint32_t> seeds;              // of all generations
  mutable std::atomic<size_t> told_of = 0;  // tools of the last prompt
  std::atomic<bool> waiting = false;
  bool go_on = false;

 private:
  ModelInfo info_{.name = "scripted", .description = "test", .context_tokens = 100};
  std::mutex mutex_;
  std::condition_variable changed_;
};

class WorkerServiceTest : public testing::Test {
 protected:
  WorkerServiceTest() {
    auto engine = std::make_unique<ScriptedEngine>();
    engine_ = engine.get();
    service_ = std::make_unique<WorkerService>(std::move(engine), metrics_,
                                               WorkerOptions{.model_name = "tiny", .max_waiting = 1});
    http::Authenticator::Options open;
    open.mode = http::Authenticator::Mode::kNone;
    http::RouterOptions options;
    options.check_host = false;
    router_ = std::make_unique<http::Router>(options, std::make_shared<http::Authenticator>(open, testing::TempDir()));
    EXPECT_TRUE(service_->add_routes(*router_));
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto give_up = base::steady_now() + std::chrono::seconds(30);
    while (!condition() && base::steady_now() < give_up) io_.run_one_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(condition()) << "nothing happened for 30 s";
  }

  async::Task<void> send(async::Context& ctx, std::string method, std::string path, std::string body,
                         std::optional<http::Response>& out) {
    http::Request request;
    request.method = http::parse_method(method);
    request.target = path;
    request.path = path;
    request.headers.add("content-type", "application/json");
    request.remote = "unix";
    request.body = std::move(body);
    auto admission = router_->admit(request);
    if (admission.rejection) {
      out = std::move(*admission.rejection);
      co_return;
    }
    auto response = co_await router_->dispatch(ctx, *admission.route, std::move(request));
    out = std::move(response);
  }

  http::Response call(const std::string& method, const std::string& path, const std::string& body = {}) {
    async::Context ctx(io_.get_executor());
    std::optional<http::Response> response;
    async::asio::co_spawn(io_, send(ctx, method, path, body, response), async::asio::detached);
    run_until([&response] { return response.has_value(); });
    return response ? *std::move(response) : http::Response();
  }
  json::Value json_of(const http::Response& response) {
    return json::parse(std::get<std::string>(response.body)).value();
  }

  static async::Task<void> read(async::Context& ctx, http::BodyStream& stream, std::string& out, bool& ended,
                                std::optional<base::Error>& error) {
    for (;;) {
      auto chunk = co_await stream.next(ctx);
      if (!chunk) error = chunk.error();
      if (!chunk || *chunk == nullptr) break;
      out += **chunk;
    }
    ended = true;
  }

  struct Streamed {
    std::vector<std::string> events;
    std::string text;
    std::optional<base::Error> error;
  };
  Streamed parse(const std::string& bytes, std::optional<base::Error> error) {
    Streamed streamed;
    streamed.error = std::move(error);
    http::SseParser parser;
    const auto fed = parser.feed(bytes, [&streamed](const http::SseEvent& event) {
      streamed.events.push_back(event.data);
      const auto chunk = json::parse(event.data);
      if (!chunk || json::array_at(*chunk, "choices") == nullptr || json::array_at(*chunk, "choices")->empty()) return;
      const json::Value* delta = json::find(json::array_at(*chunk, "choices")->front(), "delta");
      streamed.text += json::string_at(*delta, "content").value_or("");
    });
    EXPECT_TRUE(fed);
    return streamed;
  }
  Streamed stream(const std::string& body) {
    http::Response response = call("POST", "/v1/chat/completions", body);
    EXPECT_EQ(response.status, 200);
    async::Context ctx(io_.get_executor());
    std::string bytes;
    bool ended = false;
    std::optional<base::Error> error;
    auto& stream = *std::get<std::unique_ptr<http::BodyStream>>(response.body);
    async::asio::co_spawn(io_, read(ctx, stream, bytes, ended, error), async::asio::detached);
    run_until([&ended] { return ended; });
    return parse(bytes, error);
  }

  double metric(const std::string& name) {
    const std::string text = std::get<std::string>(call("GET", "/metrics").body);
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  const std::string kAsk = R"({"messages":[{"role":"user","content":"Hi"}]})";
  const std::string kAskStream =
      R"({"messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}})";

  async::asio::io_context io_{1};
  // Keeps the loop going while nothing is to do.
  async::asio::executor_work_guard<async::Executor> keep_{io_.get_executor()};
  telemetry::Registry metrics_;
  ScriptedEngine* engine_ = nullptr;
  std::unique_ptr<WorkerService> service_;
  std::unique_ptr<http::Router> router_;
};

}  // namespace promethean::llm::local
