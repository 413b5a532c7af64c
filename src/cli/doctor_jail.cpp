// The checks of what the kernel allows: namespaces, jail launchers, control groups, file watches.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/strings.h"
#include "cli/doctor_checks.h"
#include "cli/process.h"

namespace promethean::cli {

using namespace std::chrono_literals;

static constexpr std::string_view kLauncherAdvice = "apt install bubblewrap, or put nsjail into PATH";

// In a forked child: a user namespace alone is not enough, since AppArmor on Ubuntu grants it without any rights in it.
// So the child also tries what a jail does first, to take its mounts out of everybody's sight.
// Root gives up its rights first: what matters is whether an ordinary user may.
[[noreturn]] static void try_namespaces() {
  constexpr uid_t kNobody = 65534;
  if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(errno);
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(errno);
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(errno);
  _exit(0);
}

Finding check_user_namespaces(const Config&) {
  const pid_t pid = fork();
  if (pid < 0) return {Health::kWarn, fmt::format("cannot fork: {}", std::strerror(errno)), ""};
  if (pid == 0) try_namespaces();
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {.detail = "an ordinary user may make them"};
  const int error = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
  return {Health::kMissing, std::strerror(error),
          "sysctl kernel.unprivileged_userns_clone=1 (Debian), or\n"
          "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04), or run on a host that allows them"};
}

// The launchers in the order of preference, each with a jail that only runs `true`.
static const std::vector<std::vector<std::string>>& launcher_probes() {
  static const std::vector<std::vector<std::string>> probes = {
      {"nsjail", "-Mo", "--quiet", "--chroot", "/", "--", "/bin/true"},
      {"bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "/bin/true"},
  };
  return probes;
}

Finding check_jail(const Config&) {
  std::string failed;
  for (const auto& probe : launcher_probes()) {
    const auto program = find_program(probe.front());
    if (!program) continue;
    auto ran = run_program(probe, 5s);
    if (ran && ran->exit_code == 0) return {.detail = *program + " runs"};
    const std::string reason = ran ? std::string(base::trim(ran->output)) : ran.error().message();
    failed += fmt::format("{}{} does not run: {}", failed.empty() ? "" : "; ", *program, reason.substr(0, 200));
  }
  if (!failed.empty()) return {Health::kWarn, failed, "see the user namespaces above"};
  return {Health::kMissing, "neither nsjail nor bubblewrap is in PATH", std::string(kLauncherAdvice)};
}

CgroupMode parse_cgroup(std::string_view text) {
  CgroupMode out;
  for (const auto line : base::split(text, '\n')) {
    const auto parts = base::split(line, ':');  // hierarchy:controllers:path; the path may hold colons
    if (parts.size() < 3) continue;
    if (parts[0] == "0" && parts[1].empty()) {
      out.v2_path = line.substr(parts[0].size() + parts[1].size() + 2);
      continue;
    }
    for (const auto controller : base::split(parts[1], ',')) {
      if (!controller.empty() && !controller.starts_with("name=")) out.v1_controllers.emplace_back(controller);
    }
  }
  const bool v1 = !out.v1_controllers.empty();
  if (v1)
    out.mode = out.v2_path.empty() ? "v1" : "hybrid";
  else if (!out.v2_path.empty())
    out.mode = "v2";
  return out;
}

static Finding check_cgroup_v2(const CgroupMode& cgroup) {
  const std::string dir = "/sys/fs/cgroup" + cgroup.v2_path;
  auto controllers = base::read_file(dir + "/cgroup.controllers", 4096);
  const std::string names = controllers ? std::string(base::trim(*controllers)) : std::string();
  const bool has = names.find("memory") != std::string::npos && names.find("pids") != std::string::npos;
  const bool delegated = access((dir + "/cgroup.procs").c_str(), W_OK) == 0 && access(dir.c_str(), W_OK) == 0;
  if (has && delegated) return {.detail = fmt::format("v2, delegated ({})", names)};
  return {Health::kWarn, has ? "v2, not delegated to this user" : "v2, without the memory and pids controllers",
          "start it by systemd-run --user --scope -p Delegate=yes promethean serve"};
}

Finding check_cgroup(const Config&) {
  auto text = base::read_file("/proc/self/cgroup", 1 << 20);
  if (!text) return {Health::kMissing, text.error().message(), "limits of single processes (rlimit) are used instead"};
  const CgroupMode cgroup = parse_cgroup(*text);
  if (cgroup.mode == "v2") return check_cgroup_v2(cgroup);
  if (cgroup.mode.empty()) return {Health::kMissing, "none", "limits of single processes (rlimit) are used instead"};
  const bool writable = access("/sys/fs/cgroup/memory", W_OK) == 0;
  const std::string detail = fmt::format("{} ({}){}", cgroup.mode, base::join(cgroup.v1_controllers, " "),
                                         writable ? "" : ", not writable for this user");
  if (writable) return {.detail = detail};
  return {Health::kWarn, detail, "limits of single processes (rlimit) are used instead"};
}

// A number below /proc/sys. In one read: the kernel gives such a file only to a read from its beginning.
static std::optional<int64_t> read_sysctl(const char* path) {
  const base::UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  char buffer[64];
  const ssize_t got = read(fd.get(), buffer, sizeof buffer);
  if (got <= 0) return std::nullopt;
  return base::parse_int(base::trim(std::string_view(buffer, static_cast<size_t>(got))));
}

Finding check_inotify(const Config&) {
  const auto watches = read_sysctl("/proc/sys/fs/inotify/max_user_watches");
  if (!watches) return {Health::kMissing, "inotify is not there", "changes are found by comparing the tree instead"};
  constexpr int64_t kEnough = 65'536;
  const std::string detail =
      fmt::format("{} directories may be watched", base::human_count(static_cast<uint64_t>(*watches)));
  if (*watches >= kEnough) return {.detail = detail};
  return {Health::kWarn, detail, "sysctl fs.inotify.max_user_watches=524288, for repositories with many directories"};
}

}  // namespace promethean::cli
