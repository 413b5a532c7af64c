// App: the parts of a server built and wired together, without a listener. serve puts net::Server in front of it; ask
// calls its router in-process when no server runs.
#pragma once

#include <memory>

#include "api/services.h"
#include "async/runtime.h"
#include "cli/config.h"
#include "context/local_evidence.h"
#include "http/client.h"
#include "llm/local/supervisor.h"
#include "llm/ollama_probe.h"

namespace promethean::cli {

class App {
 public:
  // Opens the root and the index (its first comparison with the disk starts in the background), makes the backends and
  // the route table. Waiting tasks of the runtime refer to the App, so it must die after the runtime: declare it first.
  static base::Result<std::unique_ptr<App>> build(const Config& config, async::Runtime& runtime, base::Log log);
  ~App();

  const http::Router& router() const { return *router_; }
  telemetry::Registry& metrics() { return metrics_; }
  search::LiveIndex& index() { return *index_; }

  // Begins what a server does beside answering: starts the local model's process, if there is one, so that the first
  // question need not wait for it, and forgets stored answers and sessions that are too old, now and every hour.
  void start_chores();

  // Ends the local model's process. On core 0; `done` runs there.
  void stop(std::function<void()> done);

  // Gives back what belongs to the runtime's loops. When no loop runs any more, before the runtime dies.
  void close();

  // Calls close() at the end of a scope; declare it after the runtime.
  class Closing {
   public:
    explicit Closing(App& app) : app_(app) {}
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;
    ~Closing() { app_.close(); }

   private:
    App& app_;
  };

 private:
  App(async::Runtime& runtime, base::Log log) : runtime_(runtime), log_(std::move(log)) {}
  base::Result<void> add_models(const Config& config);
  base::Result<void> add_local(const Config& config, const ModelConfig& entry, llm::Model& model);
  base::Result<void> add_artifacts(const ArtifactConfig& config);
  base::Result<void> add_routes(const Config& config);
  std::vector<std::string> larger_models() const;

  async::Runtime& runtime_;
  base::Log log_;
  telemetry::Registry metrics_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<async::BlockingPool> pool_;
  std::optional<base::RootDir> root_;
  std::unique_ptr<http::SseHub> hub_;
  std::shared_ptr<http::SseTopic> events_;
  std::unique_ptr<search::LiveIndex> index_;
  std::unique_ptr<storage::Store> store_;
  api::SessionTurns sessions_;
  std::unique_ptr<llm::local::Supervisor> supervisor_;  // null without a local model
  std::unique_ptr<llm::OllamaProbe> ollama_;
  std::unique_ptr<llm::ModelTable> models_;
  std::unique_ptr<context::LocalEvidence> evidence_;
  std::unique_ptr<context::Retriever> retriever_;
  context::ExcerptMemory excerpts_;
  std::unique_ptr<agents::Launcher> launcher_;
  std::unique_ptr<agents::AuditLog> audit_;
  std::unique_ptr<context::ArtifactWriter> artifacts_;  // null: mode off
  std::unique_ptr<api::Services> services_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<async::Context> chores_;
  StorageConfig kept_;
};

// Host names that the server answers to: loopback's, those it listens on, those of the configuration.
std::vector<std::string> allowed_hosts(const ServerConfig& server);

}  // namespace promethean::cli
