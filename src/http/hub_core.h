// The hub's inside: one HubCore for each event loop, with its ticker and heart; one HubStream for each subscriber.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>

#include "http/hub.h"

namespace promethean::http {

using HubTimer =
    async::asio::basic_waitable_timer<std::chrono::steady_clock, async::asio::wait_traits<std::chrono::steady_clock>,
                                      async::Executor>;

// Everything on its own core, but for notify() and streams().
class HubCore : public std::enable_shared_from_this<HubCore> {
 public:
  HubCore(async::Executor executor, size_t index, std::shared_ptr<const HubOptions> options);

  void notify(std::shared_ptr<SseTopic> topic);  // any thread: there is news
  void close();                                  // any thread: the hub is gone, forget the news
  size_t streams() const { return count_.load(std::memory_order_relaxed); }

  void add(HubStream& stream);
  void remove(HubStream& stream);

  async::Executor executor() const { return executor_; }
  size_t index() const { return index_; }
  const HubOptions& options() const { return *options_; }
  const Chunk& heartbeat() const { return heartbeat_; }

 private:
  void schedule();  // flush now, or when the last flush is `coalesce` ago
  void flush();
  void beat();

  async::Executor executor_;
  size_t index_;
  std::shared_ptr<const HubOptions> options_;
  Chunk heartbeat_;

  std::mutex mutex_;
  std::vector<std::shared_ptr<SseTopic>> news_;  // guarded by mutex_
  bool closed_ = false;                          // guarded by mutex_

  HubTimer ticker_;
  std::chrono::steady_clock::time_point flushed_{};
  HubTimer heart_;
  bool beating_ = false;
  std::vector<HubStream*> streams_;
  std::atomic<size_t> count_{0};
};

class HubStream : public BodyStream {
 public:
  HubStream(std::shared_ptr<HubCore> core, std::shared_ptr<SseTopic> topic, uint64_t next, bool gap);
  ~HubStream() override;

  Task<base::Result<Chunk>> next(Context& ctx) override;
  void drain() override;

 private:
  friend class HubCore;
  enum class State : uint8_t { kOpen, kEnded, kCut };

  Chunk take();                                                 // what to send now, or nullptr; may end the stream
  std::optional<base::Result<Chunk>> poll(const Context& ctx);  // what next() gives now; nullopt: wait
  void wake() { wake_.cancel(); }

  std::shared_ptr<HubCore> core_;
  std::shared_ptr<SseTopic> topic_;
  uint64_t next_;
  size_t core_slot_ = 0, seat_slot_ = 0;  // where the core and the topic's seat hold this stream
  HubTimer wake_;
  State state_ = State::kOpen;
  bool gap_;
  std::optional<uint64_t> drain_at_;  // set by drain(): where the topic ended then
  bool quiet_ = false;                // nothing was sent since the last beat
  bool beat_due_ = false;
};

}  // namespace promethean::http
