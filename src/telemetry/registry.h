// Metrics: counters, gauges and histograms that any thread may change without waiting, and their Prometheus text.
//
//   telemetry::Counter& requests = metrics.counter("promethean_requests_total", "Requests answered.",
//                                                  {{"route", "chat"}, {"status", "2xx"}});
//   requests.add();                                     // a relaxed add on a line of memory of this thread's own
//   std::string text = metrics.prometheus();            // GET /metrics
//
// Register once, keep the reference, change it often: registering takes a lock and a look-up, changing does not. A
// metric lives as long as its Registry. Asking again for the same name and labels gives the same metric; another type,
// help or set of buckets for a known name, or a name Prometheus forbids, is our own bug and aborts.
//
// Format: Prometheus text exposition 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Units are in the
// names: `_total` for counters, `_seconds`, `_bytes`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promethean::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Writers are spread over this many cells by thread, so that two cores do not pull one cache line back and forth.
inline constexpr size_t kShards = 8;
size_t this_thread_shard();  // [0, kShards), fixed for the life of a thread

// Only grows.
class Counter {
 public:
  void add(uint64_t n = 1) { cells_[this_thread_shard()].value.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const;

 private:
  struct alignas(64) Cell {
    std::atomic<uint64_t> value{0};
  };
  std::array<Cell, kShards> cells_;
};

// Goes up and down: streams open, queue length. add() from many threads sums up; set() is for a metric with one writer.
class Gauge {
 public:
  void add(int64_t n) { cells_[this_thread_shard()].value.fetch_add(n, std::memory_order_relaxed); }
  void set(double value) { set_.store(value, std::memory_order_relaxed); }
  double value() const;  // what was set plus what was added

 private:
  struct alignas(64) Cell {
    std::atomic<int64_t> value{0};
  };
  std::array<Cell, kShards> cells_;
  std::atomic<double> set_{0};
};

// How many observations lie at or below each bound. Sums are kept in millionths of the unit.
class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds);
  void observe(double value);

  struct Snapshot {
    std::vector<uint64_t> counts;  // one for each bound, then the rest; not cumulative
    double sum = 0;
    uint64_t count = 0;
  };
  Snapshot snapshot() const;
  std::span<const double> bounds() const { return bounds_; }

 private:
  std::vector<double> bounds_;  // ascending
  size_t stride_;               // cells of one shard, rounded up to whole cache lines
  std::unique_ptr<std::atomic<uint64_t>[]> cells_;
};

// 0.5 ms to 60 s: request latencies.
std::span<const double> latency_buckets();

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels = {},
                       std::span<const double> bounds = latency_buckets());

  // A gauge read when somebody asks. `read` runs on the asking thread under the registry's lock: quick, no registry
  // calls.
  void gauge_from(std::string_view name, std::string_view help, Labels labels, std::function<double()> read);

  std::string prometheus() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  enum class Type { kCounter, kGauge, kHistogram };
  struct Series;
  struct Metric;
  Series& series(Type type, std::string_view name, std::string_view help, Labels labels);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Metric>> metrics_;  // in order of registration, as they are written
};

}  // namespace promethean::telemetry
