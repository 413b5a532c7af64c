#include "llm/admission.h"

#include <algorithm>
#include <tuple>

namespace promethean::llm {

Admission::Ticket::Ticket(std::shared_ptr<Admission> admission, std::string caller)
    : admission_(std::move(admission)), caller_(std::move(caller)), since_(base::steady_now()) {}

Admission::Ticket::~Ticket() {
  if (admission_ == nullptr) return;
  const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(base::steady_now() - since_);
  admission_->leave(caller_, held);
}

base::Error Admission::full() const {
  const double turns = static_cast<double>(waiting_ + 1) / static_cast<double>(max_running_);
  const auto wait = std::chrono::milliseconds(static_cast<int64_t>(std::clamp(turns * held_ms_, 1'000.0, 60'000.0)));
  return base::Error(base::Code::kRateLimited, "model " + label_ + " is busy, and as many requests wait as may",
                     "try again shortly, or raise max_concurrency or max_waiting of this model")
      .with_retry_after(wait);
}

// The lock is held. Puts the waiter into the room; `evicted` has to make place for it.
base::Result<void> Admission::join(const std::string& caller, const Waiter& waiter, Waiter& evicted) {
  if (waiting_ >= max_waiting_) {
    const auto greedy = std::ranges::max_element(callers_, {}, [](const auto& c) { return c.second.waiting.size(); });
    const auto mine = callers_.find(caller);
    const size_t have = mine == callers_.end() ? 0 : mine->second.waiting.size();
    if (greedy == callers_.end() || greedy->second.waiting.size() <= have + 1) return base::fail(full());
    evicted = std::move(greedy->second.waiting.back());
    greedy->second.waiting.pop_back();
    --waiting_;
  }
  callers_[caller].waiting.push_back(waiter);
  ++waiting_;
  return {};
}

Task<base::Result<Admission::Ticket>> Admission::enter(Context& ctx, std::string caller) {
  Waiter waiter;
  Waiter evicted;
  std::optional<base::Error> busy;
  {
    const std::lock_guard lock(mutex_);
    if (running_ < max_running_ && waiting_ == 0) {
      Caller& mine = callers_[caller];
      ++running_;
      ++mine.running;
      mine.served = ++served_;
    } else {
      waiter = std::make_shared<async::Channel<Ticket>>(ctx.core(), 1);
      if (auto joined = join(caller, waiter, evicted); !joined) co_return base::fail(std::move(joined).error());
      if (evicted != nullptr) busy = full();
    }
  }
  if (evicted != nullptr) evicted->close(*busy);
  if (waiter == nullptr) co_return Ticket(shared_from_this(), std::move(caller));
  auto ticket = co_await waiter->pop(ctx);
  if (ticket && *ticket) co_return std::move(**ticket);
  // A place that was given to a caller who has left goes back with the channel.
  forget(caller, waiter);
  if (!ticket) co_return base::fail(std::move(ticket).error());
  co_return base::fail(base::Code::kUnavailable, "model " + label_ + " is going away");
}

// The waiter has left: nobody gives it a place any more.
void Admission::forget(const std::string& caller, const Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  const auto mine = callers_.find(caller);
  if (mine == callers_.end()) return;
  waiting_ -= std::erase(mine->second.waiting, waiter);
  if (mine->second.waiting.empty() && mine->second.running == 0) callers_.erase(mine);
}

// The lock is held. Whose turn it is among those who wait.
std::map<std::string, Admission::Caller>::iterator Admission::next() {
  auto best = callers_.end();
  for (auto it = callers_.begin(); it != callers_.end(); ++it) {
    const Caller& caller = it->second;
    if (caller.waiting.empty()) continue;
    if (best == callers_.end() ||
        std::tie(caller.running, caller.served) < std::tie(best->second.running, best->second.served))
      best = it;
  }
  return best;
}

void Admission::leave(const std::string& caller, std::chrono::milliseconds held) {
  Waiter chosen;
  std::string whose;
  {
    const std::lock_guard lock(mutex_);
    held_ms_ += (static_cast<double>(held.count()) - held_ms_) * 0.1;
    --running_;
    const auto mine = callers_.find(caller);
    --mine->second.running;
    if (mine->second.running == 0 && mine->second.waiting.empty()) callers_.erase(mine);
    if (const auto turn = next(); turn != callers_.end() && running_ < max_running_) {
      chosen = std::move(turn->second.waiting.front());
      turn->second.waiting.pop_front();
      --waiting_;
      ++running_;
      ++turn->second.running;
      turn->second.served = ++served_;
      whose = turn->first;
    }
  }
  if (chosen != nullptr) chosen->push(Ticket(shared_from_this(), std::move(whose)));
}

}  // namespace promethean::llm
