#include "telemetry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace promethean::telemetry {

size_t this_thread_shard() {
  static std::atomic<size_t> threads{0};  // only hands out numbers
  thread_local const size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

uint64_t Counter::value() const {
  uint64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

double Gauge::value() const {
  int64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return static_cast<double>(sum) + set_.load(std::memory_order_relaxed);
}

namespace {
constexpr size_t kCellsPerLine = 64 / sizeof(std::atomic<uint64_t>);
constexpr double kSumScale = 1e6;

size_t whole_lines(size_t cells) {
  return (cells + kCellsPerLine - 1) / kCellsPerLine * kCellsPerLine;
}
}  // namespace

// A shard is: one cell for each bound, one for what lies above, one for the sum.
Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      stride_(whole_lines(bounds.size() + 2)),
      cells_(std::make_unique<std::atomic<uint64_t>[]>(stride_ * kShards)) {
  CHECK(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) {
  if (std::isnan(value)) return;
  const auto bucket = static_cast<size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  std::atomic<uint64_t>* shard = &cells_[this_thread_shard() * stride_];
  shard[bucket].fetch_add(1, std::memory_order_relaxed);
  const auto scaled = static_cast<uint64_t>(std::llround(std::clamp(value, 0.0, 1e12) * kSumScale));
  shard[bounds_.size() + 1].fetch_add(scaled, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot out;
  out.counts.resize(bounds_.size() + 1);
  uint64_t sum = 0;
  for (size_t shard = 0; shard < kShards; ++shard) {
    const std::atomic<uint64_t>* cells = &cells_[shard * stride_];
    for (size_t i = 0; i < out.counts.size(); ++i) out.counts[i] += cells[i].load(std::memory_order_relaxed);
    sum += cells[bounds_.size() + 1].load(std::memory_order_relaxed);
  }
  for (const uint64_t count : out.counts) out.count += count;
  out.sum = static_cast<double>(sum) / kSumScale;
  return out;
}

std::span<const double> latency_buckets() {
  static constexpr double kBounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                       0.25,   0.5,   1,      2.5,   5,    10,    30,   60};
  return kBounds;
}

struct Registry::Series {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct Registry::Metric {
  Type type;
  std::string name;
  std::string help;
  std::vector<std::unique_ptr<Series>> series;
};

Registry::Registry() = default;
Registry::~Registry() = default;

namespace {
bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto letter_or_digit = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, letter_or_digit);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// `{route="chat",le="0.5"}`, or nothing without labels.
std::string label_text(const Labels& labels, std::string_view le = {}) {
  std::string out;
  const auto append = [&out](std::string_view name, std::string_view value) {
    out += out.empty() ? '{' : ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  };
  for (const auto& [name, value] : labels) append(name, value);
  if (!le.empty()) append("le", le);
  if (!out.empty()) out += '}';
  return out;
}

void append_histogram(std::string& out, const std::string& name, const Labels& labels, const Histogram& histogram) {
  const Histogram::Snapshot seen = histogram.snapshot();
  uint64_t below = 0;
  for (size_t i = 0; i < seen.counts.size(); ++i) {
    below += seen.counts[i];
    const std::string le = i < histogram.bounds().size() ? number(histogram.bounds()[i]) : "+Inf";
    out += fmt::format("{}_bucket{} {}\n", name, label_text(labels, le), below);
  }
  out += fmt::format("{}_sum{} {}\n", name, label_text(labels), number(seen.sum));
  out += fmt::format("{}_count{} {}\n", name, label_text(labels), seen.count);
}
}  // namespace

Registry::Series& Registry::series(Type type, std::string_view name, std::string_view help, Labels labels) {
  CHECK(is_name(name));
  for (const auto& label : labels) CHECK(is_name(label.first) && label.first != "le");
  auto metric = std::ranges::find_if(metrics_, [name](const auto& m) { return m->name == name; });
  if (metric == metrics_.end()) {
    metrics_.push_back(std::make_unique<Metric>(Metric{type, std::string(name), std::string(help), {}}));
    metric = metrics_.end() - 1;
  }
  CHECK((*metric)->type == type && (*metric)->help == help);
  for (const auto& known : (*metric)->series) {
    if (known->labels == labels) return *known;
  }
  (*metric)->series.push_back(std::make_unique<Series>());
  (*metric)->series.back()->labels = std::move(labels);
  return *(*metric)->series.back();
}

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Series& found = series(Type::kCounter, name, help, std::move(labels));
  if (!found.counter) found.counter = std::make_unique<Counter>();
  return *found.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Series& found = series(Type::kGauge, name, help, std::move(labels));
  CHECK(!found.read);
  if (!found.gauge) found.gauge = std::make_unique<Gauge>();
  return *found.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, Labels labels,
                               std::span<const double> bounds) {
  const std::lock_guard lock(mutex_);
  Series& found = series(Type::kHistogram, name, help, std::move(labels));
  if (!found.histogram) found.histogram = std::make_unique<Histogram>(bounds);
  CHECK(std::ranges::equal(found.histogram->bounds(), bounds));
  return *found.histogram;
}

void Registry::gauge_from(std::string_view name, std::string_view help, Labels labels, std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  Series& found = series(Type::kGauge, name, help, std::move(labels));
  CHECK(!found.gauge && !found.read);
  found.read = std::move(read);
}

std::string Registry::prometheus() const {
  constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& metric : metrics_) {
    out += fmt::format("# HELP {} ", metric->name);
    append_escaped(out, metric->help, false);
    out += fmt::format("\n# TYPE {} {}\n", metric->name, kTypes[static_cast<size_t>(metric->type)]);
    for (const auto& one : metric->series) {
      const std::string labels = label_text(one->labels);
      if (one->counter) out += fmt::format("{}{} {}\n", metric->name, labels, one->counter->value());
      if (one->gauge) out += fmt::format("{}{} {}\n", metric->name, labels, number(one->gauge->value()));
      if (one->read) out += fmt::format("{}{} {}\n", metric->name, labels, number(one->read()));
      if (one->histogram) append_histogram(out, metric->name, one->labels, *one->histogram);
    }
  }
  return out;
}

}  // namespace promethean::telemetry
