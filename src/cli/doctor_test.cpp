#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "cli/doctor_checks.h"
#include "cli/model_file.h"
#include "cli/process.h"
#include "cli/test_dir.h"

namespace promethean::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Finding run_check(std::string_view name, const Config& config) {
  for (const auto& check : doctor_checks()) {
    if (check.name == name) return check.run(config);
  }
  ADD_FAILURE() << "no check named " << name;
  return {};
}

TEST(DoctorCgroup, ReadsTheModeFromTheKernelsLines) {
  const auto v2 = parse_cgroup("0::/user.slice/a:b.scope\n");
  EXPECT_EQ(v2.mode, "v2");
  EXPECT_EQ(v2.v2_path, "/user.slice/a:b.scope");

  const auto hybrid = parse_cgroup("9:name=systemd:/\n4:memory:/x\n1:cpu,cpuacct:/\n0::/\n");
  EXPECT_EQ(hybrid.mode, "hybrid");
  EXPECT_THAT(hybrid.v1_controllers, ElementsAre("memory", "cpu", "cpuacct"));

  EXPECT_EQ(parse_cgroup("4:memory:/x\n").mode, "v1");
  EXPECT_EQ(parse_cgroup("").mode, "");
  EXPECT_EQ(parse_cgroup("nonsense\n::\n").mode, "");
}

TEST(DoctorOllama, OffersItsModelsAsLinesToPaste) {
  const auto tags = json::parse(R"({"models":[{"name":"gemma3:latest"},{"name":""},{},{"name":"qwen3:8b"}]})");
  const auto names = ollama_model_names(*tags);
  EXPECT_THAT(names, ElementsAre("gemma3:latest", "qwen3:8b"));
  EXPECT_EQ(ollama_models_toml({"gemma3:latest"}, "http://127.0.0.1:11434"),
            "[[models]]\nname = \"gemma3:latest\"\nbackend = \"ollama\"\nurl = \"http://127.0.0.1:11434\"\n");
  for (const auto other : {"[]", "{}", R"({"models":1})", R"({"models":[1]})"}) {
    EXPECT_THAT(ollama_model_names(*json::parse(other)), IsEmpty()) << other;
  }
}

// What doctor tells people to paste must be accepted by the loader, whatever the service calls its models.
TEST(DoctorOllama, PastedLinesAreValidConfiguration) {
  const TestDir dir;
  const std::string file =
      dir.write("p.toml", ollama_models_toml({"a\"b\\c", "gemma3:latest"}, "http://127.0.0.1:11434"));
  const auto config = load_config({.config_file = file}, {{{"HOME", dir.path()}}, dir.path()});
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->models[0].name, "a\"b\\c");
}

TEST(DoctorModel, WantsAGgufFile) {
  const TestDir dir;
  Config config;
  config.models = {{.name = "local"}};
  config.model.path = dir.path() + "/absent.gguf";
  EXPECT_EQ(run_check("model", config).health, Health::kMissing);
  config.model.path = dir.write("text.gguf", "hello");
  EXPECT_THAT(run_check("model", config).detail, HasSubstr("is no GGUF file"));
  config.model.path = dir.write("short.gguf", "GG");
  EXPECT_EQ(run_check("model", config).health, Health::kMissing);
  config.model.path = dir.write("good.gguf", "GGUF....");
  EXPECT_EQ(run_check("model", config).health, Health::kOk);
  config.model.path = dir.path() + "/absent.gguf";
  config.models = {{.name = "far", .backend = llm::Kind::kOllama}};
  EXPECT_EQ(run_check("model", config).health, Health::kOk);
}

TEST(DoctorState, SaysWhenItCannotBeWritten) {
  const TestDir dir;
  Config config;
  config.server.state_dir = dir.path() + "/made/here";
  EXPECT_EQ(run_check("state", config).health, Health::kOk);
  EXPECT_TRUE(std::filesystem::is_empty(config.server.state_dir));
  config.server.state_dir = dir.write("file", "x") + "/below";
  EXPECT_EQ(run_check("state", config).health, Health::kMissing);
}

TEST(DoctorPort, TellsAFreePortFromATakenOne) {
  const TestDir dir;
  Config config;
  config.server.state_dir = dir.path();
  config.server.listen.port = 0;
  EXPECT_EQ(run_check("port", config).health, Health::kOk);

  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd.get(), 1), 0);
  ASSERT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  config.server.listen.port = ntohs(address.sin_port);
  EXPECT_EQ(run_check("port", config).health, Health::kMissing);
  EXPECT_THAT(run_check("port", config).advice, HasSubstr("--listen"));
}

TEST(DoctorTable, EveryCheckSaysWhatItIsForAndAdvisesWhenMissing) {
  Config config;
  config.model.ollama_url = "http://127.0.0.1:1";
  for (const auto& check : doctor_checks()) {
    EXPECT_FALSE(check.feature.empty()) << check.name;
    if (check.needed) continue;
    const Finding finding = check.run(config);
    EXPECT_FALSE(finding.detail.empty()) << check.name;
    if (finding.health == Health::kMissing) EXPECT_FALSE(finding.advice.empty()) << check.name;
  }
}

TEST(ModelFile, LooksBesideTheProgramAndInTheBuild) {
  EXPECT_THAT(model_file_candidates("/src/build/release/promethean"),
              testing::Contains("/src/build/assets/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"));
  EXPECT_THAT(model_file_candidates("/usr/bin/promethean"),
              testing::Contains("/usr/share/promethean/models/SmolLM2-135M-Instruct.Q4_1.gguf"));
}

TEST(Process, GivesOutputAndExitCode) {
  const auto ran = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, 20s);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_EQ(ran->output, "out\nerr\n");
}

TEST(Process, NamesAMissingProgram) {
  const auto ran = run_program({"no-such-program-here"}, 5s);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code(), base::Code::kNotFound);
}

TEST(Process, KillsWhatDoesNotEnd) {
  const auto ran = run_program({"sh", "-c", "cat /dev/zero > /dev/null"}, 50ms);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code(), base::Code::kDeadlineExceeded);
}

TEST(Process, CutsEndlessOutput) {
  const auto ran = run_program({"head", "-c", "1000000", "/dev/zero"}, 20s);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output.size(), 16U << 10);
}

}  // namespace
}  // namespace promethean::cli
