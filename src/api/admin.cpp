// Operations: is it alive, and what has it done.
#include "api/dialect_schemas.h"
#include "api/services.h"
#include "base/clock.h"

namespace promethean::api {

namespace {

// Asked by load balancers many times a second, so its answer is made once. Says nothing that needs a credential.
http::Route health_route(Services&) {
  http::Route route;
  route.path = "/health";
  route.operation_id = "getHealth";
  route.scope = http::Scope::kNone;
  route.limits.rate_cost = 0;
  route.summary = "Say whether the server answers";
  route.description =
      "For load balancers and scripts; needs no credential. /indexer/status says whether the index is ready.";
  route.group = kOperations;
  route.response_schema = kHealthAnswer;
  const json::Value body = json::Object{{"ok", true}, {"status", "ok"}, {"version", PROMETHEAN_VERSION}};
  route.handler = [text = json::write(body)](Context&, http::Request&) -> Task<http::Response> {
    co_return http::Response::text(200, text, "application/json");
  };
  return route;
}

http::Route metrics_route(Services& services) {
  http::Route route;
  route.path = "/metrics";
  route.operation_id = "getMetrics";
  route.limits.rate_cost = 0;
  route.summary = "Give counters and histograms in Prometheus' text format";
  route.description = "Those of the server, followed by those of the local model's process when it runs.";
  route.group = kOperations;
  route.response_type = telemetry::Registry::kContentType;
  route.handler = [&services](Context& ctx, http::Request&) -> Task<http::Response> {
    std::string text = services.metrics.prometheus();
    text += co_await services.worker_metrics(ctx);
    co_return http::Response::text(200, std::move(text), std::string(telemetry::Registry::kContentType));
  };
  return route;
}

http::Route events_route(Services& services) {
  http::Route route;
  route.path = "/v1/events";
  route.operation_id = "streamEvents";
  route.limits.deadline = std::chrono::milliseconds(0);  // open as long as the client likes
  route.streams = true;
  route.summary = "Tell what happens in this server, as server-sent events";
  route.group = kOperations;
  route.response_type = "text/event-stream";
  route.description =
      "`index`: the index took in changes of the working tree. A reconnecting client sends Last-Event-ID and misses "
      "nothing that is still kept.";
  route.handler = [&services](Context& ctx, http::Request& request) -> Task<http::Response> {
    const std::string last(request.headers.get("last-event-id").value_or(""));
    co_return http::Response::stream(services.hub.subscribe(ctx.core(), services.events, last));
  };
  return route;
}

}  // namespace

base::Result<void> add_admin_routes(http::Router& router, Services& services) {
  for (auto make : {health_route, metrics_route, events_route}) {
    if (auto added = router.add(make(services)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
