#include "net/server_metrics.h"

#include <algorithm>

namespace promethean::net {

ServerMetrics::ServerMetrics(telemetry::Registry& registry, const http::Router& router, int cores)
    : bytes_sent_(&registry.counter("promethean_http_sent_bytes_total", "Bytes of answers sent, heads included.")),
      refused_(&registry.counter("promethean_http_connections_refused_total",
                                 "Connections closed because too many were open.")),
      connections_(&registry.gauge("promethean_http_connections_open", "Open client connections.")),
      streams_(&registry.gauge("promethean_http_streams_open", "Answers that are being streamed.")) {
  for (const auto& route : router.routes()) routes_[route.get()] = register_route(registry, route->operation_id);
  routes_[nullptr] = register_route(registry, "none");
  for (int i = 0; i < cores; ++i) {
    lag_.push_back(&registry.histogram("promethean_event_loop_lag_seconds", "How late a core's one-second timer fired.",
                                       {{"core", std::to_string(i)}}));
  }
}

ServerMetrics::PerRoute ServerMetrics::register_route(telemetry::Registry& registry, const std::string& name) {
  PerRoute route;
  for (size_t i = 0; i < route.by_class.size(); ++i) {
    route.by_class[i] = &registry.counter("promethean_http_requests_total", "Requests answered.",
                                          {{"route", name}, {"status", std::to_string(i + 1) + "xx"}});
  }
  route.seconds = &registry.histogram("promethean_http_request_seconds",
                                      "From the first byte of a request to the last of its answer.", {{"route", name}});
  return route;
}

void ServerMetrics::request(const http::Route* route, int status, std::chrono::nanoseconds time, uint64_t bytes_sent) {
  PerRoute& counts = routes_.find(route)->second;
  const int status_class = std::clamp(status / 100, 1, 5);
  counts.by_class[static_cast<size_t>(status_class - 1)]->add();
  counts.seconds->observe(std::chrono::duration<double>(time).count());
  bytes_sent_->add(bytes_sent);
}

void ServerMetrics::loop_lag(int core, std::chrono::nanoseconds late) {
  lag_[static_cast<size_t>(core)]->observe(std::max(0.0, std::chrono::duration<double>(late).count()));
}

}  // namespace promethean::net
