// What tests of grammars share: a model's vocabulary that spells a text, or invents one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "json/schema.h"
#include "llm/local/llama/handles.h"
#include "llm/local/pattern_grammar.h"
#include "llm/local/schema_grammar.h"
#include "llm/local/tool_calls.h"

namespace promethean::llm::local {

class GrammarTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    model_ = llama_model_load_from_file(PROMETHEAN_DEFAULT_MODEL, params);
  }
  static void TearDownTestSuite() { llama_model_free(std::exchange(model_, nullptr)); }
  void SetUp() override { ASSERT_NE(model_, nullptr) << "no model: run scripts/fetch-assets"; }

  static const llama_vocab* vocab() { return llama_model_get_vocab(model_); }
  static SamplerHandle follow(const std::string& grammar) {
    return SamplerHandle(llama_sampler_init_grammar(vocab(), grammar.c_str(), "root"));
  }
  static bool allows(llama_sampler* grammar, llama_token token) {
    llama_token_data one{token, 1.0F, 0.0F};
    llama_token_data_array list{&one, 1, -1, false};
    llama_sampler_apply(grammar, &list);
    return list.data[0].logit != -INFINITY;
  }

  // Whether the whole text is one of the grammar.
  static bool accepts(const std::string& grammar, std::string_view text) {
    const SamplerHandle follows = follow(grammar);
    EXPECT_TRUE(follows) << grammar;
    if (!follows) return false;
    std::vector<llama_token> tokens;
    append_tokens(vocab(), text, false, tokens);
    for (const llama_token token : tokens) {
      if (!allows(follows.get(), token)) return false;
      llama_sampler_accept(follows.get(), token);
    }
    return allows(follows.get(), llama_vocab_eos(vocab()));
  }

  static std::vector<llama_token> all_tokens() {
    std::vector<llama_token> tokens;
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocab()); ++token) {
      if (!llama_vocab_is_control(vocab(), token) || llama_vocab_is_eog(vocab(), token)) tokens.push_back(token);
    }
    return tokens;
  }
  static std::vector<llama_token> some_tokens(std::mt19937& random) {
    static const std::vector<llama_token> all = all_tokens();
    std::vector<llama_token> tokens;
    for (const llama_token token : all) {
      const bool is_short = llama_vocab_is_eog(vocab(), token) || token_bytes(vocab(), token).size() == 1;
      if (is_short || random() % 64 == 0) tokens.push_back(token);
    }
    return tokens;
  }
  static std::vector<llama_token> allowed_of(llama_sampler* grammar, const std::vector<llama_token>& tokens) {
    std::vector<llama_token_data> candidates;
    for (const llama_token token : tokens) candidates.push_back({token, 1.0F, 0.0F});
    llama_token_data_array list{candidates.data(), candidates.size(), -1, false};
    llama_sampler_apply(grammar, &list);
    std::vector<llama_token> allowed;
    for (const auto& candidate : candidates) {
      if (candidate.logit != -INFINITY) allowed.push_back(candidate.id);
    }
    return allowed;
  }

  // A text of the grammar by pure chance; "" when it does not end in time.
  static std::string invent(const std::string& grammar, std::mt19937& random) {
    const SamplerHandle follows = follow(grammar);
    EXPECT_TRUE(follows) << grammar;
    std::string text;
    for (int length = 0; follows && length < 60; ++length) {
      // A few of all tokens and the short ones: to ask the grammar about each of 49,000 costs a second a text.
      std::vector<llama_token> allowed = allowed_of(follows.get(), some_tokens(random));
      if (allowed.empty()) allowed = allowed_of(follows.get(), all_tokens());
      if (allowed.empty()) {
        ADD_FAILURE() << "nothing can follow " << text << " in " << grammar;
        return {};
      }
      // The end and short pieces more often than their number, or it would never end.
      std::ranges::sort(allowed, {}, [](llama_token token) {
        return llama_vocab_is_eog(vocab(), token) ? size_t{0} : token_bytes(vocab(), token).size();
      });
      const size_t among = random() % 2 == 0 ? std::min<size_t>(allowed.size(), 12) : allowed.size();
      const llama_token token = allowed[random() % among];
      llama_sampler_accept(follows.get(), token);
      if (llama_vocab_is_eog(vocab(), token)) return text;
      text += token_bytes(vocab(), token);
    }
    return {};
  }

  static std::string grammar(std::string_view schema) {
    GrammarRules rules;
    const auto value = json::parse(schema);
    EXPECT_TRUE(value) << schema;
    const auto rule = schema_rule(*value, "schema", rules);
    EXPECT_TRUE(rule) << (rule ? "" : rule.error().message());
    return rule ? rules.text(rule->rule) : "root ::= \"\"";
  }
  static std::string refusal(std::string_view schema) {
    GrammarRules rules;
    const auto rule = schema_rule(*json::parse(schema), "schema", rules);
    return rule ? "accepted" : rule.error().field() + ": " + rule.error().message();
  }
  static std::string pattern(std::string_view expression) {
    GrammarRules rules;
    const auto rule = pattern_rule(expression, rules);
    return rule ? rules.text(rule->rule) : "refused: " + rule.error().message();
  }

  static inline llama_model* model_ = nullptr;
};

}  // namespace promethean::llm::local
