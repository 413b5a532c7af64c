#include "llm/compatibility.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/fd.h"

namespace promethean::llm {
namespace {

// The file lies in docs/ of the source tree, which this file is in, too.
std::string doc_path() {
  std::string path = __FILE__;
  return path.substr(0, path.rfind("/src/llm/")) + "/docs/compatibility.md";
}

TEST(Compatibility, FileSaysWhatTheTableSays) {
  if (std::getenv("UPDATE_DOCS") != nullptr) ASSERT_TRUE(base::write_file_atomic(doc_path(), compatibility_page()));
  auto text = base::read_file(doc_path());
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, compatibility_page()) << "run llm_tests with UPDATE_DOCS=1 after a change of the table";
}

TEST(Compatibility, NoFieldTwice) {
  for (const Endpoint endpoint :
       {Endpoint::kChat, Endpoint::kCompletions, Endpoint::kEmbeddings, Endpoint::kResponses}) {
    std::set<std::string_view> names;
    for (const auto& field : fields_of(endpoint)) EXPECT_TRUE(names.insert(field.name).second) << field.name;
  }
}

TEST(Compatibility, WhatIsRefusedIsNamed) {
  json::Object body{{"n", 2}, {"seed", 1}};
  for (const Kind kind : {Kind::kOllama, Kind::kAnthropic}) {
    const auto refused = check_support(body, kind);
    ASSERT_TRUE(refused) << kind_name(kind);
    EXPECT_EQ(refused->field(), "n");
  }
  for (const Kind kind : {Kind::kLocal, Kind::kOpenAi}) EXPECT_FALSE(check_support(body, kind));
  body["n"] = 1;
  body["logprobs"] = false;
  body["functions"] = nullptr;
  for (const Kind kind : kKinds) EXPECT_FALSE(check_support(body, kind)) << kind_name(kind);
}

TEST(Compatibility, TheBestOfSeveralIsRefusedUnlessAllAreWanted) {
  json::Object body{{"prompt", "x"}, {"n", 2}, {"best_of", 2}};
  EXPECT_FALSE(check_support(body, Kind::kOpenAi, Endpoint::kCompletions));
  body["best_of"] = 3;
  EXPECT_EQ(check_support(body, Kind::kOpenAi, Endpoint::kCompletions)->field(), "best_of");
}

TEST(Compatibility, AnthropicRefusesPromptsAndInputs) {
  EXPECT_EQ(check_support({{"prompt", "x"}}, Kind::kAnthropic, Endpoint::kCompletions)->field(), "prompt");
  EXPECT_EQ(check_support({{"input", "x"}}, Kind::kAnthropic, Endpoint::kEmbeddings)->field(), "input");
}

TEST(Compatibility, OnlyKnownFieldsAreSent) {
  const json::Object body{{"messages", json::Array{}},
                          {"seed", 1},
                          {"logit_bias", json::Object{{"7", 1}}},
                          {"retrieval", nullptr},
                          {"made_up", "value"},
                          {"max_tokens", 0},
                          {"user", nullptr}};
  EXPECT_EQ(sent_body(body, Kind::kOpenAi, Endpoint::kChat, {{"model", "m"}}),
            R"({"messages":[],"seed":1,"logit_bias":{"7":1},"model":"m"})");
  EXPECT_EQ(sent_body(body, Kind::kLocal, Endpoint::kChat, {}), R"({"messages":[],"seed":1,"logit_bias":{"7":1}})");
  EXPECT_EQ(sent_body(body, Kind::kAnthropic, Endpoint::kChat, {}), "{}");
}

}  // namespace
}  // namespace promethean::llm
