#include "cli/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "cli/process.h"
#include "cli/test_dir.h"

namespace promethean::cli {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class CompletionsTest : public testing::Test {
 protected:
  // What bash offers after `words`, of which the last may be unfinished.
  std::vector<std::string> bash_offers(const std::vector<std::string>& words) {
    std::string list;
    for (const auto& word : words) list += " '" + word + "'";
    const std::string script = dir_.write("try.bash", bash_completions(table_) + "COMP_WORDS=(" + list +
                                                          ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
                                                          "\n_promethean\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
    auto ran = run_program({"bash", "--norc", script}, 20s);
    EXPECT_TRUE(ran) << ran.error().message();
    EXPECT_EQ(ran->exit_code, 0) << ran->output;
    std::vector<std::string> offers;
    for (const auto line : base::split(ran->output, '\n')) {
      if (!line.empty()) offers.emplace_back(line);
    }
    return offers;
  }

  TestDir dir_;
  Arguments arguments_;
  std::vector<Command> table_ = command_table(arguments_);
};

TEST_F(CompletionsTest, EveryCommandAndOptionIsInBothScripts) {
  const std::string bash = bash_completions(table_);
  const std::string zsh = zsh_completions(table_);
  for (const auto& command : table_) {
    EXPECT_THAT(bash, HasSubstr("    " + command.name + ") mapfile"));
    EXPECT_THAT(zsh, HasSubstr("'" + command.name + ":"));
    for (const auto& option : command.options) {
      if (option.positional()) continue;
      for (const auto name : base::split(option.names, ',')) {
        EXPECT_THAT(bash, HasSubstr(std::string(name)));
        EXPECT_THAT(zsh, HasSubstr(std::string(name) + "["));
      }
    }
  }
}

TEST_F(CompletionsTest, BashOffersCommandsOptionsAndValues) {
  EXPECT_THAT(bash_offers({"promethean", "se"}), ElementsAre("serve", "search"));
  EXPECT_THAT(bash_offers({"promethean", "serve", "--por"}), ElementsAre("--port-file"));
  EXPECT_THAT(bash_offers({"promethean", "search", "--kind", "d"}), ElementsAre("docs"));
  EXPECT_THAT(bash_offers({"promethean", "token", ""}), ElementsAre("create", "list", "revoke"));
  EXPECT_THAT(bash_offers({"promethean", "completions", "z"}), ElementsAre("zsh"));
}

TEST_F(CompletionsTest, BashOffersFilesWhereAFileIsTaken) {
  const std::string file = dir_.write("model.gguf", "x");
  EXPECT_THAT(bash_offers({"promethean", "serve", "--model", dir_.path() + "/mod"}), ElementsAre(file));
  EXPECT_THAT(bash_offers({"promethean", "serve", "--root", dir_.path() + "/mod"}), ElementsAre());
  EXPECT_THAT(bash_offers({"promethean", "grep", "x", dir_.path() + "/mod"}), ElementsAre(file));
}

TEST_F(CompletionsTest, ZshReadsItsScript) {
  if (!find_program("zsh")) FAIL() << "zsh is not installed: scripts/bootstrap test";
  const std::string script = dir_.write("_promethean", zsh_completions(table_));
  auto ran = run_program({"zsh", "-n", script}, 20s);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 0) << ran->output;
  EXPECT_EQ(ran->output, "");
}

}  // namespace
}  // namespace promethean::cli
