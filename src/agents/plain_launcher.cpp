#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "agents/launcher.h"

namespace promethean::agents {

namespace {

constexpr uint64_t kGiga = uint64_t{1} << 30;

std::string name_of(const std::string& entry) {
  return entry.substr(0, entry.find('='));
}

std::vector<std::string> environment_with(std::vector<std::string> own) {
  std::vector<std::string> out = std::move(own);
  const auto add = [&out](const std::string& name, const std::string& value) {
    const bool there = std::ranges::any_of(out, [&name](const auto& entry) { return name_of(entry) == name; });
    if (!there) out.push_back(name + "=" + value);
  };
  for (const char* name : {"PATH", "HOME", "LANG", "TERM"}) {
    if (const char* value = std::getenv(name)) add(name, value);
  }
  add("PATH", "/usr/local/bin:/usr/bin:/bin");
  add("CI", "1");
  add("GIT_TERMINAL_PROMPT", "0");
  return out;
}

class PlainLauncher final : public Launcher {
 public:
  async::Task<base::Result<async::RunResult>> run(async::Context& ctx, Command command) override {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(command.limits.timeout).count();
    async::ProcessOptions options{.argv = std::move(command.argv),
                                  .environment = environment_with(std::move(command.environment)),
                                  .directory = command.directory,
                                  .one_output = false,
                                  .own_session = true,
                                  .terminal = command.terminal,
                                  .limits = {{RLIMIT_CORE, 0},
                                             {RLIMIT_AS, 4 * kGiga},
                                             {RLIMIT_FSIZE, 4 * kGiga},
                                             {RLIMIT_NOFILE, 1024},
                                             // Of each process; the time-out itself is kept by the clock.
                                             {RLIMIT_CPU, static_cast<uint64_t>(seconds) + 5}}};
    auto result = co_await async::run_process(ctx, std::move(options), command.limits);
    co_return result;
  }
};

}  // namespace

std::unique_ptr<Launcher> make_plain_launcher() {
  return std::make_unique<PlainLauncher>();
}

}  // namespace promethean::agents
