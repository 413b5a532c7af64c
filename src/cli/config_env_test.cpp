// The environment: our own names, the older ones, and what is no name of ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/config.h"
#include "cli/config_keys.h"
#include "cli/config_sources.h"
#include "cli/test_dir.h"

namespace promethean::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class EnvironmentTest : public testing::Test {
 protected:
  base::Result<Config> load(std::map<std::string, std::string> environment) {
    environment.emplace("HOME", dir_.path());
    return load_config({}, {environment, dir_.path()});
  }
  std::string error(std::map<std::string, std::string> environment) {
    auto config = load(std::move(environment));
    return config ? "no error" : config.error().message();
  }
  TestDir dir_;
};

TEST_F(EnvironmentTest, OlderNamesStillWork) {
  EXPECT_EQ(to_string(load({{"PORT", "4000"}})->server.listen), "127.0.0.1:4000");
  EXPECT_EQ(load({{"ROOT_PATH", dir_.path()}})->server.root, dir_.path());
  EXPECT_EQ(load({{"PUBLIC_BASE_URL", "https://code.example/"}})->server.public_base_url, "https://code.example");
  EXPECT_EQ(load({{"AUTH_ENABLED", "false"}})->auth.mode, AuthMode::kNone);
  EXPECT_EQ(load({{"AUTH_ENABLED", "true"}})->auth.mode, AuthMode::kToken);
  EXPECT_EQ(load({{"AUTH_MODE", "static"}})->auth.mode, AuthMode::kToken);
  EXPECT_THAT(load({{"AUTH_TOKENS", "one, two"}})->auth.tokens, ElementsAre("one", "two"));
  EXPECT_THAT(load({{"AUTH_TOKEN", "one"}})->auth.tokens, ElementsAre("one"));
  EXPECT_EQ(load({{"AUTH_COOKIE", "c"}})->auth.cookie, "c");
  EXPECT_THAT(load({{"EXCLUDE_GLOBS", "node_modules, **/*.{png,jpg},dist"}})->index.exclude_globs,
              ElementsAre("node_modules", "**/*.{png,jpg}", "dist"));
  EXPECT_EQ(load({{"LOG_LEVEL", "WARNING"}})->log.level, base::LogLevel::kWarn);
  EXPECT_EQ(load({{"CC_LOG_LEVEL", "debug"}, {"LOG_LEVEL", "error"}})->log.level, base::LogLevel::kDebug);
  EXPECT_TRUE(load({{"LOG_JSON", "1"}})->log.json);
  EXPECT_EQ(load({{"LOG_FILE", "/var/log/p.log"}})->log.file, "/var/log/p.log");
}

TEST_F(EnvironmentTest, OllamaIsUsedOnceItIsAskedFor) {
  const auto config = load({{"OLLAMA_BASE_URL", "http://127.0.0.1:9"}, {"LLM_MODEL", "qwen3"}});
  ASSERT_TRUE(config);
  ASSERT_EQ(config->models.size(), 2U);
  EXPECT_EQ(config->models[0].name, "qwen3");
  EXPECT_EQ(config->models[0].backend, llm::Kind::kOllama);
  EXPECT_EQ(config->models[0].url, "http://127.0.0.1:9");
  EXPECT_EQ(config->models[1].name, "smollm2");
}

TEST_F(EnvironmentTest, OwnNameWinsOverOlderOnes) {
  EXPECT_EQ(load({{"PORT", "1"}, {"PROMETHEAN_SERVER_LISTEN", "127.0.0.1:2"}})->server.listen.port, 2);
}

TEST_F(EnvironmentTest, EmptyVariableCountsAsAbsent) {
  EXPECT_EQ(load({{"PORT", ""}})->server.listen.port, 3210);
}

TEST_F(EnvironmentTest, EveryNameOfTheContractIsKnown) {
  const std::vector<std::string> older = {"PORT",
                                          "ROOT_PATH",
                                          "PUBLIC_BASE_URL",
                                          "AUTH_ENABLED",
                                          "AUTH_MODE",
                                          "AUTH_TOKENS",
                                          "AUTH_TOKEN",
                                          "AUTH_COOKIE",
                                          "AUTH_JWT_SECRET",
                                          "AUTH_JWT_ISSUER",
                                          "AUTH_JWT_AUDIENCE",
                                          "AUTH_JWKS_URL",
                                          "OPENAPI_PUBLIC",
                                          "EXEC_ENABLED",
                                          "EXEC_SHELL",
                                          "EXEC_MAX_OUTPUT_BYTES",
                                          "EXCLUDE_GLOBS",
                                          "AGENT_STATE_DIR",
                                          "AGENT_RESTORE_ON_START",
                                          "CODEX_BIN",
                                          "LLM_MODEL",
                                          "OLLAMA_BASE_URL",
                                          "OPENAI_API_KEY",
                                          "ANTHROPIC_API_KEY",
                                          "SMARTGPT_URL",
                                          "SMARTGPT_TOKEN",
                                          "CC_LOG_LEVEL",
                                          "LOG_LEVEL",
                                          "LOG_JSON",
                                          "LOG_FILE",
                                          "BROKER_URL"};
  std::vector<std::string> known;
  for (const auto& key : config_keys()) {
    for (const auto& alias : key.aliases) known.emplace_back(alias.name);
  }
  for (const auto& other : other_environment_names()) known.emplace_back(other.name);
  for (const auto& name : older) EXPECT_THAT(known, testing::Contains(name));
}

TEST_F(EnvironmentTest, NamesOfLaterPartsAreAcceptedWithAWarningThatHidesTheirValue) {
  const auto config = load(
      {{"AGENT_RESTORE_ON_START", "maybe"}, {"AUTH_JWT_SECRET", "hunter2"}, {"PROMETHEAN_QUEUE_BROKER_URL", "ws://x"}});
  ASSERT_TRUE(config);
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("AUTH_JWT_SECRET: auth.jwt_secret is not used"),
                                            HasSubstr("agents.restore_on_start"), HasSubstr("queue.broker_url")));
  for (const auto& warning : config->warnings) EXPECT_THAT(warning, Not(HasSubstr("hunter2")));
}

TEST_F(EnvironmentTest, BadValuesNameTheVariable) {
  EXPECT_EQ(error({{"PORT", "eighty"}}), "PORT: expected a port, 0 to 65535");
  EXPECT_EQ(error({{"PORT", "65536"}}), "PORT: expected a port, 0 to 65535");
  EXPECT_EQ(error({{"PROMETHEAN_SERVER_CORES", "many"}}), "PROMETHEAN_SERVER_CORES: expected a whole number");
  EXPECT_EQ(error({{"LOG_JSON", "perhaps"}}), "LOG_JSON: expected true or false");
  EXPECT_THAT(error({{"PROMETHEAN_SERVER_CORES", "99999"}}),
              HasSubstr("PROMETHEAN_SERVER_CORES: 99999 is out of range"));
}

TEST_F(EnvironmentTest, UnknownNameInOurSectionsIsAnError) {
  EXPECT_EQ(error({{"PROMETHEAN_SERVER_LISTNE", "x"}}),
            "unknown variable PROMETHEAN_SERVER_LISTNE, did you mean PROMETHEAN_SERVER_LISTEN?");
}

// A container platform sets these for a service that is called promethean.
TEST_F(EnvironmentTest, NamesThatAPlatformMakesUpAreNoError) {
  EXPECT_TRUE(load({{"PROMETHEAN_SERVICE_HOST", "10.0.0.1"}, {"PROMETHEAN_PORT", "tcp://10.0.0.1:3210"}}));
}

TEST_F(EnvironmentTest, NearMissOutsideOurSectionsGivesAWarning) {
  const auto config = load({{"PROMETHEAN_TOKENS", "x"}});
  ASSERT_TRUE(config);
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("did you mean PROMETHEAN_TOKEN?")));
}

}  // namespace
}  // namespace promethean::cli
