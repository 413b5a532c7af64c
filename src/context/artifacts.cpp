#include "context/artifacts.h"

#include <algorithm>

namespace promethean::context {

namespace {

constexpr std::chrono::hours kBetweenSweeps{1};
// While exchanges keep coming they are written so often: woken for each, the thread took a quarter of the processor
// time of a proxied request.
constexpr std::chrono::milliseconds kGather{50};
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
    queue_.push_back(std::move(exchange));
    if (!std::exchange(idle_, false) && !much_waits()) return;
  }
  news_.notify_one();
}

bool ArtifactWriter::much_waits() const {
  return queue_.size() > options_.max_queued / 2 || queued_bytes_ > options_.max_queued_bytes / 2;
}

void ArtifactWriter::run() {
  sweep();
  auto next_sweep = base::steady_now() + kBetweenSweeps;
  std::unique_lock lock(mutex_);
  for (;;) {
    idle_ = true;
    news_.wait_until(lock, next_sweep, [this] { return stopping_ || !queue_.empty(); });
    idle_ = false;
    if (queue_.empty() && stopping_) return;
    const std::deque<Exchange> exchanges = std::exchange(queue_, {});
    queued_bytes_ = 0;
    lock.unlock();
    write(exchanges);
    if (folder_bytes_ > options_.max_bytes || base::steady_now() >= next_sweep) {
      sweep();
      next_sweep = base::steady_now() + kBetweenSweeps;
    }
    lock.lock();
    news_.wait_for(lock, kGather, [this] { return stopping_ || much_waits(); });
  }
}

// Lines go to the file together as far as they are of one day. One with a file of its own follows that at once.
void ArtifactWriter::write(const std::deque<Exchange>& exchanges) {
  const Exchange* first = nullptr;
  std::string lines;
  uint64_t count = 0;
  const auto flush = [&] {
    if (first != nullptr) append(first->id, std::exchange(lines, {}), std::exchange(count, 0));
    first = nullptr;
  };
  for (const Exchange& exchange : exchanges) {
    const json::Object record = exchange_record(exchange);
    if (exchange.texts) {
      if (const auto done = write_texts(exchange, record); !done) {
        tell(done, 1);
        continue;
      }
    }
    if (first != nullptr && !ArtifactFolder::same_day(first->id, exchange.id)) flush();
    if (first == nullptr) first = &exchange;
    json::append(lines, record);
    lines += '\n';
    ++count;
    if (exchange.texts) flush();
  }
  flush();
}

base::Result<void> ArtifactWriter::write_texts(const Exchange& exchange, const json::Object& record) {
  const std::string text = exchange_markdown(exchange, record);
  folder_bytes_ += static_cast<int64_t>(text.size());
  return folder_.write(exchange.id + ".md", text);
}

void ArtifactWriter::append(const std::string& id, std::string_view lines, uint64_t exchanges) {
  folder_bytes_ += static_cast<int64_t>(lines.size());
  tell(folder_.append(id, lines, std::min(kMostLines, options_.max_bytes / kLineShare)), exchanges);
}

// Down to nine tenths, so that not every exchange of a full folder begins a sweep.
void ArtifactWriter::sweep() {
  const auto oldest = base::wall_now() - std::chrono::hours(24) * options_.days;
  auto left = folder_.sweep(oldest, options_.max_bytes, options_.max_bytes / 10 * 9);
  folder_bytes_ = left ? *left : 0;
  if (!left) log_.warn("old artifacts were not deleted", {{"why", left.error().message()}});
}

void ArtifactWriter::tell(const base::Result<void>& done, uint64_t exchanges) {
  if (done) {
    written_.add(exchanges);
    failing_ = false;
    return;
  }
  failed_.add(exchanges);
  if (!std::exchange(failing_, true)) log_.error("an exchange was not written down", done.error());
}

}  // namespace promethean::context
