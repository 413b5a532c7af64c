// The worker's routes with a scripted engine: what a client sees, and what the counters say.
#include "llm/local/worker_testing.h"

namespace promethean::llm::local {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(WorkerServiceTest, AnswersInOnePiece) {
  const http::Response response = call("POST", "/v1/chat/completions", kAsk);
  ASSERT_EQ(response.status, 200);
  const json::Value body = json_of(response);
  EXPECT_EQ(json::string_at(body, "object"), "chat.completion");
  EXPECT_EQ(json::string_at(body, "model"), "tiny");
  const json::Value& choice = json::array_at(body, "choices")->front();
  EXPECT_EQ(json::string_at(*json::find(choice, "message"), "content"), "Hello world");
  EXPECT_EQ(json::string_at(choice, "finish_reason"), "stop");
  EXPECT_EQ(json::int_at(*json::find(body, "usage"), "prompt_tokens"), 2);
  EXPECT_EQ(json::int_at(*json::find(body, "usage"), "completion_tokens"), 3);
}

TEST_F(WorkerServiceTest, StreamsRoleTextFinishUsageAndDone) {
  const Streamed streamed = stream(kAskStream);
  ASSERT_EQ(streamed.events.size(), 7U);
  EXPECT_THAT(streamed.events.front(), HasSubstr(R"("role":"assistant")"));
  EXPECT_EQ(streamed.text, "Hello world");
  EXPECT_THAT(streamed.events[4], HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_THAT(streamed.events[5], HasSubstr(R"("total_tokens":5)"));
  EXPECT_EQ(streamed.events[6], "[DONE]");
  EXPECT_FALSE(streamed.error);
}

TEST_F(WorkerServiceTest, SaysInTheStreamThatTheAnswerBrokeAndNeverDone) {
  engine_->words = {"Hello", "<fail>"};
  const Streamed streamed = stream(kAskStream);
  EXPECT_EQ(streamed.text, "Hello");
  const auto error = json::parse(streamed.events.back());
  ASSERT_TRUE(error);
  const json::Object* object = json::object_at(*error, "error");
  ASSERT_NE(object, nullptr);
  for (const char* key : {"message", "type", "param", "code"}) EXPECT_TRUE(object->contains(key)) << key;
  EXPECT_TRUE(streamed.error) << "the connection is cut";
  EXPECT_EQ(metric("promethean_worker_failed_total"), 1);
}

TEST_F(WorkerServiceTest, AnswersAFailureBeforeTheFirstByteWithAStatus) {
  engine_->words = {"<fail>"};
  EXPECT_EQ(call("POST", "/v1/chat/completions", kAsk).status, 500);
}

TEST_F(WorkerServiceTest, StopsGeneratingWhenTheClientLeavesMidAnswer) {
  engine_->words = {"Hello", "<wait>", " never"};
  http::Response response = call("POST", "/v1/chat/completions", kAskStream);
  run_until([this] { return engine_->waiting.load(); });
  response = {};  // the server drops the stream when the client is gone
  run_until([this] { return metric("promethean_worker_cancelled_total") == 1; });
  EXPECT_EQ(metric("promethean_worker_tokens_after_cancel_total"), 0);
  EXPECT_EQ(metric("promethean_worker_busy"), 0);
}

TEST_F(WorkerServiceTest, StopsGeneratingWhenAWaitingRequestIsCancelled) {
  engine_->words = {"<wait>"};
  auto ctx = std::make_unique<async::Context>(io_.get_executor());
  std::optional<http::Response> response;
  async::asio::co_spawn(io_, send(*ctx, "POST", "/v1/chat/completions", kAsk, response), async::asio::detached);
  run_until([this] { return engine_->waiting.load(); });
  ctx->cancel();
  run_until([&response] { return response.has_value(); });
  EXPECT_EQ(response->status, 499);
  run_until([this] { return metric("promethean_worker_cancelled_total") == 1; });
}

TEST_F(WorkerServiceTest, RefusesWhenTheQueueIsFull) {
  engine_->words = {"<wait>"};
  const http::Response running = call("POST", "/v1/chat/completions", kAskStream);
  run_until([this] { return engine_->waiting.load(); });
  const http::Response queued = call("POST", "/v1/chat/completions", kAskStream);
  EXPECT_EQ(metric("promethean_worker_queue_length"), 1);
  const http::Response refused = call("POST", "/v1/chat/completions", kAsk);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(json::int_at(json_of(call("GET", "/health")), "waiting"), 1);
  EXPECT_EQ(json::bool_at(json_of(call("GET", "/health")), "busy"), true);
  engine_->release();
}

TEST_F(WorkerServiceTest, EndsWhatIsLeftWhenItStops) {
  engine_->words = {"Hello", "<wait>"};
  http::Response running = call("POST", "/v1/chat/completions", kAskStream);
  run_until([this] { return engine_->waiting.load(); });
  http::Response queued = call("POST", "/v1/chat/completions", kAskStream);
  std::get<std::unique_ptr<http::BodyStream>>(running.body)->drain();
  service_->stop();
  async::Context ctx(io_.get_executor());
  for (http::Response* response : {&running, &queued}) {
    std::string bytes;
    bool ended = false;
    std::optional<base::Error> error;
    auto& stream = *std::get<std::unique_ptr<http::BodyStream>>(response->body);
    async::asio::co_spawn(io_, read(ctx, stream, bytes, ended, error), async::asio::detached);
    run_until([&ended] { return ended; });
    EXPECT_THAT(bytes, HasSubstr(R"("error":{)"));
    EXPECT_THAT(bytes, Not(HasSubstr("[DONE]")));
    EXPECT_TRUE(error);
  }
}

TEST_F(WorkerServiceTest, RefusesAPromptThatDoesNotFit) {
  const std::string body = R"({"messages":[{"role":"user","content":")" + std::string(200, 'x') + R"("}]})";
  const http::Response response = call("POST", "/v1/chat/completions", body);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::string_at(*json::find(json_of(response), "error"), "code"), "context_length_exceeded");
}

TEST_F(WorkerServiceTest, PassesTheSamplingOptionsOn) {
  call(
      "POST", "/v1/chat/completions",
      R"({"messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"top_p":0.25,"seed":7,"max_tokens":9,"stop":["a","b"],
           "frequency_penalty":1,"presence_penalty":-1,"response_format":{"type":"json_object"}})");
  const GenerateOptions& got = engine_->last_options;
  EXPECT_EQ(got.temperature, 0.5);
  EXPECT_EQ(got.top_p, 0.25);
  EXPECT_EQ(got.seed, 7U);
  EXPECT_EQ(got.max_tokens, 9);
  EXPECT_THAT(got.stop, testing::ElementsAre("a", "b"));
  EXPECT_EQ(got.frequency_penalty, 1);
  EXPECT_EQ(got.presence_penalty, -1);
  EXPECT_THAT(got.form.grammar, HasSubstr("root ::= "));
  EXPECT_GT(got.form.closing_tokens, 0);
}

TEST_F(WorkerServiceTest, NamesTheMemberThatIsWrong) {
  const auto refused = [this](const std::string& body, const std::string& param) {
    const http::Response response = call("POST", "/v1/chat/completions", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(json::string_at(*json::find(json_of(response), "error"), "param").value_or(""), HasSubstr(param))
        << body;
  };
  refused(R"({"messages":[]})", "messages");
  refused(R"({"messages":[{"role":"nobody","content":"Hi"}]})", "role");
  refused(R"({"messages":[{"role":"user","content":"Hi"}],"n":9})", "n");
  refused(R"({"messages":[{"role":"user","content":"Hi"}],"temperature":3})", "temperature");
  refused(R"({"messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema"}})",
          "response_format");
}

TEST_F(WorkerServiceTest, CompletesAPromptOfTextOrOfTokens) {
  for (const std::string prompt : {R"("four")", R"(["four"])", "[1,2,3,4]"}) {
    const json::Value body = json_of(call("POST", "/v1/completions", R"({"echo":true,"prompt":)" + prompt + "}"));
    EXPECT_EQ(json::string_at(body, "object"), "text_completion");
    const json::Value& choice = json::array_at(body, "choices")->front();
    EXPECT_THAT(json::string_at(choice, "text").value_or(""), testing::EndsWith("Hello world"));
    EXPECT_EQ(json::string_at(choice, "text")->size(), 15U) << "the prompt is echoed";
    EXPECT_EQ(json::int_at(*json::find(body, "usage"), "prompt_tokens"), 4);
  }
}

TEST_F(WorkerServiceTest, RefusesPromptsThatItCannotComplete) {
  const auto param = [this](const std::string& body) {
    const http::Response response = call("POST", "/v1/completions", body);
    EXPECT_EQ(response.status, 400) << body;
    return std::string(json::string_at(*json::find(json_of(response), "error"), "param").value_or(""));
  };
  EXPECT_EQ(param(R"({"prompt":["one","two"]})"), "prompt");
  EXPECT_EQ(param(R"({"prompt":[1,99]})"), "prompt");
  EXPECT_EQ(param(R"({"prompt":"x","max_tokens":0})"), "max_tokens");
  EXPECT_EQ(param(R"({"prompt":")" + std::string(200, 'x') + R"("})"), "prompt");
}

TEST_F(WorkerServiceTest, EmbedsTextsInTheirOrder) {
  const json::Value body = json_of(call("POST", "/v1/embeddings", R"({"input":["four","five5"]})"));
  EXPECT_EQ(json::write(*json::array_at(body, "data")),
            json::write(json::Array{json::Object{{"object", "embedding"}, {"index", 0}, {"embedding", {4.0, 0.5}}},
                                    json::Object{{"object", "embedding"}, {"index", 1}, {"embedding", {5.0, 0.5}}}}));
  EXPECT_EQ(json::int_at(*json::find(body, "usage"), "total_tokens"), 9);
  const http::Response long_one = call("POST", "/v1/embeddings", R"({"input":")" + std::string(40, 'x') + R"("})");
  EXPECT_EQ(long_one.status, 400);
  EXPECT_EQ(json::string_at(*json::find(json_of(long_one), "error"), "param"), "input");
}

TEST_F(WorkerServiceTest, CountsTokensOfTextAndOfMessages) {
  EXPECT_EQ(json::int_at(json_of(call("POST", "/tokenize", R"({"content":"four"})")), "count"), 4);
  EXPECT_EQ(json::int_at(json_of(call("POST", "/tokenize", kAsk)), "count"), 2);
  EXPECT_EQ(call("POST", "/tokenize", "{}").status, 400);
}

TEST_F(WorkerServiceTest, ListsItsModel) {
  const json::Value body = json_of(call("GET", "/v1/models"));
  EXPECT_EQ(json::string_at(json::array_at(body, "data")->front(), "id"), "tiny");
}

}  // namespace
}  // namespace promethean::llm::local
