#include "context/artifacts.h"

#include <algorithm>

namespace promethean::context {

namespace {

constexpr std::chrono::hours kBetweenSweeps{1};
constexpr int64_t kMostLines = 16 << 20;  // bytes of exchanges.jsonl
constexpr int64_t kLineShare = 8;         // or this part of all that is kept

size_t json_bytes(const json::Value& value) {
  constexpr size_t kNode = 16;
  size_t bytes = kNode;
  if (const auto* text = value.if_string()) return bytes + text->size();
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) bytes += json_bytes(item);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) bytes += member.key().size() + json_bytes(member.value());
  }
  return bytes;
}

size_t bytes_of(const Exchange& exchange) {
  constexpr size_t kRecord = 2048;
  if (!exchange.texts) return kRecord;
  const ExchangeTexts& texts = *exchange.texts;
  size_t bytes = kRecord + texts.request.size();
  for (const auto* list : {&texts.conversation, &texts.prompt, &texts.choices}) {
    for (const auto& item : *list) bytes += json_bytes(item);
  }
  return bytes;
}

}  // namespace

base::Result<std::unique_ptr<ArtifactWriter>> ArtifactWriter::open(ArtifactOptions options,
                                                                   telemetry::Registry& metrics, base::Log log) {
  auto folder = ArtifactFolder::open(options.directory);
  if (!folder) return base::fail(std::move(folder).error());
  return std::unique_ptr<ArtifactWriter>(
      new ArtifactWriter(std::move(options), std::move(*folder), metrics, std::move(log)));
}

ArtifactWriter::ArtifactWriter(ArtifactOptions options, ArtifactFolder folder, telemetry::Registry& metrics,
                               base::Log log)
    : options_(std::move(options)),
      log_(std::move(log)),
      written_(metrics.counter("promethean_artifacts_written_total", "Exchanges written down.")),
      dropped_(metrics.counter("promethean_artifacts_dropped_total", "Exchanges dropped because too many waited.")),
      failed_(metrics.counter("promethean_artifacts_failed_total", "Exchanges that could not be written down.")),
      folder_(std::move(folder)),
      thread_([this] { run(); }) {}

ArtifactWriter::~ArtifactWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  thread_.join();
}

void ArtifactWriter::put(Exchange exchange) {
  const size_t bytes = bytes_of(exchange);
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.max_queued || queued_bytes_ + bytes > options_.max_queued_bytes) {
      dropped_.add();
      return;
    }
    queued_bytes_ += bytes;
    queue_.push_back({std::move(exchange), bytes});
  }
  news_.notify_one();
}

void ArtifactWriter::run() {
  sweep();
  auto next_sweep = base::steady_now() + kBetweenSweeps;
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait_until(lock, next_sweep, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty() && stopping_) return;
    std::optional<Queued> next;
    if (!queue_.empty()) {
      next.emplace(std::move(queue_.front()));
      queue_.pop_front();
      queued_bytes_ -= next->bytes;
    }
    lock.unlock();
    if (next) tell(write(next->exchange));
    if (folder_bytes_ > options_.max_bytes || base::steady_now() >= next_sweep) {
      sweep();
      next_sweep = base::steady_now() + kBetweenSweeps;
    }
    lock.lock();
  }
}

base::Result<void> ArtifactWriter::write(const Exchange& exchange) {
  const json::Object record = exchange_record(exchange);
  if (exchange.texts) {
    const std::string text = exchange_markdown(exchange, record);
    if (auto done = folder_.write(exchange.id + ".md", text); !done) return done;
    folder_bytes_ += static_cast<int64_t>(text.size());
  }
  const std::string line = json::write(record);
  folder_bytes_ += static_cast<int64_t>(line.size());
  return folder_.append(exchange.id, line, std::min(kMostLines, options_.max_bytes / kLineShare));
}

// Down to nine tenths, so that not every exchange of a full folder begins a sweep.
void ArtifactWriter::sweep() {
  const auto oldest = base::wall_now() - std::chrono::hours(24) * options_.days;
  auto left = folder_.sweep(oldest, options_.max_bytes, options_.max_bytes / 10 * 9);
  folder_bytes_ = left ? *left : 0;
  if (!left) log_.warn("old artifacts were not deleted", {{"why", left.error().message()}});
}

void ArtifactWriter::tell(const base::Result<void>& done) {
  if (done) {
    written_.add();
    failing_ = false;
    return;
  }
  failed_.add();
  if (!std::exchange(failing_, true)) log_.error("an exchange was not written down", done.error());
}

}  // namespace promethean::context
