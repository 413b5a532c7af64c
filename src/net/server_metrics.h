// What the server counts. All are registered before serving, so that counting is one relaxed add.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "http/router.h"
#include "telemetry/registry.h"

namespace promethean::net {

class ServerMetrics {
 public:
  ServerMetrics(telemetry::Registry& registry, const http::Router& router, int cores);

  // `route` is null for requests that no route took.
  void request(const http::Route* route, int status, std::chrono::nanoseconds time, uint64_t bytes_sent);
  void connection(int change) { connections_->add(change); }
  void refused() { refused_->add(); }
  void loop_lag(int core, std::chrono::nanoseconds late);

  // Counts one open stream while it lives.
  class OpenStream {
   public:
    explicit OpenStream(telemetry::Gauge& streams) : streams_(streams) { streams_.add(1); }
    OpenStream(const OpenStream&) = delete;
    OpenStream& operator=(const OpenStream&) = delete;
    ~OpenStream() { streams_.add(-1); }

   private:
    telemetry::Gauge& streams_;
  };
  [[nodiscard]] OpenStream stream() { return OpenStream(*streams_); }

 private:
  struct PerRoute {
    std::array<telemetry::Counter*, 5> by_class{};  // 1xx .. 5xx
    telemetry::Histogram* seconds = nullptr;
  };
  static PerRoute register_route(telemetry::Registry& registry, const std::string& name);

  std::unordered_map<const http::Route*, PerRoute> routes_;  // the null key: no route
  telemetry::Counter* bytes_sent_;
  telemetry::Counter* refused_;
  telemetry::Gauge* connections_;
  telemetry::Gauge* streams_;
  std::vector<telemetry::Histogram*> lag_;  // by core
};

}  // namespace promethean::net
