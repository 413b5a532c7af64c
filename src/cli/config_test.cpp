#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/test_dir.h"

namespace promethean::cli {
namespace {

using base::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A home with its own configuration, and a root with another.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::filesystem::create_directories(dir_.path() + "/root");
    std::filesystem::create_directories(dir_.path() + "/home");
    around_.working_dir = dir_.path() + "/root";
    around_.environment["HOME"] = dir_.path() + "/home";
  }

  std::string user_file(std::string_view text) { return dir_.write("home/.config/promethean/promethean.toml", text); }
  std::string root_file(std::string_view text) { return dir_.write("root/promethean.toml", text); }
  void set(const std::string& name, const std::string& value) { around_.environment[name] = value; }
  void flag(const std::string& key, const std::string& value) { request_.flags.push_back({key, value, "--" + key}); }

  Config load() {
    auto config = load_config(request_, around_);
    EXPECT_TRUE(config) << config.error().message();
    return config ? *config : Config();
  }
  base::Error load_error() {
    auto config = load_config(request_, around_);
    EXPECT_FALSE(config) << "was expected to be refused";
    return config ? base::Error(Code::kInternal, "no error") : config.error();
  }

  TestDir dir_;
  Surroundings around_;
  LoadRequest request_;
};

TEST_F(ConfigTest, DefaultsHoldWithoutAnySource) {
  const Config config = load();
  EXPECT_EQ(config.server.root, dir_.path() + "/root");
  EXPECT_EQ(to_string(config.server.listen), "127.0.0.1:3210");
  EXPECT_EQ(config.server.state_dir, dir_.path() + "/home/.local/state/promethean");
  EXPECT_EQ(config.auth.mode, AuthMode::kToken);
  EXPECT_THAT(config.origins, IsEmpty());
  EXPECT_THAT(config.files, IsEmpty());
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(ConfigTest, EachSourceWinsOverTheOnesBelowIt) {
  EXPECT_EQ(load().retrieval.max_citations, 6);

  const std::string root = root_file("[retrieval]\nmax_citations = 2\n");
  EXPECT_EQ(load().retrieval.max_citations, 2);
  EXPECT_EQ(load().origins.at("retrieval.max_citations").where, root + ":2");

  const std::string user = user_file("\n[retrieval]\nmax_citations = 3\n");
  EXPECT_EQ(load().retrieval.max_citations, 3);
  EXPECT_EQ(load().origins.at("retrieval.max_citations").where, user + ":3");
  EXPECT_THAT(load().files, ElementsAre(root, user));

  set("PROMETHEAN_RETRIEVAL_MAX_CITATIONS", "4");
  EXPECT_EQ(load().retrieval.max_citations, 4);
  EXPECT_EQ(load().origins.at("retrieval.max_citations").source, Origin::Source::kEnvironment);

  flag("retrieval.max_citations", "5");
  EXPECT_EQ(load().retrieval.max_citations, 5);
  EXPECT_EQ(load().origins.at("retrieval.max_citations").source, Origin::Source::kFlag);
}

TEST_F(ConfigTest, XdgDirectoriesAreUsedAndRelativeOnesIgnored) {
  dir_.write("xdg/promethean/promethean.toml", "[server]\ncores = 7\n");
  set("XDG_CONFIG_HOME", dir_.path() + "/xdg");
  set("XDG_STATE_HOME", "relative");
  EXPECT_EQ(load().server.cores, 7);
  EXPECT_EQ(load().server.state_dir, dir_.path() + "/home/.local/state/promethean");
  set("XDG_STATE_HOME", "/var/xdg");
  EXPECT_EQ(load().server.state_dir, "/var/xdg/promethean");
}

TEST_F(ConfigTest, NamedFileReplacesTheUsualOne) {
  user_file("[server]\ncores = 3\n");
  request_.config_file = dir_.write("other.toml", "[server]\ndrain_seconds = 5\n");
  EXPECT_EQ(load().server.cores, 0);
  EXPECT_EQ(load().server.drain_seconds, 5);
}

TEST_F(ConfigTest, NamedFileMustExist) {
  request_.config_file = dir_.path() + "/absent.toml";
  EXPECT_EQ(load_error().code(), Code::kNotFound);
  EXPECT_THAT(load_error().message(), HasSubstr("absent.toml"));
}

TEST_F(ConfigTest, RepositoryFileMaySetOnlyIndexAndRetrieval) {
  root_file("[index]\nexclude_globs = [\"*.min.js\"]\n[retrieval]\nenabled = false\n");
  EXPECT_THAT(load().index.exclude_globs, ElementsAre("*.min.js"));
  EXPECT_FALSE(load().retrieval.enabled);

  for (const std::string section :
       {"[server]\nlisten = \"0.0.0.0:1\"", "[auth]\nmode = \"none\"", "[log]\nfile = \"/etc/x\"",
        "[model]\npath = \"x\"", "[[models]]\nname = \"x\"", "[exec]\nenabled = true"}) {
    const std::string path = root_file("[index]\n\n" + section + "\n");
    const auto error = load_error();
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr(path + ":3: [")) << section;
    EXPECT_THAT(error.message(), HasSubstr("may not be set by the file of a repository"));
  }
}

TEST_F(ConfigTest, RepositoryFileThatTheUserNamesIsHisOwn) {
  request_.config_file = root_file("[server]\ncores = 2\n");
  EXPECT_EQ(load().server.cores, 2);
  EXPECT_THAT(load().files, ElementsAre(request_.config_file));
}

TEST_F(ConfigTest, RepositoryFileMayNotLeadOutOfTheRoot) {
  dir_.write("secret.toml", "[index]\nmax_file_bytes = 5\n");
  ASSERT_EQ(symlink("../secret.toml", (dir_.path() + "/root/promethean.toml").c_str()), 0);
  EXPECT_EQ(load_error().code(), Code::kPermissionDenied);
}

TEST_F(ConfigTest, RootIsTakenFromTheHigherSourcesBeforeItsFileIsRead) {
  dir_.write("elsewhere/promethean.toml", "[retrieval]\nmax_citations = 9\n");
  user_file("[server]\nroot = \"" + dir_.path() + "/root\"\n");
  set("ROOT_PATH", dir_.path() + "/elsewhere/");
  EXPECT_EQ(load().server.root, dir_.path() + "/elsewhere");
  EXPECT_EQ(load().retrieval.max_citations, 9);
}

TEST_F(ConfigTest, MissingRootIsNotFoundAndIgnoredByCommandsWithoutOne) {
  flag("server.root", "absent");
  EXPECT_EQ(load_error().code(), Code::kNotFound);
  request_.with_root = false;
  root_file("[nonsense]\n");
  EXPECT_EQ(load().server.cores, 0);
}

TEST_F(ConfigTest, UnknownKeyNamesFileLineAndNearestKey) {
  const std::string path = user_file("[server]\n# a comment\nlisen = \"127.0.0.1:1\"\n");
  EXPECT_EQ(load_error().message(), path + ":3: unknown key server.lisen, did you mean server.listen?");
  EXPECT_EQ(load_error().code(), Code::kInvalidArgument);
}

TEST_F(ConfigTest, UnknownSectionNamesTheNearest) {
  const std::string path = user_file("\n[sever]\n");
  EXPECT_EQ(load_error().message(), path + ":2: unknown section [sever], did you mean server?");
}

TEST_F(ConfigTest, UnknownKeyThatIsNearNothingListsTheValidOnes) {
  user_file("[auth]\nzzzzzzzzzz = 1\n");
  EXPECT_THAT(load_error().message(), HasSubstr("valid are auth.mode"));
}

TEST_F(ConfigTest, BadValuesNameTheirPlaceKeyAndWhatIsExpected) {
  struct Case {
    std::string text;
    std::string message;
  };
  const Case cases[] = {
      {"[server]\ncores = \"two\"", ":2: server.cores: expected a whole number"},
      {"[server]\ncores = 1.5", ":2: server.cores: expected a whole number"},
      {"[server]\ncores = -1", ":2: server.cores: -1 is out of range"},
      {"[server]\nembedded_model = 1", ":2: server.embedded_model: expected true or false"},
      {"[server]\nlisten = 3210", ":2: server.listen: expected HOST:PORT"},
      {"[server]\nlisten = \"localhost\"", ":2: server.listen: \"localhost\" is no HOST:PORT"},
      {"[server]\nallowed_hosts = [1]", ":2: server.allowed_hosts: expected a list of texts"},
      {"[server]\nallowed_hosts = \"a\"", ":2: server.allowed_hosts: expected a list of texts"},
      {"[server]\nunknown_model = \"defualt\"",
       ":2: server.unknown_model: \"defualt\" is no value of unknown_model, did you mean \"default\"?"},
      {"[server]\npublic_base_url = \"example.org\"", ":2: server.public_base_url: \"example.org\" is no URL"},
      {"[log]\nlevel = \"loud\"", ":2: log.level: \"loud\" is no value of level"},
      {"server = 1", ":1: server is a section"},
  };
  for (const auto& one : cases) {
    const std::string path = user_file(one.text + "\n");
    EXPECT_THAT(load_error().message(), HasSubstr(path + one.message)) << one.text;
    EXPECT_EQ(load_error().code(), Code::kInvalidArgument);
  }
}

TEST_F(ConfigTest, MalformedTomlNamesLineAndColumn) {
  const std::string path = user_file("[server]\ncores = \n");
  EXPECT_THAT(load_error().message(), HasSubstr(path + ":2:"));
  EXPECT_EQ(load_error().code(), Code::kInvalidArgument);
}

TEST_F(ConfigTest, SecretsAreRefusedInFilesAndNeverShown) {
  user_file("[auth]\ntokens = [\"hunter2hunter2hunter2\"]\n");
  EXPECT_THAT(load_error().message(), HasSubstr("is a secret"));
  EXPECT_THAT(load_error().message(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(load_error().hint(), HasSubstr("PROMETHEAN_AUTH_TOKENS"));
}

TEST_F(ConfigTest, JwtIsAnHonestRefusal) {
  user_file("[auth]\nmode = \"jwt\"\n");
  EXPECT_EQ(load_error().code(), Code::kUnsupported);
  EXPECT_THAT(load_error().message(), HasSubstr("not supported by this version"));
}

TEST_F(ConfigTest, ModeNoneIsForLoopbackOnlyAndWarns) {
  flag("auth.mode", "none");
  const Config config = load();
  EXPECT_EQ(config.auth.mode, AuthMode::kNone);
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("no credential is asked for")));
  for (const std::string open :
       {"0.0.0.0:3210", "[::]:3210", "192.168.1.2:1", "127.0.0.1.example:1", "example.org:1"}) {
    flag("server.listen", open);
    EXPECT_EQ(load_error().code(), Code::kInvalidArgument) << open;
  }
  for (const std::string closed : {"127.8.9.1:0", "[::1]:3210", "localhost:1"}) {
    flag("server.listen", closed);
    EXPECT_EQ(load().auth.mode, AuthMode::kNone) << closed;
  }
}

TEST_F(ConfigTest, StateDirectoryNeedsSomePlace) {
  around_.environment.clear();
  EXPECT_THAT(load_error().hint(), HasSubstr("--state-dir"));
  flag("server.state_dir", "state");
  EXPECT_EQ(load().server.state_dir, dir_.path() + "/root/state");
}

TEST_F(ConfigTest, TildeIsTheHome) {
  user_file("[server]\nstate_dir = \"~/s\"\n");
  EXPECT_EQ(load().server.state_dir, dir_.path() + "/home/s");
}

TEST(Address, TakesHostAndPort) {
  EXPECT_EQ(to_string(parse_address("[::1]:80").value()), "[::1]:80");
  EXPECT_EQ(parse_address("[::1]:80")->host, "::1");
  EXPECT_EQ(parse_address("localhost:0")->port, 0);
  for (const auto bad :
       {"", ":80", "80", "a:", "a:b", "a:65536", "a:-1", "::1:80", "[::1]80", "[a]:80", "a b:1", "http://a:1"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace promethean::cli
