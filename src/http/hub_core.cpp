#include "http/hub_core.h"

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

namespace promethean::http {

namespace {
// Removes item `slot` by putting the last one in its place, and tells that one where it is now.
template <class Moved>
void swap_remove(std::vector<HubStream*>& list, size_t slot, const Moved& moved) {
  list[slot] = list.back();
  moved(*list[slot]);
  list.pop_back();
}
}  // namespace

HubCore::HubCore(async::Executor executor, size_t index, std::shared_ptr<const HubOptions> options)
    : executor_(executor),
      index_(index),
      options_(std::move(options)),
      heartbeat_(make_chunk(options_->heartbeat_bytes)),
      ticker_(executor),
      heart_(executor) {}

void HubCore::notify(std::shared_ptr<SseTopic> topic) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    first = news_.empty();
    news_.push_back(std::move(topic));
  }
  if (first) async::asio::post(executor_, [self = shared_from_this()] { self->schedule(); });
}

// Topics hold their cores, so news that nobody will flush any more must not hold the topics.
void HubCore::close() {
  std::vector<std::shared_ptr<SseTopic>> news;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  news.swap(news_);
}

void HubCore::schedule() {
  const auto due = flushed_ + options_->coalesce;
  if (std::chrono::steady_clock::now() >= due) return flush();
  ticker_.expires_at(due);
  ticker_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec) self->flush();
  });
}

void HubCore::flush() {
  std::vector<std::shared_ptr<SseTopic>> news;
  {
    const std::lock_guard lock(mutex_);
    news.swap(news_);
  }
  flushed_ = std::chrono::steady_clock::now();
  for (const auto& topic : news) {
    SseTopic::Seat& seat = *topic->seats_[index_];
    seat.dirty.store(false);  // before the streams look: an event that comes now asks for a flush of its own
    seat.joined.reset();
    for (HubStream* stream : seat.streams) stream->wake();
  }
}

void HubCore::beat() {
  beating_ = !streams_.empty();
  if (!beating_) return;
  heart_.expires_after(options_->heartbeat / 2);  // quiet for one whole period: at most `heartbeat` of silence
  heart_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    for (HubStream* stream : self->streams_) {
      if (std::exchange(stream->quiet_, true)) {
        stream->beat_due_ = true;
        stream->wake();
      }
    }
    self->beat();
  });
}

void HubCore::add(HubStream& stream) {
  SseTopic::Seat& seat = *stream.topic_->seats_[index_];
  stream.core_slot_ = streams_.size();
  streams_.push_back(&stream);
  stream.seat_slot_ = seat.streams.size();
  seat.streams.push_back(&stream);
  seat.watched.store(seat.streams.size());
  count_.store(streams_.size(), std::memory_order_relaxed);
  if (!beating_) beat();
}

void HubCore::remove(HubStream& stream) {
  SseTopic::Seat& seat = *stream.topic_->seats_[index_];
  swap_remove(streams_, stream.core_slot_, [&stream](HubStream& moved) { moved.core_slot_ = stream.core_slot_; });
  swap_remove(seat.streams, stream.seat_slot_, [&stream](HubStream& moved) { moved.seat_slot_ = stream.seat_slot_; });
  seat.watched.store(seat.streams.size());
  if (seat.streams.empty()) seat.joined.reset();
  count_.store(streams_.size(), std::memory_order_relaxed);
}

HubStream::HubStream(std::shared_ptr<HubCore> core, std::shared_ptr<SseTopic> topic, uint64_t next, bool gap)
    : core_(std::move(core)), topic_(std::move(topic)), next_(next), wake_(core_->executor()), gap_(gap) {
  wake_.expires_at(HubTimer::time_point::max());
  core_->add(*this);
}

HubStream::~HubStream() {
  core_->remove(*this);
}

void HubStream::drain() {
  if (!drain_at_) drain_at_ = topic_->end();
  wake();
}

Chunk HubStream::take() {
  if (std::exchange(gap_, false)) return make_chunk(core_->options().gap);
  if (drain_at_ && next_ >= *drain_at_) {
    state_ = State::kEnded;
    return make_chunk(core_->options().draining);
  }
  SseTopic::Read read = topic_->read(next_, *topic_->seats_[core_->index()]);
  next_ = read.next;
  if (read.lost) {
    state_ = State::kCut;
    return make_chunk(core_->options().lagged);
  }
  if (read.chunk != nullptr) return std::move(read.chunk);
  if (read.closed) {
    state_ = State::kEnded;
    return nullptr;
  }
  return beat_due_ ? core_->heartbeat() : nullptr;
}

std::optional<base::Result<Chunk>> HubStream::poll(const Context& ctx) {
  if (ctx.done()) return base::fail(ctx.error());
  Chunk chunk = state_ == State::kOpen ? take() : nullptr;
  if (chunk != nullptr) {
    quiet_ = beat_due_ = false;
    return chunk;
  }
  if (state_ == State::kCut) return base::fail(base::Code::kRateLimited, "the reader fell too far behind");
  if (state_ == State::kEnded) return nullptr;
  return std::nullopt;
}

// `ctx` and the stream outlive the wait: both belong to the connection that awaits it. An idle stream holds this frame,
// so all but the wait is in poll(), and `deferred` spares the wait a frame of its own.
Task<base::Result<Chunk>> HubStream::next(Context& ctx) {
  for (;;) {
    if (auto now = poll(ctx)) co_return std::move(*now);
    const Context::Hook stop(ctx, [this] { wake(); });
    if (!ctx.done()) co_await wake_.async_wait(async::asio::as_tuple(async::asio::deferred));
  }
}

}  // namespace promethean::http
