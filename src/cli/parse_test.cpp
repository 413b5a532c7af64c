#include "cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/config_keys.h"

namespace promethean::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ParseTest : public testing::Test {
 protected:
  base::Result<std::variant<const Command*, HelpText>> run(std::vector<const char*> words) {
    words.insert(words.begin(), "promethean");
    return parse(static_cast<int>(words.size()), words.data(), table_, arguments_);
  }
  std::string chosen(std::vector<const char*> words) {
    auto parsed = run(std::move(words));
    EXPECT_TRUE(parsed) << parsed.error().message();
    return parsed ? std::get<const Command*>(*parsed)->name : "";
  }
  std::string help(std::vector<const char*> words) { return std::get<HelpText>(*run(std::move(words))).text; }
  base::Error refused(std::vector<const char*> words) {
    auto parsed = run(std::move(words));
    EXPECT_FALSE(parsed);
    return parsed ? base::Error(base::Code::kInternal, "no error") : parsed.error();
  }

  Arguments arguments_;
  std::vector<Command> table_ = command_table(arguments_);
};

TEST_F(ParseTest, FillsTheOptionsOfItsCommand) {
  EXPECT_EQ(chosen({"grep", "-i", "-wU", "a.*b", "src", "docs", "-C", "2", "--count", "--first=9", "--json"}), "grep");
  EXPECT_EQ(arguments_.grep.pattern, "a.*b");
  EXPECT_THAT(arguments_.grep.paths, ElementsAre("src", "docs"));
  EXPECT_TRUE(arguments_.grep.ignore_case && arguments_.grep.word && arguments_.grep.multiline &&
              arguments_.grep.count);
  EXPECT_FALSE(arguments_.grep.fixed);
  EXPECT_EQ(arguments_.grep.context, 2);
  EXPECT_EQ(arguments_.grep.first, 9);
  EXPECT_TRUE(arguments_.json);
}

TEST_F(ParseTest, TakesPatternsThatBeginWithADash) {
  EXPECT_EQ(chosen({"grep", "--", "--help", "src"}), "grep");
  EXPECT_EQ(arguments_.grep.pattern, "--help");
}

TEST_F(ParseTest, SettingsBecomeFlagsOfTheConfiguration) {
  EXPECT_EQ(chosen({"serve", "--listen", "127.0.0.1:0", "--state-dir=/s", "--port-file", "/p"}), "serve");
  ASSERT_EQ(arguments_.flags.size(), 2U);
  EXPECT_EQ(arguments_.flags[0].key, "server.listen");
  EXPECT_EQ(arguments_.flags[0].value, "127.0.0.1:0");
  EXPECT_EQ(arguments_.flags[0].flag, "--listen");
  EXPECT_EQ(arguments_.serve.port_file, "/p");
}

TEST_F(ParseTest, EverySettingOfTheTableIsAKey) {
  for (const auto& command : table_) {
    for (const auto& option : command.options) {
      if (const auto* key = std::get_if<ConfigKey>(&option.target))
        EXPECT_NE(find_key(key->name), nullptr) << key->name;
    }
  }
}

TEST_F(ParseTest, EveryCommandHasHelpWithAnExampleAndJson) {
  for (const auto& command : table_) {
    const std::string text = help({command.name.c_str(), "--help"});
    EXPECT_THAT(text, HasSubstr("Example:\n  " + command.example));
    EXPECT_THAT(text, HasSubstr("--json"));
    EXPECT_THAT(help({"--help"}), HasSubstr(command.name));
  }
}

TEST_F(ParseTest, SaysItsVersion) {
  EXPECT_EQ(help({"--version"}), "promethean " PROMETHEAN_VERSION "\n");
}

TEST_F(ParseTest, UnknownCommandsAndOptionsGetTheNearest) {
  EXPECT_EQ(refused({"serch", "x"}).message(), "unknown command serch");
  EXPECT_EQ(refused({"serch", "x"}).hint(), "did you mean search?");
  EXPECT_EQ(refused({"serve", "--lisen", "x"}).message(), "unknown option --lisen of promethean serve");
  EXPECT_EQ(refused({"serve", "--lisen=x"}).hint(), "did you mean --listen?");
  EXPECT_EQ(refused({"--verson"}).hint(), "did you mean --version?");
  EXPECT_EQ(refused({"zzzzzzzz"}).hint(), "see promethean --help");
}

TEST_F(ParseTest, WrongUseIsInvalidArgument) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{},
                                             {"search"},
                                             {"search", "a", "b"},
                                             {"search", "a", "-n", "0"},
                                             {"search", "a", "-n", "many"},
                                             {"search", "a", "--kind", "pictures"},
                                             {"token"},
                                             {"token", "steal"},
                                             {"completions", "fish"},
                                             {"serve", "--listen"}}) {
    EXPECT_EQ(refused(words).code(), base::Code::kInvalidArgument);
    EXPECT_FALSE(refused(words).hint().empty());
  }
}

}  // namespace
}  // namespace promethean::cli
