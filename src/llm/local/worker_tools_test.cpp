// Tool calls of the worker, with a scripted engine.
#include "llm/local/worker_testing.h"

namespace promethean::llm::local {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWithTools = R"("messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function",
  "function":{"name":"add","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}])";

TEST_F(WorkerServiceTest, TellsToolCallsFromText) {
  engine_->words = {"So: ", "<tool_call>", "\n{\"name\": \"add\", \"argu", "ments\": {\"a\"", ": 1}}\n</tool_call>"};
  const auto answer = json_of(call("POST", "/v1/chat/completions", "{" + std::string(kWithTools) + "}"));
  const json::Value& choice = answer.at("choices").as_array().front();
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_EQ(choice.at("message").at("content"), "So: ");
  const json::Value& made = choice.at("message").at("tool_calls").as_array().front();
  EXPECT_THAT(std::string(made.at("id").as_string()), testing::StartsWith("call_"));
  EXPECT_EQ(made.at("function").at("name"), "add");
  EXPECT_EQ(made.at("function").at("arguments"), "{\"a\": 1}");
  EXPECT_EQ(engine_->told_of, 1U);
  EXPECT_TRUE(engine_->last_options.form.calls);
}

TEST_F(WorkerServiceTest, StreamsToolCallsInPieces) {
  engine_->words = {"<tool_call>", "\n{\"name\": \"add\", \"arguments\": {\"a\"", ": 1}}\n</tool_call>"};
  const Streamed streamed = stream(R"({"stream":true,"tool_choice":"required",)" + std::string(kWithTools) + "}");
  std::string bytes;
  for (const auto& event : streamed.events) bytes += event + "\n";
  EXPECT_THAT(bytes, HasSubstr(R"("delta":{"role":"assistant","content":null})"));
  EXPECT_THAT(bytes, HasSubstr(R"("function":{"name":"add","arguments":""}})"));
  EXPECT_THAT(bytes, HasSubstr(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]})"));
  EXPECT_THAT(bytes, HasSubstr(R"({"tool_calls":[{"index":0,"function":{"arguments":": 1}"}}]})"));
  EXPECT_THAT(bytes, HasSubstr(R"("finish_reason":"tool_calls")"));
}

TEST_F(WorkerServiceTest, TellsNoToolsWhenNoneMayBeCalled) {
  call("POST", "/v1/chat/completions", R"({"tool_choice":"none",)" + std::string(kWithTools) + "}");
  EXPECT_EQ(engine_->told_of, 0U);
  EXPECT_TRUE(engine_->last_options.form.grammar.empty());
}

TEST_F(WorkerServiceTest, NamesTheToolThatIsWrong) {
  const http::Response response = call("POST", "/v1/chat/completions", R"({"messages":[{"role":"user","content":"Hi"}],
    "tools":[{"type":"function","function":{"name":"add","parameters":{"not":{}}}}]})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::string_at(*json::find(json_of(response), "error"), "param"), "tools[0].function.parameters");
}

}  // namespace
}  // namespace promethean::llm::local
