// Commands in the repository: off by default, one process group each, with limits; every run stands in the audit log.
#include <fcntl.h>

#include <atomic>

#include "agents/command_line.h"
#include "agents/guard.h"
#include "api/bridge.h"
#include "api/bridge_schemas.h"
#include "base/strings.h"
#include "repo/views.h"

namespace promethean::api {

namespace {

constexpr int64_t kDefaultTimeout = 600'000;  // milliseconds
constexpr int64_t kMaxTimeout = 3'600'000;
constexpr int kMaxRuns = 8;  // at the same time

constexpr std::string_view kRunSchema = R"({
  "title": "RunRequest", "type": "object",
  "properties": {
    "command": {"description": "One program with its words: as one text, or as a list.", "anyOf": [{"type": "string", "maxLength": 131072},
                          {"type": "array", "minItems": 1, "maxItems": 10000,
                           "items": {"type": "string", "maxLength": 131072}}]},
    "cwd": {"type": "string", "maxLength": 4096, "default": ".", "description": "A directory beneath the root."},
    "env": {"type": "object", "description": "Joins the few variables that every command gets.", "additionalProperties": {"type": "string", "maxLength": 131072}, "maxProperties": 256},
    "timeoutMs": {"type": "integer", "minimum": 1, "maximum": 3600000, "default": 600000,
      "description": "Then the command and all that it started are ended."},
    "tty": {"type": "boolean", "default": false, "description": "Its output goes to a terminal."}
  },
  "examples": [{"command": "git log -3 --oneline"}]
})";

http::Response refused(std::string_view why, std::string_view hint = "") {
  json::Object body{{"ok", false}, {"error", why}, {"exitCode", nullptr}};
  if (!hint.empty()) body["hint"] = hint;
  const json::Value whole(std::move(body));
  return http::Response::json(200, whole);
}

// As it was written, for the guard and the audit log.
std::string text_of(const json::Value& body) {
  if (const auto text = json::string_at(body, "command")) return std::string(*text);
  std::string out;
  if (const json::Array* words = json::array_at(body, "command")) {
    for (const auto& word : *words) out.append(out.empty() ? "" : " ").append(word.as_string());
  }
  return out;
}

base::Result<std::vector<std::string>> argv_of(const json::Value& body, const ExecSettings& settings) {
  if (const json::Array* words = json::array_at(body, "command")) {
    std::vector<std::string> argv;
    for (const auto& word : *words) argv.emplace_back(word.as_string());
    const auto has_nul = [](const std::string& word) { return word.find('\0') != std::string::npos; };
    if (std::ranges::any_of(argv, has_nul)) return base::bad_field("command", "command has a NUL byte");
    if (argv.front().empty()) return base::bad_field("command", "Missing 'command'");
    return argv;
  }
  const auto line = json::string_at(body, "command");
  if (!line || line->find_first_not_of(" \t\n") == std::string_view::npos) {
    return base::bad_field("command", "Missing 'command'");
  }
  if (line->find('\0') != std::string_view::npos) return base::bad_field("command", "command has a NUL byte");
  if (settings.shell.empty()) return agents::split_command(*line);
  return std::vector<std::string>{settings.shell, "-c", std::string(*line)};
}

base::Result<std::vector<std::string>> environment_of(const json::Value& body) {
  std::vector<std::string> out;
  const auto* given = body.as_object().if_contains("env");
  if (given == nullptr) return out;
  for (const auto& [name, value] : given->as_object()) {
    const std::string entry = std::string(name) + "=" + std::string(value.as_string());
    if (name.empty() || name.find('=') != std::string_view::npos || entry.find('\0') != std::string::npos) {
      return base::bad_field("env", "env has a name that is empty or holds '=', or a NUL byte");
    }
    out.push_back(entry);
  }
  return out;
}

json::Array names_of(const std::vector<std::string>& environment) {
  json::Array out;
  for (const auto& entry : environment) out.emplace_back(entry.substr(0, entry.find('=')));
  return out;
}

// Whose words these are: the last line feed of what a command says belongs to its form, not to its text.
std::string output_of(const async::TailBuffer& output) {
  std::string_view text = output.text;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return base::sanitize_utf8(text);
}

json::Value failure_of(const async::RunResult& result, int64_t timeout) {
  if (result.timed_out) return json::Value("timed out after " + std::to_string(timeout) + " ms");
  if (!result.exit_code) return json::Value("killed by " + async::signal_name(result.signal));
  if (*result.exit_code != 0) return json::Value("exit code " + std::to_string(*result.exit_code));
  return json::Value(nullptr);
}

json::Object describe(const async::RunResult& result, int64_t timeout) {
  json::Object out{{"ok", result.exit_code == 0 && !result.timed_out},
                   {"exitCode", nullptr},
                   {"signal", nullptr},
                   {"stdout", output_of(result.output)},
                   {"stderr", output_of(result.error)},
                   {"durationMs", result.took.count()},
                   {"timedOut", result.timed_out},
                   {"truncated", result.output.truncated() || result.error.truncated()},
                   {"stdoutBytes", result.output.total},
                   {"stderrBytes", result.error.total},
                   {"error", failure_of(result, timeout)}};
  if (result.exit_code) out["exitCode"] = *result.exit_code;
  if (result.signal != 0) out["signal"] = async::signal_name(result.signal);
  return out;
}

// One of the places for running commands.
class Place {
 public:
  explicit Place(std::atomic<int>& running) : running_(running), taken_(++running <= kMaxRuns) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { --running_; }
  bool taken() const { return taken_; }

 private:
  std::atomic<int>& running_;
  bool taken_;
};

base::Result<void> audit(Services& services, const http::Request& request, std::string_view event, json::Object more) {
  json::Object line{{"event", event}, {"caller", request.principal.id}};
  for (auto& member : more) line[member.key()] = std::move(member.value());
  return services.exec.audit->write(std::move(line));
}

Task<http::Response> handle_run(Services& services, Context& ctx, http::Request& request) {
  const ExecSettings& settings = services.exec;
  if (!settings.enabled) {
    const base::Error off(base::Code::kPermissionDenied, "exec disabled", "set [exec] enabled = true (EXEC_ENABLED)");
    co_return bridge_error(off);
  }
  auto argv = argv_of(request.json, settings);
  if (!argv) co_return bridge_error(argv.error());
  auto environment = environment_of(request.json);
  if (!environment) co_return bridge_error(environment.error());
  const std::string text = base::redact(text_of(request.json));
  if (const auto what = agents::guarded(text_of(request.json))) {
    auto written = audit(services, request, "exec.blocked", {{"command", text}, {"guard", *what}});
    if (!written) co_return bridge_error(written.error());
    co_return refused("blocked by guard", *what);
  }
  const std::string cwd(json::string_at(request.json, "cwd").value_or("."));
  const auto normal = repo::normalise_directory(cwd);
  if (!normal) co_return refused("cwd outside root");
  const auto directory = services.root.open_file(*normal, O_PATH | O_DIRECTORY);
  if (!directory) {
    const bool outside = directory.error().code() == base::Code::kPermissionDenied;
    co_return refused(outside ? "cwd outside root" : "cwd is no directory of the repository");
  }
  static std::atomic<int> running = 0;
  const Place place(running);
  if (!place.taken()) {
    const base::Error busy(base::Code::kRateLimited, "8 commands are running", "try again when one has ended");
    co_return bridge_error(busy);
  }

  const int64_t timeout = std::min(json::int_at(request.json, "timeoutMs").value_or(kDefaultTimeout), kMaxTimeout);
  agents::Command command{.argv = std::move(*argv),
                          .directory = directory->get(),
                          .environment = *environment,
                          .terminal = json::bool_at(request.json, "tty").value_or(false),
                          .limits = {.timeout = std::chrono::milliseconds(timeout), .max_output = settings.max_output}};
  auto written = audit(services, request, "exec.start",
                       {{"command", text}, {"cwd", *normal}, {"env", names_of(*environment)}, {"timeoutMs", timeout}});
  if (!written) co_return bridge_error(written.error());
  const auto result = co_await settings.launcher->run(ctx, std::move(command));
  json::Object end{{"command", text}};
  if (result) {
    end["exitCode"] = result->exit_code ? json::Value(*result->exit_code) : json::Value(nullptr);
    end["signal"] = result->signal;
    end["durationMs"] = result->took.count();
    end["timedOut"] = result->timed_out;
  } else {
    end["error"] = result.error().message();
  }
  written = audit(services, request, "exec.end", std::move(end));
  if (!written) services.log.error("a run's end is missing in the audit log", written.error());
  if (!result && ctx.done()) co_return bridge_error(result.error());
  // What cannot be started is the command's failure, as a shell would say it.
  if (!result) co_return refused(result.error().message(), result.error().hint());
  const json::Value whole(describe(*result, timeout));
  co_return http::Response::json(200, whole);
}

constexpr BridgeRoute kRoutes[] = {
    {.method = http::Method::kPost,
     .path = "/exec/run",
     .id = "runCommand",
     .schema = kRunSchema,
     .handler = handle_run,
     .summary = "Run a command in the repository",
     .description = "For builds and tests, when the server allows it. No shell unless one is configured. exitCode and "
                    "signal tell how it ended; the tail of its output is kept.",
     .scope = http::Scope::kExec,
     .deadline = std::chrono::milliseconds(kMaxTimeout + 30'000),
     .response = run_response,
     .for_actions = true},
};

}  // namespace

base::Result<void> add_exec_routes(http::Router& router, Services& services) {
  return add_bridge(router, services, kRoutes, kAllPrefixes);
}

}  // namespace promethean::api
