// The backend against a scripted HTTP client: what it sends, and what it makes of every kind of answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <deque>

#include "llm/backends.h"
#include "llm/models.h"

namespace promethean::llm {
namespace {

using testing::HasSubstr;

struct Script {
  int status = 200;
  std::vector<std::string> chunks;
  std::optional<base::Error> then;  // how the body ends; nullopt: cleanly
};

class ScriptedResponse final : public http::ClientResponse {
 public:
  explicit ScriptedResponse(Script script) : script_(std::move(script)) { status = script_.status; }
  Task<base::Result<http::Chunk>> next(Context&) override {
    if (at_ < script_.chunks.size()) co_return http::make_chunk(script_.chunks[at_++]);
    if (script_.then) co_return base::fail(*script_.then);
    co_return http::Chunk();
  }

 private:
  Script script_;
  size_t at_ = 0;
};

class ScriptedClient final : public http::Client {
 public:
  std::deque<base::Result<Script>> answers;
  std::vector<http::ClientRequest> sent;
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> send(Context&, http::ClientRequest request) override {
    sent.push_back(std::move(request));
    auto answer = std::move(answers.front());
    answers.pop_front();
    if (!answer) co_return base::fail(answer.error());
    co_return std::make_unique<ScriptedResponse>(std::move(*answer));
  }
};

std::string event(std::string_view text) {
  return "data: " + std::string(text) + "\n\n";
}
std::string content(std::string_view text) {
  return event(R"({"choices":[{"index":0,"delta":{"content":")" + std::string(text) + R"("},"finish_reason":null}]})");
}
const std::string kFinish = event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
const std::string kUsage = event(R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}})");
const std::string kDone = event("[DONE]");

class OpenAiBackendTest : public testing::Test {
 protected:
  struct Got {
    std::string text;
    std::string error;
    base::Code code = base::Code::kInternal;
    Answer answer;
  };

  Got answer_to(json::Object body = {{"messages", json::Array{}}}) {
    boost::asio::io_context loop(1);
    auto work = [&]() -> Task<Got> {
      Context ctx(loop.get_executor());
      Got got;
      auto stream = co_await backend_->chat(ctx, body);
      if (!stream) co_return Got{"", stream.error().message(), stream.error().code(), {}};
      auto answer = co_await collect(ctx, **stream);
      if (!answer) co_return Got{"", answer.error().message(), answer.error().code(), {}};
      const auto* text = answer->choices.empty() ? nullptr : json::find(answer->choices[0].at("message"), "content");
      if (text != nullptr && text->is_string()) got.text = text->as_string();
      got.answer = std::move(*answer);
      co_return got;
    };
    auto done = boost::asio::co_spawn(loop, work(), boost::asio::use_future);
    loop.run();
    return done.get();
  }

  void answers(Script script) { client_.answers.emplace_back(std::move(script)); }

  ScriptedClient client_;
  std::shared_ptr<Backend> backend_ = make_openai_backend(
      client_, Kind::kOpenAi,
      {.label = "m", .upstream = "its-name", .api_key = "k", .timeouts = {}, .can_count = true, .incarnation = {}},
      fixed_location("http://backend"));
};

TEST_F(OpenAiBackendTest, JoinsTheDeltasWhateverTheCuts) {
  const std::string whole = content("Hel") + content("lo") + kFinish + kUsage + kDone;
  for (size_t cut = 1; cut < whole.size(); cut += 3) {
    answers({.chunks = {whole.substr(0, cut), whole.substr(cut)}});
    const auto got = answer_to();
    EXPECT_EQ(got.text, "Hello") << cut;
    EXPECT_EQ(got.answer.usage.prompt_tokens, 7);
  }
}

TEST_F(OpenAiBackendTest, SendsItsOwnNameAndTheKeyAndAsksForUsage) {
  answers({.chunks = {kFinish + kDone}});
  answer_to({{"messages", json::Array{}}, {"model", "client-name"}});
  const auto body = json::parse(client_.sent[0].body);
  EXPECT_EQ(json::string_at(*body, "model"), "its-name");
  EXPECT_EQ(json::bool_at(*body, "stream"), true);
  EXPECT_EQ(client_.sent[0].url, "http://backend/v1/chat/completions");
  EXPECT_EQ(client_.sent[0].headers.get("authorization"), "Bearer k");
}

TEST_F(OpenAiBackendTest, AStreamThatStopsEarlyIsNoAnswer) {
  answers({.chunks = {content("half")}});
  EXPECT_THAT(answer_to().error, HasSubstr("broke off before it had finished"));
  answers({.chunks = {content("half")}, .then = base::Error(base::Code::kUnavailable, "reset")});
  EXPECT_THAT(answer_to().error, HasSubstr("model m: reset"));
  answers({.chunks = {content("half") + event(R"({"error":{"message":"out of memory"}})")}});
  EXPECT_THAT(answer_to().error, HasSubstr("out of memory"));
  answers({.chunks = {content("half") + event("{not json")}});
  EXPECT_THAT(answer_to().error, HasSubstr("not valid JSON"));
}

TEST_F(OpenAiBackendTest, AFinishReasonIsAProperEndEvenWithoutDone) {
  answers({.chunks = {content("all") + kFinish}});
  EXPECT_EQ(answer_to().text, "all");
}

TEST_F(OpenAiBackendTest, OfSeveralChoicesAllHaveToEnd) {
  const json::Object two{{"messages", json::Array{}}, {"n", 2}};
  const std::string other = event(R"({"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"length"}]})");
  answers({.chunks = {content("a") + kFinish}});
  EXPECT_THAT(answer_to(two).error, HasSubstr("broke off before it had finished"));
  answers({.chunks = {content("a") + kFinish + other}});
  const auto got = answer_to(two);
  ASSERT_EQ(got.answer.choices.size(), 2U) << got.error;
  EXPECT_EQ(got.answer.choices[1].at("finish_reason"), "length");
}

TEST_F(OpenAiBackendTest, StatusesBecomeTheRightErrors) {
  const std::pair<int, base::Code> cases[] = {{400, base::Code::kInvalidArgument}, {401, base::Code::kPermissionDenied},
                                              {404, base::Code::kNotFound},        {413, base::Code::kTooLarge},
                                              {429, base::Code::kRateLimited},     {500, base::Code::kUnavailable}};
  for (const auto& [status, code] : cases) {
    answers({.status = status, .chunks = {R"({"error":{"message":"because"}})"}});
    const auto got = answer_to();
    EXPECT_EQ(got.code, code) << status;
    EXPECT_THAT(got.error, HasSubstr("because"));
  }
  answers({.status = 400, .chunks = {R"({"error":{"message":"long","code":"context_length_exceeded"}})"}});
  EXPECT_EQ(answer_to().code, base::Code::kTooLarge);
  answers({.status = 502, .chunks = {"<html>"}});
  EXPECT_THAT(answer_to().error, HasSubstr("status 502"));
}

TEST_F(OpenAiBackendTest, ReadsEmbeddingsInWhateverOrderAndRefusesOthers) {
  const auto embed = [this](std::string body) {
    answers({.chunks = {std::move(body)}});
    boost::asio::io_context loop(1);
    Context ctx(loop.get_executor());
    const json::Object request{{"input", json::Array{"a", "b"}}, {"encoding_format", "base64"}};
    auto done = boost::asio::co_spawn(loop, backend_->embed(ctx, request), boost::asio::use_future);
    loop.run();
    return done.get();
  };
  const auto got =
      embed(R"({"data":[{"index":1,"embedding":[1,2.5]},{"index":0,"embedding":[3]}],"usage":{"prompt_tokens":7}})");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->vectors, (std::vector<std::vector<double>>{{3}, {1, 2.5}}));
  EXPECT_EQ(got->prompt_tokens, 7);
  EXPECT_EQ(client_.sent[0].body, R"({"input":["a","b"],"model":"its-name"})");
  for (const std::string_view body : {"{}", R"({"data":[{"embedding":"AAAA"}]})", R"({"data":[{"embedding":[]}]})",
                                      R"({"data":[{"embedding":["x"]}]})", R"({"data":[{"index":9,"embedding":[1]}]})",
                                      R"({"data":[{"index":-1,"embedding":[1]}]})", "no json"})
    EXPECT_EQ(embed(std::string(body)).error().code(), base::Code::kUnavailable) << body;
}

TEST_F(OpenAiBackendTest, PutsToolCallsTogether) {
  answers(
      {.chunks = {
           event(
               R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]}}]})") +
           event(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]})") +
           event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})") + kDone}});
  const auto got = answer_to();
  const auto& choice = got.answer.choices[0];
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  const auto& call = choice.at("message").at("tool_calls").as_array()[0];
  EXPECT_EQ(call.at("id"), "c1");
  EXPECT_EQ(call.at("function").at("arguments"), "{\"a\":1}");
  EXPECT_TRUE(choice.at("message").at("content").is_null());
}

TEST_F(OpenAiBackendTest, AFallbackAnswersOnlyForWhatIsAway) {
  ScriptedClient other;
  const auto second = make_openai_backend(
      other, Kind::kOpenAi,
      {.label = "second", .upstream = "second", .api_key = "", .timeouts = {}, .can_count = false, .incarnation = {}},
      fixed_location("http://other"));
  std::vector<Model> models(2);
  models[0].name = "first";
  models[0].backend = backend_;
  models[0].fallback = {"second"};
  models[0].retry.retries = 0;
  models[1].name = "second";
  models[1].backend = second;
  const ModelTable table(std::move(models), false);
  const auto start = [&] {
    boost::asio::io_context loop(1);
    auto work = [&]() -> Task<std::string> {
      Context ctx(loop.get_executor());
      json::Object body;
      auto started = co_await table.chat(ctx, table.list()[0], std::move(body), "caller");
      co_return started ? started->used->name : started.error().message();
    };
    auto done = boost::asio::co_spawn(loop, work(), boost::asio::use_future);
    loop.run();
    return done.get();
  };
  client_.answers.emplace_back(base::fail(base::Code::kUnavailable, "down"));
  other.answers.emplace_back(Script{.chunks = {kFinish + kDone}});
  EXPECT_EQ(start(), "second");
  answers({.status = 400, .chunks = {R"({"error":{"message":"bad request"}})"}});
  EXPECT_THAT(start(), HasSubstr("bad request"));
  EXPECT_EQ(table.find("third").error().code(), base::Code::kNotFound);
  EXPECT_EQ((*table.find(""))->name, "first");
}

}  // namespace
}  // namespace promethean::llm
