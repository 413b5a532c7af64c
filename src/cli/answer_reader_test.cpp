#include "cli/answer_reader.h"

#include <gtest/gtest.h>

namespace promethean::cli {
namespace {

// The answer in `bytes`, cut into pieces of every size.
base::Result<ReadAnswer> read_in_pieces(std::string_view endpoint, std::string_view bytes, size_t size) {
  auto reader = AnswerReader::of(endpoint, [](std::string_view) {});
  if (!reader) return base::fail(std::move(reader).error());
  for (size_t at = 0; at < bytes.size(); at += size) {
    if (auto fed = reader->feed(bytes.substr(at, size)); !fed) return base::fail(std::move(fed).error());
  }
  return reader->finish();
}

TEST(AnswerReader, ReadsTheChatDialect) {
  const std::string_view bytes =
      R"(data: {"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"A "}},{"index":1,"delta":{"content":"other"}}]}

data: {"model":"m","choices":[{"index":0,"delta":{"content":"b","tool_calls":[{"index":0,"id":"c","function":{"name":"look","arguments":"{\"at\""}}]}}]}

data: {"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}

data: {"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2},"retrieval_context":{"citations":[]}}

data: [DONE]

)";
  for (const size_t size : {1UZ, 7UZ, bytes.size()}) {
    const auto answer = read_in_pieces("/v1/chat/completions", bytes, size);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->text, "A b");
    EXPECT_EQ(json::write(answer->tool_calls), R"([{"name":"look","arguments":"{\"at\":1}"}])");
    EXPECT_EQ(answer->finish_reason, "tool_calls");
    EXPECT_EQ(answer->prompt_tokens, 3);
    EXPECT_EQ(answer->completion_tokens, 2);
    EXPECT_TRUE(answer->retrieval.is_object());
  }
}

// As Ollama's API reference has it: "Generate a chat completion", streamed.
TEST(AnswerReader, ReadsOllamasLines) {
  const std::string_view bytes =
      R"({"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"A "},"done":false}
{"model":"m","message":{"role":"assistant","content":"b","tool_calls":[{"function":{"name":"look","arguments":{"at":1}}}]},"done":false}
{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}
)";
  for (const size_t size : {1UZ, 50UZ, bytes.size()}) {
    const auto answer = read_in_pieces("/api/chat", bytes, size);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->text, "A b");
    EXPECT_EQ(json::write(answer->tool_calls), R"([{"name":"look","arguments":"{\"at\":1}"}])");
    EXPECT_EQ(answer->prompt_tokens, 3);
    EXPECT_EQ(answer->completion_tokens, 2);
  }
}

TEST(AnswerReader, AnAnswerThatBreaksOffIsAnError) {
  const std::string_view whole = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\n";
  EXPECT_EQ(read_in_pieces("/v1/chat/completions", whole, 10).error().code(), base::Code::kUnavailable);
  EXPECT_EQ(read_in_pieces("/api/chat", "{\"message\":{\"content\":\"A\"},\"done\":false}\n", 10).error().code(),
            base::Code::kUnavailable);
}

TEST(AnswerReader, AnErrorInsideOfAnAnswerIsTold) {
  const auto chat = read_in_pieces("/v1/chat/completions", "data: {\"error\":{\"message\":\"gone\"}}\n\n", 9);
  EXPECT_EQ(chat.error().message(), "gone");
  EXPECT_EQ(read_in_pieces("/api/chat", "{\"error\":\"gone\"}\n", 9).error().message(), "gone");
}

TEST(AnswerReader, OtherEndpointsCannotBeRead) {
  EXPECT_EQ(read_in_pieces("/v1/embeddings", "", 1).error().code(), base::Code::kUnsupported);
}

}  // namespace
}  // namespace promethean::cli
