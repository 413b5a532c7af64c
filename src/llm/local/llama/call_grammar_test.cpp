// The grammar of an answer that may or must call tools.
#include "llm/local/llama/grammar_testing.h"

namespace promethean::llm::local {
namespace {

class CallGrammarTest : public GrammarTest {
 protected:
  static std::string form(std::string_view choice, std::string_view more = "") {
    const auto body =
        json::parse(std::string(R"({"tools": [{"type": "function", "function": {"name": "weather", "parameters":
      {"type": "object", "required": ["city"], "properties": {"city": {"enum": ["Oslo", "Rome"]}}}}},
      {"type": "function", "function": {"name": "now"}}], "tool_choice": )") +
                    std::string(choice) + std::string(more) + "}");
    const auto use = tool_use_of(*body);
    EXPECT_TRUE(use) << use.error().message();
    const json::Value schema = json::Object{{"const", 7}};
    const auto made = answer_form(*use, json::find(*body, "response_format") ? &schema : nullptr);
    EXPECT_TRUE(made) << made.error().message();
    return made->grammar;
  }
  static constexpr std::string_view kParallel = R"(, "parallel_tool_calls": true)";
  const std::string oslo_ = written_call("weather", R"({"city": "Oslo"})");
  const std::string now_ = written_call("now", "{}");
};

TEST_F(CallGrammarTest, AutoTakesTextCallsAndTextBeforeCalls) {
  const std::string rules = form("\"auto\"", kParallel);
  for (const std::string& text :
       {std::string("Hello."), std::string(), oslo_, "Let me see.\n" + oslo_, oslo_ + "\n" + now_,
        std::string("a < b <tool> <<tool_cal"), "<" + now_, "<tool_" + now_})
    EXPECT_TRUE(accepts(rules, text)) << text;
  for (const std::string& text : {std::string("<tool_call>"), std::string("<tool_call>{}"), oslo_ + " and more",
                                  written_call("weather", R"({"city": "Paris"})"), written_call("other", "{}"),
                                  written_call("now", R"({"x": 1})"), written_call("weather", "{}")})
    EXPECT_FALSE(accepts(rules, text)) << text;
}

TEST_F(CallGrammarTest, RequiredTakesCallsOnly) {
  const std::string rules = form("\"required\"", kParallel);
  EXPECT_TRUE(accepts(rules, oslo_ + "\n" + oslo_));
  EXPECT_FALSE(accepts(rules, "Hello."));
  EXPECT_FALSE(accepts(rules, ""));
  std::string nine = oslo_;
  for (int i = 0; i < 8; ++i) nine += "\n" + oslo_;
  EXPECT_FALSE(accepts(rules, nine));
}

TEST_F(CallGrammarTest, ANamedToolIsCalledOnceAndSeveralCallsHaveToBeAskedFor) {
  const std::string named = form(R"({"type": "function", "function": {"name": "now"}})", kParallel);
  EXPECT_TRUE(accepts(named, now_));
  EXPECT_FALSE(accepts(named, oslo_));
  EXPECT_FALSE(accepts(named, now_ + "\n" + now_));
  const std::string single = form("\"auto\"");
  EXPECT_TRUE(accepts(single, "So: " + now_));
  EXPECT_FALSE(accepts(single, now_ + "\n" + now_));
}

TEST_F(CallGrammarTest, TextKeepsToTheResponseFormatBesideCalls) {
  const std::string rules = form("\"auto\"", R"(, "response_format": {})");
  EXPECT_TRUE(accepts(rules, "7"));
  EXPECT_TRUE(accepts(rules, now_));
  EXPECT_FALSE(accepts(rules, "Hello."));
}

}  // namespace
}  // namespace promethean::llm::local
