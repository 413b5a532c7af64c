// promethean serve: the server in the foreground, until SIGINT or SIGTERM.
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/app.h"
#include "cli/options.h"
#include "cli/server_file.h"
#include "http/auth.h"
#include "net/server.h"

namespace promethean::cli {

namespace {

// What else is written down once the server listens, and taken back when it ends.
class Announcement {
 public:
  static base::Result<Announcement> make(const Config& config, const std::string& address,
                                         const std::string& port_file) {
    if (auto written = write_server_file(config.server.state_dir, config.server.root, address); !written) {
      return base::fail(std::move(written).error());
    }
    Announcement made(config.server.state_dir, config.server.root, port_file);
    if (!port_file.empty()) {
      if (auto written = base::write_file_atomic(port_file, address + "\n"); !written)
        return base::fail(std::move(written).error());
    }
    return made;
  }
  Announcement(Announcement&& other) noexcept
      : state_dir_(std::exchange(other.state_dir_, "")),
        root_(std::move(other.root_)),
        port_file_(std::exchange(other.port_file_, "")) {}
  ~Announcement() {
    if (!state_dir_.empty()) remove_server_file(state_dir_, root_);
    if (!port_file_.empty()) ::unlink(port_file_.c_str());
  }

 private:
  Announcement(std::string state_dir, std::string root, std::string port_file)
      : state_dir_(std::move(state_dir)), root_(std::move(root)), port_file_(std::move(port_file)) {}
  std::string state_dir_;
  std::string root_;
  std::string port_file_;
};

net::ServerOptions server_options(const ServerConfig& config) {
  net::ServerOptions options;
  options.listen = {to_string(config.listen)};
  return options;
}

// First signal: drain, then stop. Second: do not wait for running answers.
void stop_on_signal(async::Runtime& runtime, net::Server& server, App& app, const base::Log& log,
                    std::chrono::seconds grace) {
  runtime.handle_signals([&runtime, &server, &app, log, grace](int signal) {
    log.info("draining", {{"signal", signal}, {"grace_seconds", grace.count()}});
    server.drain(grace, [&runtime, &app, log](size_t cut) {
      log.info("drained", {{"cut", cut}});
      app.stop([&runtime] { runtime.stop(); });
    });
  });
}

}  // namespace

Exit run_serve(const Invocation& invocation, const ServeOptions& options) {
  const Config& config = invocation.config;
  auto opened = base::Log::open(config.log);
  if (!opened) return base::fail(std::move(opened).error());
  const base::Log log = *opened;
  for (const auto& warning : config.warnings) log.warn(warning);
  if (config.auth.mode == AuthMode::kToken) {
    if (auto token = http::TokenStore(config.server.state_dir).ensure_first(); !token)
      return base::fail(std::move(token).error());
  }

  // Destroyed in this order: server, then the runtime with what still waits, then the parts those tasks refer to.
  std::unique_ptr<App> app;
  async::Runtime runtime(static_cast<int>(config.server.cores), log);
  auto built = App::build(config, runtime, log);
  if (!built) return base::fail(std::move(built).error());
  app = std::move(*built);
  const App::Closing closing(*app);
  net::Server server(runtime, app->router(), app->metrics(), log.child({{"room", "net"}}),
                     server_options(config.server));
  if (auto started = server.start(); !started) return base::fail(std::move(started).error());
  const std::string address = server.addresses().front();
  auto announcement = Announcement::make(config, address, options.port_file);
  if (!announcement) return base::fail(std::move(announcement).error());

  log.info("listening", {{"address", address},
                         {"root", config.server.root},
                         {"state_dir", config.server.state_dir},
                         {"cores", runtime.size()}});
  stop_on_signal(runtime, server, *app, log, std::chrono::seconds(config.server.drain_seconds));
  app->start_chores();
  runtime.run();
  log.info("stopped");
  log.flush();
  return kExitDone;
}

}  // namespace promethean::cli
