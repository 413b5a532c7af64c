#include "llm/plain_chunk.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "json/json.h"
#include "llm/choices.h"

namespace promethean::llm {
namespace {

const std::string kOpenAi =
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1732500000,"model":"m","service_tier":"default",)"
    R"("system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" it's \"so\"\n\\o/"},"logprobs":null,)"
    R"("finish_reason":null}],"usage":null,"obfuscation":"x"})";
const std::string kSpaced = R"( { "choices" : [ { "delta" : { "role" : "assistant", "content" : "caf)"
                            "\xC3\xA9"
                            R"(", "refusal": null } , "index" : 0 } ] , "cached" : true } )";

const std::string kEnd =
    R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null})";

struct Read {
  std::string content;
  std::string finish_reason;
  bool operator==(const Read&) const = default;
};

// What the parser makes of a chunk that is plain: one choice with text, or its end, and nothing else. nullopt: it is
// not plain.
std::optional<Read> slow_twin(std::string_view text) {
  const auto chunk = json::parse(text);
  if (!chunk || json::find(*chunk, "error") != nullptr || json::given(*chunk, "usage") != nullptr) return std::nullopt;
  const json::Array* choices = json::array_at(*chunk, "choices");
  if (choices == nullptr || choices->size() != 1 || !(*choices)[0].is_object()) return std::nullopt;
  std::optional<std::string> content;
  std::string finish;
  for (const auto& [key, value] : (*choices)[0].get_object()) {
    if (value.is_null() || (key == "index" && value == 0)) continue;
    if (key == "finish_reason" && value.is_string()) {
      finish = std::string(value.get_string());
      continue;
    }
    if (key != "delta" || !value.is_object()) return std::nullopt;
    for (const auto& [name, piece] : value.get_object()) {
      if (piece.is_null() || (name == "role" && piece.is_string())) continue;
      if (name != "content" || !piece.is_string()) return std::nullopt;
      content = std::string(piece.get_string());
    }
  }
  if (content.has_value() != finish.empty()) return std::nullopt;
  return Read{content.value_or(""), finish};
}

Read told(const PlainChunk& chunk) {
  return {chunk.content, chunk.finish_reason};
}

TEST(PlainChunk, ReadsTheTextAndLeavesTheChoicesAsTheyAre) {
  const auto chunk = read_plain_chunk(kOpenAi);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->content, " it's \"so\"\n\\o/");
  EXPECT_TRUE(chunk->choices.starts_with("[{\"index\"") && chunk->choices.ends_with("null}]")) << chunk->choices;
  EXPECT_EQ(read_plain_chunk(kSpaced)->content, "caf\xC3\xA9");
}

TEST(PlainChunk, LeavesEverythingElseToTheParser) {
  for (const std::string_view text : {
           R"({"choices":[{"index":1,"delta":{"content":"x"}}]})",
           R"({"choices":[{"index":0,"delta":{"content":"x"}},{"index":1,"delta":{"content":"y"}}]})",
           R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]})",
           R"({"choices":[{"index":0,"delta":{"content":"x","tool_calls":[]}}]})",
           R"({"choices":[{"index":0,"delta":{"reasoning_content":"x"}}]})",
           R"({"choices":[{"index":0,"delta":{"content":"\u00e9"}}]})",
           R"({"choices":[{"index":0,"delta":{"content":"x"},"delta":{"content":"y"}}]})",
           R"({"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}})",
           R"({"choices":[{"index":0,"delta":{"content":"x"}}],"error":null})",
           R"({"choices":[],"usage":null})",
           R"({"choices":[{"index":0,"delta":{"content":"x"}}],"created":00 true})",
           "[DONE]",
           "",
       }) {
    EXPECT_FALSE(read_plain_chunk(text)) << text;
  }
}

TEST(PlainChunk, WhatItAcceptsTheParserReadsTheSame) {
  std::mt19937 random(20261125);
  constexpr std::string_view kBytes = "\"\\{}[]:, \n\t0123nulltruef-e.x\xC3\xA9\x01";
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::array{kOpenAi, kSpaced, kEnd}[random() % 3];
    for (unsigned n = random() % 3; n > 0; --n) {
      const size_t at = random() % text.size();
      const std::string byte(1, kBytes[random() % kBytes.size()]);
      text.replace(at, random() % 3, random() % 3 != 0 ? byte : "");
    }
    const auto chunk = read_plain_chunk(text);
    if (!chunk) continue;
    ++accepted;
    ASSERT_EQ(told(*chunk), slow_twin(text)) << text;
    const json::Value choices = json::parse(text)->at("choices");
    ASSERT_EQ(*json::parse(chunk->choices), choices) << text;
    ASSERT_EQ(Choices::of_text(std::string(chunk->choices)).values(), choices) << text;
  }
  EXPECT_GT(accepted, 50'000);
}

TEST(PlainChunk, ReadsWhyAnAnswerEnds) {
  const auto chunk = read_plain_chunk(kEnd);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(told(*chunk), (Read{"", "stop"}));
}

// A reader that has seen chunks before reads each as one that sees it first.
TEST(PlainChunk, ChunksOfOneAnswerAreReadAsIfEachWereTheFirst) {
  std::mt19937 random(20261126);
  constexpr std::string_view kPieces[] = {"a",  " word", "\\n", "\"",      "\xC3\xA9", "\xC3",
                                          "\\", "\x01",  "",    "\\u00e9", "x\"}",     R"(","refusal":"no)"};
  PlainChunkReader reader;
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = std::array{kOpenAi, kSpaced, kEnd}[random() % 16 == 0 ? random() % 3 : 0];
    const size_t at = text.find("content");
    if (at != std::string::npos) {
      std::string content;
      for (unsigned n = random() % 4; n > 0; --n)
        content += kPieces[random() % (random() % 8 == 0 ? std::size(kPieces) : 3)];
      const size_t begin = text.find('"', at + 8) + 1;
      text.replace(begin,
                   text.find(R"(")", text.find(R"(\o/)") == std::string::npos ? begin : text.find(R"(\o/)")) - begin,
                   content);
    }
    const auto chunk = reader.read(text);
    const auto fresh = read_plain_chunk(text);
    ASSERT_EQ(chunk.has_value(), fresh.has_value()) << text;
    if (!chunk) continue;
    ++accepted;
    ASSERT_EQ(told(*chunk), told(*fresh)) << text;
    ASSERT_EQ(chunk->choices, fresh->choices) << text;
    ASSERT_EQ(chunk->written, fresh->written) << text;
  }
  EXPECT_GT(accepted, 10'000);
}

}  // namespace
}  // namespace promethean::llm
