#include "http/hub.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/hub_core.h"
#include "http/sse.h"

namespace promethean::http {

namespace {
constexpr size_t kJoin = 64 << 10;  // bytes after which a write is large enough
}

SseTopic::SseTopic(std::shared_ptr<const HubOptions> options, size_t cores)
    : options_(std::move(options)), epoch_(base::random_hex(4)) {
  for (size_t i = 0; i < cores; ++i) seats_.push_back(std::make_unique<Seat>());
}

SseTopic::~SseTopic() = default;

bool SseTopic::publish(std::string_view data, std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    const uint64_t number = first_ + events_.size();
    events_.push_back(make_chunk(sse_event(data, name, epoch_ + "-" + std::to_string(number))));
    bytes_ += events_.back()->size();
    while (events_.size() > 1 && (events_.size() > options_->keep_events || bytes_ > options_->keep_bytes)) {
      bytes_ -= events_.front()->size();
      events_.pop_front();
      ++first_;
    }
  }
  tell_cores();
  return true;
}

void SseTopic::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  tell_cores();
}

void SseTopic::tell_cores() {
  for (size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = *seats_[i];
    if (seat.watched.load() > 0 && !seat.dirty.exchange(true)) cores_[i]->notify(shared_from_this());
  }
}

SseTopic::Read SseTopic::read(uint64_t next, Seat& seat) const {
  const std::lock_guard lock(mutex_);
  Read out{.next = next, .lost = next < first_};
  const uint64_t end = first_ + events_.size();
  if (out.lost) return out;
  if (next == end) {
    out.closed = closed_;
    return out;
  }
  // Streams that are equally far share one joined chunk. An event more may have come since: that is for the next turn.
  if (seat.joined != nullptr && seat.joined_from == next) {
    out.chunk = seat.joined;
    out.next = seat.joined_to;
    return out;
  }
  const Chunk& one = events_[next - first_];
  out.next = next + 1;
  if (out.next == end || one->size() >= kJoin) {
    out.chunk = one;
  } else {
    std::string bytes = *one;
    while (out.next < end && bytes.size() < kJoin) bytes += *events_[out.next++ - first_];
    out.chunk = make_chunk(std::move(bytes));
  }
  seat.joined_from = next;
  seat.joined_to = out.next;
  seat.joined = out.chunk;
  return out;
}

uint64_t SseTopic::end() const {
  const std::lock_guard lock(mutex_);
  return first_ + events_.size();
}

uint64_t SseTopic::resume(std::string_view last_event_id, bool& gap) const {
  const std::lock_guard lock(mutex_);
  const uint64_t end = first_ + events_.size();
  gap = false;
  if (last_event_id.empty()) return end;
  const size_t dash = last_event_id.rfind('-');
  const bool ours = dash != std::string_view::npos && last_event_id.substr(0, dash) == epoch_;
  const auto number = ours ? base::parse_int(last_event_id.substr(dash + 1)) : std::nullopt;
  if (number && *number >= 0) {
    const uint64_t next = static_cast<uint64_t>(*number) + 1;
    if (next >= first_ && next <= end) return next;
  }
  gap = true;
  return first_;
}

SseHub::SseHub(const std::vector<async::Executor>& cores, HubOptions options)
    : options_(std::make_shared<const HubOptions>(std::move(options))) {
  for (size_t i = 0; i < cores.size(); ++i) cores_.push_back(std::make_shared<HubCore>(cores[i], i, options_));
}

SseHub::~SseHub() {
  for (const auto& core : cores_) core->close();
}

std::shared_ptr<SseTopic> SseHub::topic() {
  auto topic = std::make_shared<SseTopic>(options_, cores_.size());
  topic->cores_ = cores_;
  return topic;
}

std::unique_ptr<BodyStream> SseHub::subscribe(async::Executor core, std::shared_ptr<SseTopic> topic,
                                              std::string_view last_event_id) {
  const auto own = std::ranges::find_if(cores_, [&core](const auto& known) { return known->executor() == core; });
  CHECK(own != cores_.end());
  bool gap = false;
  const uint64_t next = topic->resume(last_event_id, gap);
  return std::make_unique<HubStream>(*own, std::move(topic), next, gap);
}

size_t SseHub::streams() const {
  size_t sum = 0;
  for (const auto& core : cores_) sum += core->streams();
  return sum;
}

}  // namespace promethean::http
