#include "llm/local/token_logprobs.h"

#include <gtest/gtest.h>

namespace promethean::llm::local {
namespace {

ScoredToken text_token(std::string bytes, double logprob) {
  return {.bytes = std::move(bytes), .logprob = logprob};
}

TEST(TokenLogprobs, OfAChatAreWhatOpenAiWrites) {
  const std::vector<TokenScore> tokens{
      {text_token("Hi", -0.5), {text_token("Hi", -0.5), {.bytes = "<|end|>", .control = true, .logprob = -2}}},
      {text_token("\xE2\x82", -1), {}}};
  EXPECT_EQ(json::write(chat_logprobs(tokens)),
            R"({"content":[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[)"
            R"({"token":"Hi","logprob":-0.5,"bytes":[72,105]},{"token":"<|end|>","logprob":-2,"bytes":null}]},)"
            R"({"token":"\\xe2\\x82","logprob":-1,"bytes":[226,130],"top_logprobs":[]}],"refusal":null})");
}

TEST(TokenLogprobs, OfACompletionHaveTheChosenTokenAmongTheLikeliest) {
  size_t offset = 3;
  const std::vector<TokenScore> tokens{{text_token("a", -0.5), {text_token("a", -0.5), text_token("b", -1)}},
                                       {text_token("c", -4), {text_token("b", -1)}}};
  EXPECT_EQ(json::write(completion_logprobs(tokens, offset)),
            R"({"tokens":["a","c"],"token_logprobs":[-0.5,-4],"top_logprobs":[{"a":-0.5,"b":-1},{"b":-1,"c":-4}],)"
            R"("text_offset":[3,4]})");
  EXPECT_EQ(offset, 5U);
}

TEST(TokenLogprobs, OffsetsCountCharacters) {
  size_t offset = 0;
  const std::vector<TokenScore> tokens{{text_token("\xC3\xA9", 0), {}},
                                       {text_token(" \xF0\x9F", 0), {}},
                                       {text_token("\x98\x80!", 0), {}},
                                       {text_token("x", 0), {}}};
  EXPECT_EQ(json::write(completion_logprobs(tokens, offset).at("text_offset")), "[0,1,2,4]");
  EXPECT_EQ(json::write(completion_logprobs({{text_token("\x98", 0), {}}}, offset).at("tokens")), R"(["bytes:\\x98"])");
}

}  // namespace
}  // namespace promethean::llm::local
