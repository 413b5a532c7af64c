#include "telemetry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <thread>

namespace promethean::telemetry {
namespace {

using testing::HasSubstr;

TEST(Registry, WritesPrometheusText) {
  Registry metrics;
  metrics.counter("requests_total", "Requests answered.", {{"route", "chat"}, {"status", "2xx"}}).add(3);
  metrics.counter("requests_total", "Requests answered.", {{"route", "chat"}, {"status", "5xx"}});
  metrics.gauge("streams_open", "Streams.").add(2);
  metrics.gauge("lag_seconds", "Lag.").set(0.25);
  metrics.gauge_from("queue", "Queue.", {}, [] { return 7.0; });
  constexpr double kBounds[] = {0.1, 1};
  auto& latency = metrics.histogram("latency_seconds", "Latency.", {{"route", "chat"}}, kBounds);
  for (const double seconds : {0.05, 0.1, 0.5, 2.0}) latency.observe(seconds);
  EXPECT_EQ(metrics.prometheus(),
            "# HELP requests_total Requests answered.\n"
            "# TYPE requests_total counter\n"
            "requests_total{route=\"chat\",status=\"2xx\"} 3\n"
            "requests_total{route=\"chat\",status=\"5xx\"} 0\n"
            "# HELP streams_open Streams.\n"
            "# TYPE streams_open gauge\n"
            "streams_open 2\n"
            "# HELP lag_seconds Lag.\n"
            "# TYPE lag_seconds gauge\n"
            "lag_seconds 0.25\n"
            "# HELP queue Queue.\n"
            "# TYPE queue gauge\n"
            "queue 7\n"
            "# HELP latency_seconds Latency.\n"
            "# TYPE latency_seconds histogram\n"
            "latency_seconds_bucket{route=\"chat\",le=\"0.1\"} 2\n"
            "latency_seconds_bucket{route=\"chat\",le=\"1\"} 3\n"
            "latency_seconds_bucket{route=\"chat\",le=\"+Inf\"} 4\n"
            "latency_seconds_sum{route=\"chat\"} 2.65\n"
            "latency_seconds_count{route=\"chat\"} 4\n");
}

TEST(Registry, EscapesLabelsAndHelp) {
  Registry metrics;
  metrics.counter("a", "one\\two\n\"three\"", {{"l", "x\\y\n\"z\""}});
  EXPECT_THAT(metrics.prometheus(), HasSubstr("# HELP a one\\\\two\\n\"three\"\n"));
  EXPECT_THAT(metrics.prometheus(), HasSubstr("a{l=\"x\\\\y\\n\\\"z\\\"\"} 0\n"));
}

TEST(Registry, TheSameNameAndLabelsAreTheSameMetric) {
  Registry metrics;
  Counter& first = metrics.counter("a", "A.", {{"l", "1"}});
  EXPECT_EQ(&first, &metrics.counter("a", "A.", {{"l", "1"}}));
  EXPECT_NE(&first, &metrics.counter("a", "A.", {{"l", "2"}}));
}

TEST(RegistryDeathTest, OurOwnMistakesAbort) {
  Registry metrics;
  metrics.counter("a", "A.");
  EXPECT_DEATH(metrics.gauge("a", "A."), "broken invariant");
  EXPECT_DEATH(metrics.counter("a", "B."), "broken invariant");
  EXPECT_DEATH(metrics.counter("a b", "A."), "broken invariant");
  EXPECT_DEATH(metrics.counter("1a", "A."), "broken invariant");
  EXPECT_DEATH(metrics.counter("b", "A.", {{"le", "x"}}), "broken invariant");
}

TEST(Counter, AddsOfAllThreadsCount) {
  Registry metrics;
  Counter& counter = metrics.counter("a", "A.");
  Gauge& gauge = metrics.gauge("g", "G.");
  Histogram& histogram = metrics.histogram("h", "H.");
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add();
        gauge.add(i % 2 == 0 ? 2 : -1);
        histogram.observe(0.01);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 120'000U);
  EXPECT_EQ(gauge.value(), 60'000);
  EXPECT_EQ(histogram.snapshot().count, 120'000U);
  EXPECT_NEAR(histogram.snapshot().sum, 1'200, 1e-6);
}

TEST(Histogram, OddValuesDoNoHarm) {
  constexpr double kBounds[] = {1, 2};
  Histogram histogram(kBounds);
  histogram.observe(-5);
  histogram.observe(std::numeric_limits<double>::infinity());
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(histogram.snapshot().counts, testing::ElementsAre(1, 0, 1));
  EXPECT_TRUE(std::isfinite(histogram.snapshot().sum));
}

TEST(Histogram, CountsAsALinearScanDoes) {
  std::mt19937 random(2);
  Histogram histogram(latency_buckets());
  std::vector<uint64_t> expected(latency_buckets().size() + 1);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::ldexp(1.0 + (random() % 4) * 0.25, static_cast<int>(random() % 20) - 13);
    size_t bucket = 0;
    while (bucket < latency_buckets().size() && value > latency_buckets()[bucket]) ++bucket;
    ++expected[bucket];
    histogram.observe(value);
  }
  EXPECT_EQ(histogram.snapshot().counts, expected);
}

}  // namespace
}  // namespace promethean::telemetry
