// What the handlers work with. Built by cli, outlives the router; every part is safe on any core.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agents/audit.h"
#include "agents/launcher.h"
#include "api/session.h"
#include "async/pool.h"
#include "base/log.h"
#include "context/artifacts.h"
#include "context/conversation.h"
#include "context/retriever.h"
#include "http/hub.h"
#include "http/router.h"
#include "llm/models.h"
#include "search/live_index.h"
#include "storage/store.h"
#include "telemetry/registry.h"

namespace promethean::api {

using async::Context;
using async::Task;

// Commands that clients may run.
struct ExecSettings {
  bool enabled = false;
  std::string shell;            // "" : no shell, the words go to the program as they are
  size_t max_output = 2 << 20;  // bytes of each stream; the tail is kept
  agents::Launcher* launcher = nullptr;
  agents::AuditLog* audit = nullptr;
};

// The group of routes that are about the server itself.
inline constexpr std::string_view kOperations = "Operations";

// Who may call, and by which names: what the descriptions say of it.
struct Access {
  bool secured = true;             // false: no credential is asked for
  std::string cookie;              // the cookie that may carry the token; empty: none
  std::string public_base_url;     // empty: clients reach the server by the Host that they name
  bool open_descriptions = false;  // the descriptions need no credential
};

struct Services {
  const llm::ModelTable& models;
  context::Retriever& retriever;
  context::ExcerptMemory& excerpts;
  search::LiveIndex& index;
  const base::RootDir& root;  // of the repository
  async::BlockingPool& pool;
  telemetry::Registry& metrics;
  base::Log log;
  context::RetrievalOptions retrieval;                        // defaults of a request
  std::function<std::vector<std::string>()> larger_models;    // what grounded answers name; quick
  std::function<Task<std::string>(Context&)> worker_metrics;  // Prometheus text of the local model's process, or ""
  size_t max_body = 2 << 20;                                  // bytes of a chat request
  storage::Store& store;
  context::ArtifactWriter* artifacts = nullptr;  // null: exchanges are not written down
  SessionTurns& sessions;
  ExecSettings exec;
  Access access;
  http::SseHub& hub;
  std::shared_ptr<http::SseTopic> events;  // what GET /v1/events tells
};

// Each adds the routes of one family; kConflict and kInvalidArgument are defects of the table.
base::Result<void> add_openai_routes(http::Router& router,
                                     Services& services);  // /v1: chat/completions, completions, embeddings, models
base::Result<void> add_responses_routes(http::Router& router, Services& services);  // /v1/responses
base::Result<void> add_anthropic_routes(http::Router& router, Services& services);  // /v1/messages, /
base::Result<void> add_ollama_routes(http::Router& router, Services& services);     // /api
base::Result<void> add_session_routes(http::Router& router, Services& services);    // /v1/sessions
base::Result<void> add_file_routes(http::Router& router, Services& services);       // /files/* /stacktrace/locate
base::Result<void> add_search_routes(http::Router& router, Services& services);     // /search
base::Result<void> add_grep_routes(http::Router& router, Services& services);       // /grep
base::Result<void> add_symbol_routes(http::Router& router, Services& services);     // /symbols/*
base::Result<void> add_indexer_routes(http::Router& router, Services& services);    // /indexer/* /reindex
base::Result<void> add_exec_routes(http::Router& router, Services& services);       // /exec/run
base::Result<void> add_admin_routes(http::Router& router, Services& services);      // /health /metrics /v1/events
base::Result<void> add_access_routes(http::Router& router, Services& services);     // /auth/me

// /openapi.json /v1/openapi.json /llms.txt /docs: what `router` holds when they are asked for.
base::Result<void> add_description_routes(http::Router& router, Services& services);

}  // namespace promethean::api
