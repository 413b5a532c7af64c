// Admission: how many answers of one model run at once, and who comes next. Those over the limit wait in a bounded
// room that is fair between callers: the next is of the caller with the fewest running answers, among equals of the one
// that was served longest ago, and a full room is left by the newest request of whoever has most waiting. One caller
// with a hundred requests delays another's single one by at most one answer.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "async/channel.h"
#include "base/clock.h"

namespace promethean::llm {

using async::Context;
using async::Task;

// Threads: any. Make with std::make_shared.
class Admission : public std::enable_shared_from_this<Admission> {
 public:
  // `label` names the model in messages.
  Admission(std::string label, size_t max_running, size_t max_waiting)
      : label_(std::move(label)), max_running_(max_running), max_waiting_(max_waiting) {}

  // One running answer, while it lives.
  class Ticket {
   public:
    Ticket(std::shared_ptr<Admission> admission, std::string caller);
    Ticket(Ticket&& other) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

   private:
    std::shared_ptr<Admission> admission_;
    std::string caller_;
    base::SteadyTime since_;
  };

  // Waits for a place. kRateLimited with the time after which one may be free, when the room is full.
  Task<base::Result<Ticket>> enter(Context& ctx, std::string caller);

 private:
  using Waiter = std::shared_ptr<async::Channel<Ticket>>;
  struct Caller {
    size_t running = 0;
    uint64_t served = 0;  // when it last got a place, by count
    std::deque<Waiter> waiting;
  };

  void leave(const std::string& caller, std::chrono::milliseconds held);
  void forget(const std::string& caller, const Waiter& waiter);
  std::map<std::string, Caller>::iterator next();
  base::Result<void> join(const std::string& caller, const Waiter& waiter, Waiter& evicted);
  base::Error full() const;

  const std::string label_;
  const size_t max_running_;
  const size_t max_waiting_;
  std::mutex mutex_;
  std::map<std::string, Caller> callers_;  // those who run or wait
  size_t running_ = 0;
  size_t waiting_ = 0;
  uint64_t served_ = 0;
  double held_ms_ = 1000;  // how long a place is held, on a moving average
};

}  // namespace promethean::llm
