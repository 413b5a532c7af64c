// The checks of other programs and services: git, an Ollama, PostgreSQL. None is used unless somebody asks for it.
#include <fmt/format.h>
#include <sys/un.h>

#include <cstdlib>

#include "base/fd.h"
#include "base/strings.h"
#include "cli/call.h"
#include "cli/doctor_checks.h"
#include "cli/process.h"

namespace promethean::cli {

using namespace std::chrono_literals;

Finding check_git(const Config&) {
  auto ran = run_program({"git", "--version"}, 5s);
  if (ran && ran->exit_code == 0) return {.detail = std::string(base::trim(ran->output))};
  return {Health::kMissing, "git does not run", "apt install git"};
}

std::vector<std::string> ollama_model_names(const json::Value& tags) {
  std::vector<std::string> names;
  const auto* models = json::array_at(tags, "models");
  if (models == nullptr) return names;
  for (const auto& model : *models) {
    if (const auto name = json::string_at(model, "name"); name && !name->empty()) names.emplace_back(*name);
  }
  return names;
}

std::string ollama_models_toml(const std::vector<std::string>& names, const std::string& url) {
  std::string out;
  for (const auto& name : names) {
    out += fmt::format("[[models]]\nname = {}\nbackend = \"ollama\"\nurl = {}\n", json::quote(name), json::quote(url));
  }
  return out;
}

Finding check_ollama(const Config& config) {
  const std::string url = config.model.ollama_url.empty() ? "http://127.0.0.1:11434" : config.model.ollama_url;
  auto answer = call({.url = url + "/api/tags", .connect_within = 500ms, .deadline = 2s});
  if (!answer) {
    return {Health::kMissing, fmt::format("nothing answers at {}", url),
            "optional: install Ollama, or name another server in [[models]]"};
  }
  auto tags = json::parse(answer->body);
  if (answer->status != 200 || !tags)
    return {Health::kWarn, fmt::format("{} answers, but not as an Ollama does", url), ""};
  const auto names = ollama_model_names(*tags);
  if (names.empty()) return {Health::kWarn, fmt::format("{} has no model", url), "ollama pull gemma3"};
  return {.detail = fmt::format("{} offers {}", url, base::join(names, ", ")),
          .advice = "it is not used unless you ask for it; to do so, put these lines into your configuration file:\n" +
                    ollama_models_toml(names, url)};
}

// The socket of Debian's packages; PGHOST may name another directory (libpq, "Environment Variables").
static std::string postgres_socket() {
  const char* host = std::getenv("PGHOST");
  const char* port = std::getenv("PGPORT");
  const std::string dir = host != nullptr && *host == '/' ? host : "/var/run/postgresql";
  return fmt::format("{}/.s.PGSQL.{}", dir, port != nullptr && *port != '\0' ? port : "5432");
}

static bool connects(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  path.copy(address.sun_path, path.size());
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd && connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Finding check_postgres(const Config&) {
  const std::string socket_path = postgres_socket();
  if (connects(socket_path)) return {.detail = "a server listens on " + socket_path};
  if (const auto psql = find_program("psql")) {
    return {Health::kMissing, fmt::format("{} is there, but no server listens on {}", *psql, socket_path),
            "optional: apt install postgresql"};
  }
  return {Health::kMissing, "no server listens on " + socket_path, "optional: apt install postgresql"};
}

}  // namespace promethean::cli
