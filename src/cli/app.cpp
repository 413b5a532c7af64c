#include "cli/app.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/lookup.h"
#include "cli/model_file.h"
#include "llm/backends.h"
#include "net/client.h"

namespace promethean::cli {

namespace {

constexpr std::chrono::milliseconds kWorkerMetricsPatience{300};
constexpr size_t kMaxWorkerMetrics = 256 << 10;
// The supervisor starts the model's process again when it dies: what got no answer is asked once more, soon.
constexpr llm::RetryPolicy kLocalRetries{.retries = 5, .pause = std::chrono::milliseconds(100)};
constexpr std::string_view kDefaultOllama = "http://127.0.0.1:11434";

context::RetrievalOptions retrieval_options(const RetrievalConfig& config) {
  context::RetrievalOptions options;
  options.enabled = config.enabled;
  options.max_citations = static_cast<size_t>(config.max_citations);
  options.max_tokens = config.max_tokens;
  return options;
}

std::string secret_of(const std::string& variable) {
  const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
  return value != nullptr ? value : "";
}

llm::BackendOptions backend_options(const ModelConfig& config) {
  llm::BackendOptions options;
  options.label = config.name;
  options.upstream = config.upstream.empty() ? config.name : config.upstream;
  options.api_key = secret_of(config.api_key_env);
  options.context = config.context;
  options.timeouts.connect = std::chrono::seconds(config.connect_timeout_seconds);
  options.timeouts.first_byte = std::chrono::seconds(config.first_token_timeout_seconds);
  options.timeouts.idle = std::chrono::seconds(config.idle_timeout_seconds);
  return options;
}

std::shared_ptr<llm::Backend> remote_backend(http::Client& client, const ModelConfig& config) {
  auto options = backend_options(config);
  // Every client library wants the /v1 in its base URL; the paths of the dialects have it already.
  std::string url = config.url;
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  auto where = llm::fixed_location(std::move(url));
  switch (config.backend) {
    case llm::Kind::kOllama:
      return llm::make_ollama_backend(client, std::move(options), std::move(where));
    case llm::Kind::kAnthropic:
      return llm::make_anthropic_backend(client, std::move(options), std::move(where));
    default:
      return llm::make_openai_backend(client, config.backend, std::move(options), std::move(where));
  }
}

// What the table says of a model, whoever answers.
llm::Model described(const ModelConfig& config) {
  using std::chrono::seconds;
  llm::Model model;
  model.name = config.name;
  model.context = config.context;
  model.retrieval = config.retrieval;
  model.grounded = config.grounded;
  model.fallback = config.fallback;
  model.parameters = config.parameters;
  model.admission = std::make_shared<llm::Admission>(config.name, static_cast<size_t>(config.max_concurrency),
                                                     static_cast<size_t>(config.max_waiting));
  model.retry.retries = static_cast<int>(config.retries);
  model.timeouts.first_token = seconds(config.first_token_timeout_seconds);
  model.timeouts.total = seconds(config.total_timeout_seconds);
  return model;
}

search::LiveIndex::OnChange tell_change(std::shared_ptr<http::SseTopic> events) {
  return [events = std::move(events)](const search::UpdateReport& report, const search::IndexStatus& status) {
    const json::Value event =
        json::Object{{"generation", status.generation}, {"files", report.files},     {"added", report.added},
                     {"changed", report.changed},       {"removed", report.removed}, {"seconds", report.seconds}};
    events->publish(json::write(event), "index");
  };
}

// Joins the worker's metrics to ours; "" when it does not run, since being asked for metrics is no reason to start it.
async::Task<std::string> worker_metrics(http::Client& client, llm::local::Supervisor* supervisor, async::Context& ctx) {
  if (supervisor == nullptr || supervisor->status().state != llm::local::Supervisor::State::kReady) {
    co_return std::string();
  }
  async::Context limited(ctx, base::steady_now() + kWorkerMetricsPatience);
  const auto where = co_await supervisor->acquire(limited);
  if (!where) co_return std::string();
  http::ClientRequest request;
  request.url = *where + "/metrics";
  request.idempotent = true;
  auto response = co_await client.send(limited, std::move(request));
  if (!response) co_return std::string();
  auto body = co_await http::read_body(limited, **response, kMaxWorkerMetrics);
  co_return body ? *body : std::string();
}

api::Access access_of(const Config& config) {
  return {.secured = config.auth.mode != AuthMode::kNone,
          .cookie = config.auth.cookie,
          .public_base_url = config.server.public_base_url,
          .open_descriptions = config.server.openapi_public};
}

// A private directory for the worker's socket; the socket's name is this server's own, since several may share a state.
base::Result<llm::local::SupervisorOptions> supervisor_options(const Config& config, const std::string& model_file) {
  const std::string dir = config.server.state_dir + "/run";
  if (auto made = base::make_dirs(dir, 0700); !made) return base::fail(std::move(made).error());
  llm::local::SupervisorOptions options;
  options.model_path = model_file;
  options.socket_path = fmt::format("{}/model-{}.sock", dir, base::random_hex(4));
  options.arguments = {"worker",
                       "--model",
                       model_file,
                       "--socket",
                       options.socket_path,
                       "--context",
                       std::to_string(config.model.context),
                       "--threads",
                       std::to_string(config.model.threads),
                       "--max-waiting",
                       std::to_string(config.model.queue)};
  options.idle_unload = std::chrono::minutes(config.model.idle_unload_minutes);
  return options;
}

}  // namespace

std::vector<std::string> allowed_hosts(const ServerConfig& server) {
  std::vector<std::string> hosts{"127.0.0.1", "localhost", "[::1]"};
  const std::string& listen = server.listen.host;
  hosts.push_back(listen.find(':') != std::string::npos ? "[" + listen + "]" : listen);
  if (const size_t scheme = server.public_base_url.find("://"); scheme != std::string::npos) {
    const std::string rest = server.public_base_url.substr(scheme + 3);
    const std::string authority = rest.substr(0, rest.find('/'));
    const size_t colon = authority.ends_with(']') ? std::string::npos : authority.rfind(':');
    hosts.push_back(authority.substr(0, colon));
  }
  hosts.insert(hosts.end(), server.allowed_hosts.begin(), server.allowed_hosts.end());
  return hosts;
}

App::~App() = default;

base::Result<std::unique_ptr<App>> App::build(const Config& config, async::Runtime& runtime, base::Log log) {
  std::unique_ptr<App> app(new App(runtime, std::move(log)));
  if (auto usable = net::check_ca_file(config.server.upstream_ca_file); !usable) return base::fail(usable.error());
  app->client_ = net::make_client({.ca_file = config.server.upstream_ca_file});
  app->pool_ = std::make_unique<async::BlockingPool>(async::available_cores() + 1);

  if (auto made = base::make_dirs(config.server.state_dir, 0700); !made) return base::fail(std::move(made).error());
  auto store = storage::open_sqlite_store(config.server.state_dir + "/promethean.db");
  if (!store) return base::fail(std::move(store).error());
  app->store_ = std::move(*store);
  app->kept_ = config.storage;
  auto root = base::RootDir::open(config.server.root);
  if (!root) return base::fail(std::move(root).error());
  app->root_.emplace(std::move(*root));
  auto index = search::Index::open(index_options(config), app->log_.child({{"room", "search"}}));
  if (!index) return base::fail(std::move(index).error());
  std::vector<async::Executor> cores;
  for (int i = 0; i < runtime.size(); ++i) cores.push_back(runtime.core(i));
  app->hub_ = std::make_unique<http::SseHub>(cores);
  app->events_ = app->hub_->topic();
  app->index_ = std::make_unique<search::LiveIndex>(std::move(*index), app->log_.child({{"room", "search"}}),
                                                    tell_change(app->events_));
  app->evidence_ = std::make_unique<context::LocalEvidence>(*app->index_, *app->root_, *app->pool_);
  app->retriever_ = std::make_unique<context::Retriever>(*app->evidence_);

  if (auto added = app->add_models(config); !added) return base::fail(std::move(added).error());
  app->ollama_ =
      std::make_unique<llm::OllamaProbe>(runtime.core(0), *app->client_, std::string(kDefaultOllama), app->log_);
  if (auto added = app->add_artifacts(config.artifacts); !added) return base::fail(std::move(added).error());
  if (auto added = app->add_routes(config); !added) return base::fail(std::move(added).error());
  return app;
}

base::Result<void> App::add_models(const Config& config) {
  std::vector<llm::Model> models;
  for (const auto& entry : config.models) {
    llm::Model model = described(entry);
    if (entry.backend == llm::Kind::kLocal) {
      if (auto added = add_local(config, entry, model); !added) return added;
    } else {
      model.backend = remote_backend(*client_, entry);
    }
    models.push_back(std::move(model));
  }
  models_ = std::make_unique<llm::ModelTable>(std::move(models), config.server.unknown_model == UnknownModel::kDefault);
  return {};
}

base::Result<void> App::add_local(const Config& config, const ModelConfig& entry, llm::Model& model) {
  auto file = find_model_file(config);
  if (!file) return base::fail(std::move(file).error());
  if (supervisor_ == nullptr) {
    auto options = supervisor_options(config, *file);
    if (!options) return base::fail(std::move(options).error());
    supervisor_ = std::make_unique<llm::local::Supervisor>(runtime_.core(0), *client_, log_.child({{"room", "model"}}),
                                                           std::move(*options));
  }
  auto options = backend_options(entry);
  options.can_count = true;
  llm::local::Supervisor* supervisor = supervisor_.get();
  options.incarnation = [supervisor] { return static_cast<uint64_t>(supervisor->status().starts); };
  if (model.context == 0) model.context = config.model.context;
  model.retry = kLocalRetries;
  model.backend = llm::make_openai_backend(*client_, llm::Kind::kLocal, std::move(options),
                                           [supervisor](async::Context& ctx) { return supervisor->acquire(ctx); });
  return {};
}

base::Result<void> App::add_artifacts(const ArtifactConfig& config) {
  if (config.mode == ArtifactMode::kOff) return {};
  if ((config.directory + "/").starts_with(root_->path() + "/"))
    log_.warn("artifacts lie inside of the root and will be found by questions", {{"directory", config.directory}});
  context::ArtifactOptions options;
  options.directory = config.directory;
  options.texts = config.mode == ArtifactMode::kFull;
  options.days = config.days;
  options.max_bytes = config.max_bytes;
  auto writer = context::ArtifactWriter::open(std::move(options), metrics_, log_.child({{"room", "artifacts"}}));
  if (!writer) return base::fail(std::move(writer).error());
  artifacts_ = std::move(*writer);
  return {};
}

base::Result<void> App::add_routes(const Config& config) {
  const auto larger = [this] { return larger_models(); };
  const auto worker = [this](async::Context& ctx) { return worker_metrics(*client_, supervisor_.get(), ctx); };
  launcher_ = agents::make_plain_launcher();
  audit_ = std::make_unique<agents::AuditLog>(config.server.state_dir + "/audit.jsonl");
  services_.reset(new api::Services{.models = *models_,
                                    .retriever = *retriever_,
                                    .excerpts = excerpts_,
                                    .index = *index_,
                                    .root = *root_,
                                    .pool = *pool_,
                                    .metrics = metrics_,
                                    .log = log_,
                                    .retrieval = retrieval_options(config.retrieval),
                                    .larger_models = larger,
                                    .worker_metrics = worker,
                                    .max_body = static_cast<size_t>(config.server.max_body_bytes),
                                    .store = *store_,
                                    .artifacts = artifacts_.get(),
                                    .sessions = sessions_,
                                    .exec = {.enabled = config.exec.enabled,
                                             .shell = config.exec.shell,
                                             .max_output = static_cast<size_t>(config.exec.max_output_bytes),
                                             .launcher = launcher_.get(),
                                             .audit = audit_.get()},
                                    .access = access_of(config),
                                    .hub = *hub_,
                                    .events = events_});

  http::Authenticator::Options auth;
  auth.mode =
      config.auth.mode == AuthMode::kNone ? http::Authenticator::Mode::kNone : http::Authenticator::Mode::kToken;
  auth.extra_tokens = config.auth.tokens;
  auth.cookie_name = config.auth.cookie;
  http::RouterOptions options;
  options.allowed_hosts = allowed_hosts(config.server);
  options.allowed_origins = config.server.allowed_origins;
  options.rate_per_second = static_cast<double>(config.server.rate_per_second);
  options.rate_burst = static_cast<double>(config.server.rate_burst);
  options.log = log_.child({{"room", "http"}});
  router_ = std::make_unique<http::Router>(
      std::move(options), std::make_shared<http::Authenticator>(std::move(auth), config.server.state_dir));
  for (auto add : {api::add_openai_routes, api::add_responses_routes, api::add_anthropic_routes, api::add_ollama_routes,
                   api::add_session_routes, api::add_file_routes, api::add_search_routes, api::add_grep_routes,
                   api::add_symbol_routes, api::add_indexer_routes, api::add_exec_routes, api::add_access_routes,
                   api::add_admin_routes, api::add_description_routes}) {
    if (auto added = add(*router_, *services_); !added) return added;
  }
  return {};
}

std::vector<std::string> App::larger_models() const {
  std::vector<std::string> names;
  for (const auto& model : models_->list()) {
    if (!model.grounded) names.push_back(model.name);
  }
  for (const auto& name : ollama_->models()) names.push_back("ollama: " + name);
  return names;
}

void App::close() {
  if (index_ == nullptr) return;
  index_->close();
  index_.reset();  // it tells the hub's topic of changes
  pool_->join();
  store_->close();
  client_->close();
  services_->events.reset();
  events_.reset();
  hub_.reset();
}

void App::start_chores() {
  const auto start_model = [](async::Executor core, llm::local::Supervisor& supervisor) -> async::Task<void> {
    async::Context ctx(core);
    co_await supervisor.acquire(ctx);  // what goes wrong is in the log, and said to the first question
  };
  if (supervisor_ != nullptr)
    async::spawn(runtime_.core(0), log_, "warm up the model", start_model(runtime_.core(0), *supervisor_));

  const auto expire = [](async::Context& ctx, storage::Store& store, base::Log log,
                         StorageConfig kept) -> async::Task<void> {
    constexpr int64_t kDay = 86'400;
    for (;;) {
      const int64_t now = base::unix_seconds(base::wall_now());
      auto gone = co_await store.expire(ctx, now - kept.responses_days * kDay);
      if (gone) gone = co_await store.expire_sessions(ctx, (now - kept.session_days * kDay) * 1000);
      if (ctx.done()) co_return;
      if (!gone) log.warn("old answers were not forgotten", {{"why", gone.error().message()}});
      if (auto slept = co_await async::sleep_for(ctx, std::chrono::hours(1)); !slept) co_return;
    }
  };
  chores_ = std::make_unique<async::Context>(runtime_.core(0));
  async::spawn(runtime_.core(0), log_, "forget old answers", expire(*chores_, *store_, log_, kept_));
}

void App::stop(std::function<void()> done) {
  if (chores_ != nullptr) chores_->cancel();
  if (supervisor_ == nullptr) {
    done();
    return;
  }
  const auto work = [](llm::local::Supervisor& supervisor, std::function<void()> then) -> async::Task<void> {
    co_await supervisor.stop();
    then();
  };
  async::spawn(runtime_.core(0), log_, "stop the model", work(*supervisor_, std::move(done)));
}

}  // namespace promethean::cli
