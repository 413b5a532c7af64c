// Sampling options and log probabilities with the real model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "llm/local/engine.h"
#include "llm/local/tool_calls.h"

namespace promethean::llm::local {
namespace {

using testing::HasSubstr;

class SamplingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto loaded = load_engine({.model_path = PROMETHEAN_DEFAULT_MODEL, .context_tokens = 512, .max_threads = 0});
    if (loaded) engine_ = loaded->release();
  }
  static void TearDownTestSuite() {
    delete engine_;
    engine_ = nullptr;
  }
  void SetUp() override { ASSERT_NE(engine_, nullptr) << "no model: run scripts/fetch-assets"; }

  static std::vector<Token> question(std::string_view text) {
    return engine_->render(json::Array{json::Object{{"role", "user"}, {"content", text}}}, {}).value();
  }

  struct Sampled {
    std::string text;
    std::vector<TokenScore> tokens;
    Generated done;
    std::string bytes() const {
      std::string out;
      for (const auto& token : tokens) out += token.chosen.bytes;
      return out;
    }
  };
  static Sampled sample(const std::vector<Token>& prompt, const GenerateOptions& options) {
    Sampled out;
    auto done = engine_->generate(prompt, options, async::StopFlag(), [&out](AnswerPart part) {
      out.text += part.text;
      for (auto& token : part.tokens) out.tokens.push_back(std::move(token));
    });
    EXPECT_TRUE(done) << (done ? "" : done.error().message());
    if (done) out.done = *done;
    return out;
  }
  static GenerateOptions greedy(int tokens) {
    GenerateOptions options;
    options.temperature = 0;
    options.max_tokens = tokens;
    return options;
  }
  static GenerateOptions hot(uint32_t seed) {
    GenerateOptions options;
    options.temperature = 2;
    options.top_p = 1;
    options.max_tokens = 24;
    options.seed = seed;
    return options;
  }
  static Token token_of(std::string_view text) {
    const auto tokens = engine_->tokenize(text);
    EXPECT_EQ(tokens.size(), 1U) << text;
    return tokens.front();
  }

  static Engine* engine_;
};
Engine* SamplingTest::engine_ = nullptr;

// The token: its text may still be spelled with others.
TEST_F(SamplingTest, BannedTokenNeverComes) {
  const auto prompt = engine_->bare_prompt("The capital of France is");
  const auto says_paris = [&prompt](const GenerateOptions& options) {
    const auto tokens = sample(prompt, options).tokens;
    return std::ranges::any_of(tokens, [](const TokenScore& token) { return token.chosen.bytes == " Paris"; });
  };
  GenerateOptions options = greedy(16);
  options.top_logprobs = 0;
  EXPECT_TRUE(says_paris(options));
  options.logit_bias = {{token_of(" Paris"), -100}};
  EXPECT_FALSE(says_paris(options));
}

TEST_F(SamplingTest, BiasOf100ForcesAToken) {
  GenerateOptions options = greedy(6);
  options.logit_bias = {{token_of(" Paris"), 100}};
  EXPECT_EQ(sample(question("Say hello."), options).text, " Paris Paris Paris Paris Paris Paris");
}

TEST_F(SamplingTest, GrammarCountsWhereEverythingIsBannedThatItAllows) {
  GenerateOptions options = greedy(8);
  options.form.grammar = "root ::= \"yes\"";
  for (Token token = 0; token < engine_->vocabulary(); ++token) options.logit_bias.push_back({token, -100});
  EXPECT_EQ(sample(question("Say it."), options).text, "yes");
}

TEST_F(SamplingTest, BansAmongWhatAGrammarAllows) {
  GenerateOptions options = greedy(8);
  options.form.grammar = "root ::= \"yes\" | \"no\"";
  const auto prompt = question("Answer yes or no: is the sky blue?");
  const std::string likelier = sample(prompt, options).text;
  for (const std::string_view piece : {"y", "n", "yes", "no", "ye"}) {
    const auto tokens = engine_->tokenize(piece);
    if (tokens.size() == 1 && likelier.starts_with(piece)) options.logit_bias.push_back({tokens.front(), -100});
  }
  EXPECT_EQ(sample(prompt, options).text, likelier == "yes" ? "no" : "yes");
}

TEST_F(SamplingTest, TopKOfOneIsTheLikeliestHoweverHot) {
  const auto prompt = question("Tell me a story about a lighthouse.");
  GenerateOptions options = hot(7);
  EXPECT_NE(sample(prompt, options).text, sample(prompt, greedy(24)).text);
  options.top_k = 1;
  EXPECT_EQ(sample(prompt, options).text, sample(prompt, greedy(24)).text);
}

TEST_F(SamplingTest, MinPOfOneIsTheLikeliestHoweverHot) {
  const auto prompt = question("Tell me a story about a lighthouse.");
  GenerateOptions options = hot(8);
  options.min_p = 1;
  EXPECT_EQ(sample(prompt, options).text, sample(prompt, greedy(24)).text);
}

TEST_F(SamplingTest, WithoutTopKRarerTokensCome) {
  const auto prompt = question("Tell me a story about a lighthouse.");
  const auto lowest = [&](int top_k) {
    GenerateOptions options = hot(9);
    options.top_k = top_k;
    options.max_tokens = 60;
    options.top_logprobs = 20;
    size_t outside = 0;
    for (const auto& token : sample(prompt, options).tokens)
      outside += token.chosen.logprob < token.top.back().logprob - 1e-9 ? 1 : 0;
    return outside;
  };
  EXPECT_EQ(lowest(20), 0U) << "none but the 20 likeliest";
  EXPECT_GT(lowest(0), 0U);
}

TEST_F(SamplingTest, RepeatPenaltyBreaksARound) {
  std::string laughing = "Repeat: ";
  for (int i = 0; i < 40; ++i) laughing += "ha ha ha ";
  const auto prompt = question(laughing);
  const auto different = [&](double penalty) {
    GenerateOptions options = greedy(40);
    options.repeat_penalty = penalty;
    options.top_logprobs = 0;
    std::set<std::string> words;
    for (const auto& token : sample(prompt, options).tokens) words.insert(token.chosen.bytes);
    return words.size();
  };
  EXPECT_GT(different(1.8), different(1) + 5);
}

TEST_F(SamplingTest, SamePromptAgainIsNotEvaluatedAndSaysTheSame) {
  const auto prompt = question("Tell me a story about a lighthouse.");
  sample(question("Something else."), greedy(2));
  const Sampled first = sample(prompt, hot(5));
  const Sampled second = sample(prompt, hot(5));
  EXPECT_EQ(second.done.cached_tokens, static_cast<int>(prompt.size()));
  EXPECT_LT(first.done.cached_tokens, second.done.cached_tokens);
  EXPECT_EQ(first.text, second.text);
  EXPECT_NE(first.text, sample(prompt, hot(6)).text);
}

TEST_F(SamplingTest, LogProbabilitiesAreThoseOfTheLikeliestWithoutTemperature) {
  GenerateOptions options = greedy(24);
  options.top_logprobs = 20;
  const Sampled answer = sample(question("What is the capital of France?"), options);
  EXPECT_EQ(answer.bytes(), answer.text);
  ASSERT_FALSE(answer.tokens.empty());
  for (const auto& token : answer.tokens) {
    ASSERT_EQ(token.top.size(), 20U);
    EXPECT_EQ(token.top.front().bytes, token.chosen.bytes);
    EXPECT_EQ(token.top.front().logprob, token.chosen.logprob);
    double sum = 0;
    for (const auto& one : token.top) sum += std::exp(one.logprob);
    EXPECT_LE(sum, 1 + 1e-9);
    EXPECT_GT(sum, 0.3);
  }
}

TEST_F(SamplingTest, LogProbabilitiesAreTheModelsOwnWhateverIsBiased) {
  const auto prompt = question("What is the capital of France?");
  GenerateOptions options = greedy(1);
  options.top_logprobs = 5;
  const TokenScore free = sample(prompt, options).tokens.at(0);
  options.logit_bias = {{token_of(" Paris"), 100}};
  options.repeat_penalty = 1.5;
  const TokenScore forced = sample(prompt, options).tokens.at(0);
  EXPECT_EQ(forced.chosen.bytes, " Paris");
  EXPECT_LT(forced.chosen.logprob, free.chosen.logprob);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(forced.top[i].logprob, free.top[i].logprob);
}

TEST_F(SamplingTest, LogProbabilitiesKeepInStepWithStopsGrammarsAndCutCharacters) {
  GenerateOptions options = greedy(21);
  options.top_logprobs = 0;
  options.form.grammar = "root ::= (\" \\U0001F9EC\" | \"\u6F22\" | \"\U0001F600\")+";
  Sampled answer = sample(question("Write emoji and Chinese."), options);
  EXPECT_EQ(answer.bytes(), answer.text);
  EXPECT_GT(answer.tokens.size(), 6U) << "they take several tokens each";

  options = greedy(32);
  options.top_logprobs = 0;
  const auto prompt = question("Count: one two three four five six. Repeat that.");
  const std::string whole = sample(prompt, options).text;
  ASSERT_GT(whole.size(), 12U);
  options.stop = {whole.substr(5, 6)};
  answer = sample(prompt, options);
  EXPECT_EQ(answer.text, whole.substr(0, whole.find(options.stop[0])));
  EXPECT_EQ(answer.bytes(), answer.text);

  const json::Value schema =
      *json::parse(R"({"type":"object","required":["city"],"properties":{"city":{"type":"string","maxLength":12}}})");
  options = greedy(64);
  options.top_logprobs = 2;
  options.form = answer_form(ToolUse(), &schema).value();
  answer = sample(question("Describe Paris as JSON."), options);
  EXPECT_TRUE(json::parse(answer.text)) << answer.text;
  EXPECT_EQ(answer.bytes(), answer.text);
}

}  // namespace
}  // namespace promethean::llm::local
