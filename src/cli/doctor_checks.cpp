#include "cli/doctor_checks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>

#include "base/fd.h"
#include "base/strings.h"
#include "cli/model_file.h"
#include "cli/server_file.h"

namespace promethean::cli {

std::string_view health_name(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarn:
      return "warn";
    case Health::kMissing:
      return "missing";
  }
  return "";
}

static Finding from_error(Health health, const base::Error& error) {
  return {health, error.message(), error.hint()};
}

static Finding check_configuration(const Config& config) {
  if (config.files.empty()) return {.detail = "no file, the defaults hold"};
  return {.detail = base::join(config.files, ", ")};
}

static Finding check_root(const Config& config) {
  const std::string& root = config.server.root;
  if (access(root.c_str(), R_OK | X_OK) == 0) return {.detail = root};
  return {Health::kMissing, root + " cannot be read", "name another directory with --root"};
}

static Finding check_state(const Config& config) {
  const std::string& dir = config.server.state_dir;
  const std::string advice = "name another directory with --state-dir";
  auto made = base::make_dirs(dir, 0700);
  if (!made) return {Health::kMissing, made.error().message(), advice};
  const std::string probe = fmt::format("{}/.doctor-{}", dir, getpid());
  auto written = base::write_file_atomic(probe, "x", 0600);
  if (!written) return {Health::kMissing, written.error().message(), advice};
  unlink(probe.c_str());
  std::error_code error;
  const auto space = std::filesystem::space(dir, error);
  constexpr uint64_t kLittle = 512 << 20;
  if (!error && space.available < kLittle) {
    return {Health::kWarn, fmt::format("{}, only {} free", dir, base::human_bytes(space.available)),
            "an index takes about the size of the text it covers"};
  }
  return {.detail = error ? dir : fmt::format("{}, {} free", dir, base::human_bytes(space.available))};
}

// Binds and lets go. Without SO_REUSEPORT, so that a server that shares its port is noticed.
static int bind_error(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0 || found == nullptr) return EADDRNOTAVAIL;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const base::UniqueFd fd(socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol));
  if (!fd) return errno;
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0) return errno;
  return listen(fd.get(), 1) == 0 ? 0 : errno;
}

static Finding check_port(const Config& config) {
  const std::string address = to_string(config.server.listen);
  const auto server = find_server(config.server.state_dir, config.server.root);
  if (server)
    return {.detail =
                fmt::format("served on {} by process {} since {}", server->address, server->pid, server->started)};
  const int error = bind_error(config.server.listen);
  if (error == 0) return {.detail = address + " is free"};
  const std::string advice = error == EADDRINUSE ? "choose another with --listen HOST:PORT; port 0 picks a free one"
                                                 : "choose an address of this machine with --listen HOST:PORT";
  return {Health::kMissing, fmt::format("{}: {}", address, std::strerror(error)), advice};
}

static Finding check_model(const Config& config) {
  if (!std::ranges::any_of(config.models, [](const auto& model) { return model.backend == llm::Kind::kLocal; })) {
    return {.detail = "no local model is wanted"};
  }
  auto path = find_model_file(config);
  if (!path) return from_error(Health::kMissing, path.error());
  auto sound = check_model_file(*path);
  if (!sound) return from_error(Health::kMissing, sound.error());
  std::error_code error;
  const auto bytes = std::filesystem::file_size(*path, error);
  return {.detail = fmt::format("{} ({})", *path, base::human_bytes(bytes))};
}

Finding check_files(const Config&) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {Health::kWarn, "the limit of open files cannot be read", ""};
  constexpr rlim_t kEnough = 4096;
  const std::string detail =
      fmt::format("{} open files", limit.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_max));
  if (limit.rlim_max >= kEnough) return {.detail = detail};
  return {Health::kWarn, detail, "raise it with ulimit -Hn 65536 before `promethean serve`; each connection takes one"};
}

const std::vector<Check>& doctor_checks() {
  static const std::vector<Check> checks = {
      {"configuration", "everything", true, check_configuration},
      {"root", "the index and all answers about the code", true, check_root},
      {"state", "index, tokens and the local model's socket", true, check_state},
      {"port", "the server", true, check_port},
      {"model", "answers without any other service", true, check_model},
      {"open files", "many connections at once", false, check_files},
      {"git", "history and diffs", false, check_git},
      {"ollama", "larger models on this machine", false, check_ollama},
      {"inotify", "noticing changed files at once", false, check_inotify},
      {"user namespaces", "jails for agents and commands (a later version)", false, check_user_namespaces},
      {"jail launcher", "jails for agents and commands (a later version)", false, check_jail},
      {"cgroup", "memory and process limits of jails (a later version)", false, check_cgroup},
      {"postgresql", "several servers that share their state (a later version)", false, check_postgres},
  };
  return checks;
}

}  // namespace promethean::cli
