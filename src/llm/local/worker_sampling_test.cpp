// What a request says of sampling, of several choices and of log probabilities, with a scripted engine.
#include "llm/local/worker_testing.h"

namespace promethean::llm::local {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHi = R"("messages":[{"role":"user","content":"Hi"}])";
std::string hi_with(std::string_view more) {
  return "{" + std::string(kHi) + "," + std::string(more) + "}";
}

TEST_F(WorkerServiceTest, PassesTheFiltersAndBiasesOn) {
  call("POST", "/v1/chat/completions",
       hi_with(R"("top_k":5,"min_p":0.25,"repeat_penalty":1.5,"logit_bias":{"0":-100,"9":2.5})"));
  const GenerateOptions& got = engine_->last_options;
  EXPECT_EQ(got.top_k, 5);
  EXPECT_EQ(got.min_p, 0.25);
  EXPECT_EQ(got.repeat_penalty, 1.5);
  ASSERT_EQ(got.logit_bias.size(), 2U);
  EXPECT_EQ(got.logit_bias[0].token, 0);
  EXPECT_EQ(got.logit_bias[0].bias, -100);
  EXPECT_EQ(got.logit_bias[1].token, 9);
  EXPECT_EQ(got.logit_bias[1].bias, 2.5);
  EXPECT_FALSE(got.top_logprobs);
}

TEST_F(WorkerServiceTest, ZeroMeansNoFilterAndNoPenalty) {
  call("POST", "/v1/completions", R"({"prompt":"x","top_k":0,"repeat_penalty":0})");
  EXPECT_EQ(engine_->last_options.top_k, 0);
  EXPECT_EQ(engine_->last_options.repeat_penalty, 1);
  call("POST", "/v1/completions", R"({"prompt":"x","top_k":-1})");
  EXPECT_EQ(engine_->last_options.top_k, 0);
  call("POST", "/v1/completions", R"({"prompt":"x"})");
  EXPECT_EQ(engine_->last_options.top_k, 40);
}

TEST_F(WorkerServiceTest, NamesTheSamplingFieldThatIsWrong) {
  const auto param = [this](const std::string& path, const std::string& body) {
    const http::Response response = call("POST", path, body);
    EXPECT_EQ(response.status, 400) << body;
    return std::string(json::string_at(*json::find(json_of(response), "error"), "param").value_or(""));
  };
  for (const std::string_view bias : {R"({"10":1})", R"({"-1":1})", R"({"word":1})", R"({"":1})", R"({"1.0":1})"}) {
    EXPECT_EQ(param("/v1/chat/completions", hi_with("\"logit_bias\":" + std::string(bias))), "logit_bias");
  }
  EXPECT_THAT(param("/v1/chat/completions", hi_with(R"("logit_bias":{"1":101})")), HasSubstr("logit_bias"));
  EXPECT_EQ(param("/v1/chat/completions", hi_with(R"("n":9)")), "n");
  EXPECT_EQ(param("/v1/chat/completions", hi_with(R"("repeat_penalty":101)")), "repeat_penalty");
  EXPECT_THAT(param("/v1/chat/completions", hi_with(R"("min_p":2)")), HasSubstr("min_p"));
  EXPECT_THAT(param("/v1/chat/completions", hi_with(R"("logprobs":true,"top_logprobs":21)")),
              HasSubstr("top_logprobs"));
  EXPECT_EQ(param("/v1/completions", R"({"prompt":"x","logprobs":6})"), "logprobs");
  EXPECT_EQ(param("/v1/completions", R"({"prompt":"x","logprobs":1,"echo":true})"), "echo");
  EXPECT_EQ(param("/v1/completions", R"({"prompt":"x","n":2,"best_of":3})"), "best_of");
  std::string many;
  for (int i = 0; i <= 1024; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
  EXPECT_EQ(param("/v1/completions", R"({"prompt":"x","logit_bias":{)" + many + "}}"), "logit_bias");
}

TEST_F(WorkerServiceTest, GivesSeveralChoicesEachWithASeedOfItsOwn) {
  const json::Value body = json_of(call("POST", "/v1/chat/completions", hi_with(R"("n":3,"seed":7)")));
  const json::Array& choices = *json::array_at(body, "choices");
  ASSERT_EQ(choices.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(json::int_at(choices[i], "index"), i);
    EXPECT_EQ(choices[i].at("message").at("content"), "Hello world");
    EXPECT_EQ(choices[i].at("finish_reason"), "stop");
  }
  EXPECT_THAT(engine_->seeds, testing::ElementsAre(7U, 8U, 9U));
  EXPECT_EQ(
      json::write(body.at("usage")),
      R"({"prompt_tokens":2,"completion_tokens":9,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":0}})");
  EXPECT_EQ(metric("promethean_worker_prompt_tokens_total"), 2);
  EXPECT_EQ(metric("promethean_worker_tokens_total"), 9);
}

TEST_F(WorkerServiceTest, StreamsSeveralChoicesEachWithItsRoleAndEnd) {
  const Streamed streamed = stream(hi_with(R"("n":2,"stream":true,"stream_options":{"include_usage":true})"));
  std::vector<std::string> told(2);
  for (size_t i = 0; i + 2 < streamed.events.size(); ++i) {
    const json::Value choice = json::parse(streamed.events[i])->at("choices").as_array().front();
    told[static_cast<size_t>(choice.at("index").as_int64())] +=
        json::write(choice.at("delta")) + json::write(choice.at("finish_reason"));
  }
  const std::string one = R"({"role":"assistant","content":""}null{"content":"Hello"}null{"content":" wor"}null)"
                          R"({"content":"ld"}null{}"stop")";
  EXPECT_EQ(told[0], one);
  EXPECT_EQ(told[1], one);
  EXPECT_THAT(streamed.events[streamed.events.size() - 2], HasSubstr(R"("completion_tokens":6)"));
  EXPECT_EQ(streamed.events.back(), "[DONE]");
}

TEST_F(WorkerServiceTest, ClientThatLeavesStopsTheChoicesThatWereToCome) {
  engine_->words = {"Hello", "<wait>", " never"};
  http::Response response = call("POST", "/v1/chat/completions", hi_with(R"("n":8,"stream":true)"));
  run_until([this] { return engine_->waiting.load(); });
  response = {};
  run_until([this] { return metric("promethean_worker_cancelled_total") == 1; });
  run_until([this] { return metric("promethean_worker_busy") == 0; });
  EXPECT_EQ(engine_->seeds.size(), 1U) << "no other choice was begun";
  EXPECT_EQ(metric("promethean_worker_tokens_after_cancel_total"), 0);
}

TEST_F(WorkerServiceTest, BrokenChoiceBreaksTheAnswer) {
  engine_->words = {"<fail>"};
  EXPECT_EQ(call("POST", "/v1/chat/completions", hi_with(R"("n":2)")).status, 500);
}

TEST_F(WorkerServiceTest, TellsLogProbabilitiesOfAChat) {
  const json::Value body =
      json_of(call("POST", "/v1/chat/completions", hi_with(R"("logprobs":true,"top_logprobs":2)")));
  const json::Value& logprobs = body.at("choices").as_array().front().at("logprobs");
  EXPECT_TRUE(logprobs.at("refusal").is_null());
  const json::Array& content = logprobs.at("content").as_array();
  ASSERT_EQ(content.size(), 3U);
  EXPECT_EQ(
      json::write(content[2]),
      R"({"token":"ld","logprob":-0.5,"bytes":[108,100],"top_logprobs":[{"token":"ld","logprob":-0.5,"bytes":[108,100]},)"
      R"({"token":"w1","logprob":-1.5,"bytes":[119,49]}]})");
  EXPECT_EQ(engine_->last_options.top_logprobs, 2);
}

TEST_F(WorkerServiceTest, TellsNothingOfLogProbabilitiesThatNobodyAskedFor) {
  for (const std::string_view more : {R"("logprobs":false)", R"("top_logprobs":2)", R"("logprobs":null)"}) {
    const http::Response response = call("POST", "/v1/chat/completions", hi_with(more));
    EXPECT_THAT(std::get<std::string>(response.body), Not(HasSubstr("logprob"))) << more;
  }
}

TEST_F(WorkerServiceTest, StreamsLogProbabilitiesWithTheirText) {
  const Streamed streamed = stream(hi_with(R"("logprobs":true,"stream":true)"));
  ASSERT_EQ(streamed.events.size(), 6U);
  EXPECT_THAT(streamed.events[0], HasSubstr(R"("logprobs":null)"));
  for (size_t i = 1; i <= 3; ++i) {
    const json::Value choice = json::parse(streamed.events[i])->at("choices").as_array().front();
    const json::Array& content = choice.at("logprobs").at("content").as_array();
    ASSERT_EQ(content.size(), 1U);
    EXPECT_EQ(content[0].at("token"), choice.at("delta").at("content"));
    EXPECT_TRUE(content[0].at("top_logprobs").as_array().empty());
  }
}

TEST_F(WorkerServiceTest, LosesNoTokenOfACall) {
  engine_->words = {"So: ",          "<tool_call>", "\n{\"name\": \"add\", \"argu", "ments\": {\"a\"",
                    ": 1}}\n</tool", "_call>"};
  const std::string body = hi_with(
      R"("logprobs":true,"tools":[{"type":"function","function":{"name":"add","parameters":{"type":"object"}}}])");
  const json::Value answer = json_of(call("POST", "/v1/chat/completions", body));
  std::string told;
  for (const auto& token : answer.at("choices").as_array().front().at("logprobs").at("content").as_array())
    told += token.at("token").as_string();
  std::string written;
  for (const auto& word : engine_->words) written += word;
  EXPECT_EQ(told, written);
  std::string streamed;
  for (const auto& event : stream("{\"stream\":true," + body.substr(1)).events) {
    const auto chunk = json::parse(event);
    if (!chunk) continue;
    const json::Value& choice = chunk->at("choices").as_array().front();
    if (choice.at("logprobs").is_null()) continue;
    for (const auto& token : choice.at("logprobs").at("content").as_array()) streamed += token.at("token").as_string();
  }
  EXPECT_EQ(streamed, written);
}

TEST_F(WorkerServiceTest, TellsLogProbabilitiesOfACompletion) {
  const json::Value body = json_of(call("POST", "/v1/completions", R"({"prompt":"x","logprobs":1,"n":2})"));
  ASSERT_EQ(body.at("choices").as_array().size(), 2U);
  for (const auto& choice : body.at("choices").as_array()) {
    EXPECT_EQ(json::write(choice.at("logprobs")),
              R"({"tokens":["Hello"," wor","ld"],"token_logprobs":[-0.5,-0.5,-0.5],)"
              R"("top_logprobs":[{"Hello":-0.5},{" wor":-0.5},{"ld":-0.5}],"text_offset":[0,5,9]})");
  }
  EXPECT_TRUE(json_of(call("POST", "/v1/completions", R"({"prompt":"x"})"))
                  .at("choices")
                  .as_array()[0]
                  .at("logprobs")
                  .is_null());
}

}  // namespace
}  // namespace promethean::llm::local
