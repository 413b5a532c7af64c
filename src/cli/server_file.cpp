#include "cli/server_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/strings.h"
#include "json/json.h"

namespace promethean::cli {

static constexpr size_t kMaxBytes = 64 << 10;

std::string server_file_path(const std::string& state_dir, const std::string& root) {
  return fmt::format("{}/servers/{:016x}.json", state_dir, base::hash64(root));
}

// When the process started, in kernel ticks since boot: field 22 of /proc/<pid>/stat (proc_pid_stat(5)). The second
// field, the program's name in parentheses, may itself contain spaces and parentheses. Empty when there is none.
static std::string process_start(int pid) {
  auto stat = base::read_file(fmt::format("/proc/{}/stat", pid), kMaxBytes);
  if (!stat) return {};
  const size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat->size()) return {};
  const auto fields = base::split(std::string_view(*stat).substr(name_end + 2), ' ');
  constexpr size_t kStartTime = 22 - 3;  // the fields after the name begin with number 3
  return fields.size() > kStartTime ? std::string(fields[kStartTime]) : std::string();
}

static bool belongs_to_us(int pid) {
  struct stat info{};
  return stat(fmt::format("/proc/{}", pid).c_str(), &info) == 0 && info.st_uid == geteuid();
}

base::Result<void> write_server_file(const std::string& state_dir, const std::string& root,
                                     const std::string& address) {
  auto made = base::make_dirs(state_dir + "/servers", 0700);
  if (!made) return made;
  const int pid = getpid();
  const json::Value document = {{"address", address},
                                {"pid", pid},
                                {"process", process_start(pid)},
                                {"root", root},
                                {"started", base::iso8601(base::wall_now())}};
  return base::write_file_atomic(server_file_path(state_dir, root), json::write(document) + "\n", 0600);
}

static std::optional<json::Value> read_server_file(const std::string& path) {
  auto text = base::read_file(path, kMaxBytes);
  if (!text) return std::nullopt;
  auto document = json::parse(*text);
  if (!document) return std::nullopt;
  return *std::move(document);
}

std::optional<RunningServer> find_server(const std::string& state_dir, const std::string& root) {
  const auto document = read_server_file(server_file_path(state_dir, root));
  if (!document) return std::nullopt;
  RunningServer server;
  server.address = json::string_at(*document, "address").value_or("");
  server.root = json::string_at(*document, "root").value_or("");
  server.started = json::string_at(*document, "started").value_or("");
  const int64_t pid = json::int_at(*document, "pid").value_or(0);
  if (server.address.empty() || server.root != root || pid <= 0 || pid > INT32_MAX) return std::nullopt;
  server.pid = static_cast<int>(pid);
  if (!belongs_to_us(server.pid)) return std::nullopt;
  if (process_start(server.pid) != json::string_at(*document, "process").value_or("")) return std::nullopt;
  return server;
}

void remove_server_file(const std::string& state_dir, const std::string& root) {
  const std::string path = server_file_path(state_dir, root);
  const auto document = read_server_file(path);
  if (document && json::int_at(*document, "pid") == getpid()) unlink(path.c_str());
}

}  // namespace promethean::cli
