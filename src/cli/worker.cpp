// promethean worker: the child process that holds the local model. Started by serve, on a private Unix socket; ends
// with its parent, or on SIGTERM once the running answer has ended.
#include "base/fd.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "llm/local/worker_service.h"
#include "net/server.h"

namespace promethean::cli {

namespace {
constexpr std::chrono::seconds kGrace{5};
}  // namespace

Exit run_worker(const Invocation& invocation, const WorkerOptions& options) {
  auto opened = base::Log::open(invocation.config.log);
  if (!opened) return base::fail(std::move(opened).error());
  const base::Log log = *opened;
  if (auto sound = check_model_file(options.model); !sound) return base::fail(std::move(sound).error());
  llm::local::EngineOptions engine_options;
  engine_options.model_path = options.model;
  engine_options.context_tokens = static_cast<int>(options.context);
  engine_options.max_threads = static_cast<int>(options.threads);
  auto engine = llm::local::load_engine(engine_options);
  if (!engine) return base::fail(std::move(engine).error());

  telemetry::Registry metrics;
  llm::local::WorkerService service(std::move(*engine), metrics,
                                    {.model_name = "", .max_waiting = static_cast<size_t>(options.max_waiting)});
  http::RouterOptions router_options;
  router_options.check_host = false;  // the socket's file mode says who may come
  router_options.rate_per_second = 0;
  router_options.log = log;
  http::Router router(
      std::move(router_options),
      std::make_shared<http::Authenticator>(
          http::Authenticator::Options{.mode = http::Authenticator::Mode::kNone, .extra_tokens = {}, .cookie_name = {}},
          ""));
  if (auto added = service.add_routes(router); !added) return base::fail(std::move(added).error());

  async::Runtime runtime(1, log);
  net::ServerOptions server_options;
  server_options.listen = {"unix:" + options.socket};
  net::Server server(runtime, router, metrics, log, server_options);
  if (auto started = server.start(); !started) return base::fail(std::move(started).error());
  log.info("model ready", {{"model", options.model}, {"socket", options.socket}});
  runtime.handle_signals([&server, &runtime](int) { server.drain(kGrace, [&runtime](size_t) { runtime.stop(); }); });
  runtime.run();
  service.stop();  // before the loop that its channels belong to
  return kExitDone;
}

}  // namespace promethean::cli
