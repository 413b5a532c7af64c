#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/config.h"
#include "cli/test_dir.h"

namespace promethean::cli {
namespace {

using base::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ModelsTest : public testing::Test {
 protected:
  base::Result<Config> load(std::string_view text) {
    file_ = dir_.write("p.toml", text);
    std::filesystem::create_directories(dir_.path() + "/root");
    return load_config({.config_file = file_}, {{{"HOME", dir_.path()}}, dir_.path() + "/root"});
  }
  std::vector<std::string> names(std::string_view text) {
    auto config = load(text);
    EXPECT_TRUE(config) << config.error().message();
    std::vector<std::string> out;
    if (config) {
      for (const auto& model : config->models) out.push_back(model.name);
    }
    return out;
  }
  void expect_refused(std::string_view text, const std::string& message, Code code = Code::kInvalidArgument) {
    auto config = load(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code(), code) << config.error().message();
    EXPECT_THAT(config.error().message(), HasSubstr(file_ + message)) << text;
  }

  TestDir dir_;
  std::string file_;
};

TEST_F(ModelsTest, WithoutATableThereIsTheLocalModel) {
  const auto config = load("");
  ASSERT_EQ(config->models.size(), 1U);
  EXPECT_EQ(config->models[0].name, "smollm2");
  EXPECT_EQ(config->models[0].backend, Backend::kLocal);
  EXPECT_TRUE(config->models[0].grounded);
  EXPECT_TRUE(config->models[0].retrieval);
}

TEST_F(ModelsTest, AnotherFileNamesTheLocalModelAfterItself) {
  EXPECT_THAT(names("[model]\npath = \"/m/Qwen3-8B.gguf\"\n"), ElementsAre("Qwen3-8B"));
  EXPECT_THAT(names("[model]\npath = \"/m/x.gguf\"\nname = \"mine\"\n"), ElementsAre("mine"));
}

TEST_F(ModelsTest, ReadsEveryFieldOfAnEntry) {
  const auto config = load(R"(
[[models]]
name = "big"
backend = "openai"
url = "http://127.0.0.1:8000/v1/"
upstream = "big-instruct"
api_key_env = "MY_KEY"
context = 32768
max_concurrency = 7
fallback = ["smollm2"]
retrieval = false
grounded = true
)");
  ASSERT_TRUE(config) << config.error().message();
  const auto& model = config->models[0];
  EXPECT_EQ(model.url, "http://127.0.0.1:8000/v1");
  EXPECT_EQ(model.upstream, "big-instruct");
  EXPECT_EQ(model.api_key_env, "MY_KEY");
  EXPECT_EQ(model.context, 32768);
  EXPECT_EQ(model.max_concurrency, 7);
  EXPECT_THAT(model.fallback, ElementsAre("smollm2"));
  EXPECT_FALSE(model.retrieval);
  EXPECT_TRUE(model.grounded);
  EXPECT_EQ(model.where, file_ + ":2");
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("MY_KEY is not set")));
}

TEST_F(ModelsTest, EntryTakesItsDefaultsFromBackendAndSections) {
  const auto config = load("[retrieval]\nenabled = false\n[[models]]\nname = \"g\"\nbackend = \"ollama\"\n");
  EXPECT_EQ(config->models[0].url, "http://127.0.0.1:11434");
  EXPECT_EQ(config->models[0].upstream, "g");
  EXPECT_FALSE(config->models[0].retrieval);
  EXPECT_FALSE(config->models[0].grounded);
  EXPECT_TRUE(config->models[1].grounded);
}

TEST_F(ModelsTest, LocalModelStaysLastUnlessSwitchedOff) {
  EXPECT_THAT(names("[[models]]\nname = \"a\"\nbackend = \"ollama\"\n"), ElementsAre("a", "smollm2"));
  EXPECT_THAT(names("[server]\nembedded_model = false\n[[models]]\nname = \"a\"\nbackend = \"ollama\"\n"),
              ElementsAre("a"));
  EXPECT_THAT(names("[[models]]\nname = \"mine\"\nbackend = \"local\"\n"), ElementsAre("mine"));
}

TEST_F(ModelsTest, DefaultModelIsMovedToTheFront) {
  EXPECT_THAT(names("[model]\ndefault = \"smollm2\"\n[[models]]\nname = \"a\"\nbackend = \"ollama\"\n"),
              ElementsAre("smollm2", "a"));
  expect_refused("[model]\ndefault = \"smolm2\"\n", ":2: \"smolm2\" is no model, did you mean smollm2?");
}

TEST_F(ModelsTest, RefusesWhatCannotWork) {
  expect_refused("\n[[models]]\nbackend = \"ollama\"\n", ":2: a model needs a name");
  expect_refused("[[models]]\nname = \"a\"\n", ":1: a model needs a backend");
  expect_refused("[[models]]\nname = \" \"\nbackend = \"ollama\"\n", ":1: the name of a model may not be empty");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"olama\"\n",
                 ":3: backend: \"olama\" is no value of backend, did you mean \"ollama\"?");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"openai\"\n", ":1: the backend openai needs a url");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"local\"\nurl = \"http://x\"\n",
                 ":1: the local model takes no url");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"ollama\"\nurl = \"ftp://x\"\n",
                 ":4: url: \"ftp://x\" is no URL");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"ollama\"\nulr = \"x\"\n",
                 ":4: unknown key ulr of a model, did you mean url?");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"ollama\"\n[[models]]\nname = \"a\"\nbackend = \"ollama\"\n",
                 ":4: a second model named \"a\"");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"ollama\"\nfallback = [\"b\"]\n",
                 ":1: the fallback \"b\" is no model");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"ollama\"\nfallback = [\"a\"]\n",
                 ":1: \"a\" cannot be its own fallback");
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"ollama\"\nmax_concurrency = 0\n",
                 ":4: max_concurrency: 0 is out of range");
  expect_refused("models = 1\n", ":1: models is a list of tables");
  expect_refused("[server]\nembedded_model = false\n", ":2: no model is left");
}

TEST_F(ModelsTest, WhatComesLaterIsRefusedAsSuch) {
  expect_refused("[[models]]\nname = \"a\"\nbackend = \"anthropic\"\n", ":3: backend: \"anthropic\" is not supported",
                 Code::kUnsupported);
}

TEST_F(ModelsTest, KeysAreNeverRepeated) {
  auto pasted = load("[[models]]\nname = \"a\"\nbackend = \"ollama\"\napi_key_env = \"sk-hunter2-abc\"\n");
  ASSERT_FALSE(pasted);
  EXPECT_THAT(pasted.error().message(), Not(HasSubstr("hunter2")));
  auto in_url = load("[[models]]\nname = \"a\"\nbackend = \"ollama\"\nurl = \"http://me:hunter2@host\"\n");
  ASSERT_FALSE(in_url);
  EXPECT_THAT(in_url.error().message(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace promethean::cli
