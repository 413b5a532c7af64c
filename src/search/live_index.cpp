#include "search/live_index.h"

#include <algorithm>

namespace promethean::search {

namespace {

constexpr std::chrono::duration<double> kSweepEvery{5.0};
constexpr double kShareOfTime = 50;                   // a pause is at least so many times as long as a sweep takes
constexpr std::chrono::milliseconds kNotLonger{200};  // changes that never become quiet are taken in all the same
constexpr std::chrono::milliseconds kIdle{1000};

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

LiveIndex::LiveIndex(std::unique_ptr<Index> index, base::Log log, OnChange on_change)
    : index_(std::move(index)), log_(std::move(log)), on_change_(std::move(on_change)) {
  if (auto watcher = repo::Watcher::open()) {
    watcher_ = std::move(*watcher);
  } else {
    log_.warn("the tree is not watched, each question sweeps it", {{"why", watcher.error().message()}});
  }
  follower_ = std::thread([this] { follow(); });
  sweeper_ = std::thread([this] { sweep(); });
}

LiveIndex::~LiveIndex() {
  close();
}

void LiveIndex::close() {
  if (!follower_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_.stop();
  }
  if (watcher_) watcher_->wake();
  sweep_wake_.notify_all();
  follower_.join();
  sweeper_.join();
  wake_waiters();
}

// ---- the thread that follows the disk ----

void LiveIndex::follow() {
  take_in({.everything = true, .looks = {}});
  while (!stop_.stopped()) {
    {
      // What failed is not tried again at once: a full disk stays full for a while.
      std::unique_lock lock(mutex_);
      sweep_wake_.wait_until(lock, failed_at_ + kIdle, [this] { return stop_.stopped(); });
    }
    if (!wait_for_work() || stop_.stopped()) continue;
    std::optional<Order> order;
    {
      const std::lock_guard lock(mutex_);
      if (!orders_.empty()) {
        order = std::move(orders_.front());
        orders_.pop_front();
        busy_ = true;  // in the same turn: a question must find either the order or this
      }
    }
    if (order) {
      carry_out(*order);
      continue;
    }
    Changes changes{.everything = true, .looks = {}};
    if (watcher_ && watcher_->complete()) {
      const std::lock_guard lock(mutex_);
      changes = watcher_->take();
      busy_ = true;
    }
    take_in(std::move(changes));
  }
}

// True when there is something to do: an order, a question, or changes that have become quiet.
bool LiveIndex::wait_for_work() {
  const auto asked = [this] {
    const std::lock_guard lock(mutex_);
    return !orders_.empty() || std::exchange(asked_, false);
  };
  if (!watcher_) {
    std::unique_lock lock(mutex_);
    sweep_wake_.wait_for(lock, kIdle, [this] { return asked_ || !orders_.empty() || stop_.stopped(); });
    return !orders_.empty() || std::exchange(asked_, false);
  }
  if (asked()) return true;
  if (!watcher_->wait(kIdle)) return asked();
  const auto began = base::steady_now();
  while (!stop_.stopped() && base::steady_now() < began + kNotLonger) {
    const size_t before = watcher_->pending();
    if (asked()) return true;
    watcher_->wait(kQuiet);
    if (watcher_->pending() == before) break;
  }
  const std::lock_guard lock(mutex_);
  return !state_.paused;
}

void LiveIndex::take_in(Changes changes) {
  const bool everything = changes.everything || !watcher_ || !watcher_->complete();
  const auto began = base::steady_now();
  UpdateScope scope;
  if (!everything) scope.looks = changes.looks;
  base::Result<UpdateReport> report;
  if (everything || !scope.looks.empty()) {
    report = update(std::move(scope));
  }
  if (!report && watcher_) watcher_->put_back({.everything = true, .looks = {}});
  if (report && everything) {
    const std::lock_guard lock(mutex_);
    swept_ = began;
    state_.ready = true;
  }
  finished(report, began);
}

void LiveIndex::carry_out(const Order& order) {
  const auto began = base::steady_now();
  UpdateScope scope;
  for (const auto& path : order.paths) scope.looks.push_back({parent_of(path), false});
  base::Result<UpdateReport> report;
  switch (order.what) {
    case Order::What::kRead:
      scope.read_again = true;
      scope.take_in.insert(order.paths.begin(), order.paths.end());
      report = update(std::move(scope));
      break;
    case Order::What::kRemove:
      scope.take_out.insert(order.paths.begin(), order.paths.end());
      report = update(std::move(scope));
      break;
    case Order::What::kReset: {
      const auto reset = index_->reset(stop_);
      report = reset ? update({}) : base::Result<UpdateReport>(base::fail(reset.error()));
      break;
    }
  }
  finished(report, began);
}

base::Result<UpdateReport> LiveIndex::update(UpdateScope scope) {
  {
    const std::lock_guard lock(mutex_);
    busy_ = true;
    state_.updating = true;
    state_.progress = {};
  }
  if (watcher_) scope.on_directory = [this](const std::string& path, int fd) { watcher_->watch(path, fd); };
  const auto show = [this](const Progress& progress) {
    const std::lock_guard lock(mutex_);
    state_.progress = progress;
  };
  return index_->update(show, stop_, scope);
}

void LiveIndex::finished(const base::Result<UpdateReport>& report, base::SteadyTime began) {
  const bool news = report && report->added + report->changed + report->removed > 0;
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    state_.updating = false;
    state_.last_error = report ? "" : report.error().message();
    if (!report) failed_at_ = base::steady_now();
    if (report && report->reused) state_.reused = true;
    if (news || (report && !state_.finished_at)) {
      state_.finished_at = base::wall_now();
      state_.started_at =
          *state_.finished_at - std::chrono::duration_cast<base::WallTime::duration>(base::steady_now() - began);
      state_.processed = report->added + report->changed;
    }
  }
  wake_waiters();
  if (!report && !stop_.stopped()) log_.error("index update failed", report.error());
  if (!news) return;
  log_.info("index updated", {{"files", report->files},
                              {"added", report->added},
                              {"changed", report->changed},
                              {"removed", report->removed},
                              {"seconds", report->seconds}});
  if (on_change_) on_change_(*report, index_->snapshot()->status());
}

void LiveIndex::wake_waiters() {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters) waiter->close();
}

// ---- the thread that sweeps ----

void LiveIndex::sweep() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto pause = std::max(kSweepEvery, sweep_took_ * kShareOfTime);
      sweep_wake_.wait_for(lock, pause, [this] { return stop_.stopped(); });
      if (stop_.stopped()) return;
      if (!state_.ready || state_.paused || base::steady_now() < swept_ + pause) continue;
    }
    const auto began = base::steady_now();
    UpdateScope scope;
    if (watcher_) scope.on_directory = [this](const std::string& path, int fd) { watcher_->watch(path, fd); };
    const auto report = index_->update({}, stop_, scope);
    {
      const std::lock_guard lock(mutex_);
      sweep_took_ = base::steady_now() - began;
      if (report) swept_ = std::max(swept_, began);
    }
    if (report && report->added + report->changed + report->removed > 0) {
      log_.info("a sweep found what no event told",
                {{"added", report->added}, {"changed", report->changed}, {"removed", report->removed}});
      if (on_change_) on_change_(*report, index_->snapshot()->status());
    }
    if (!report && !stop_.stopped()) log_.error("the sweep of the tree failed", report.error());
  }
}

// ---- those who ask ----

// Nothing is known to have changed, and whatever had changed would be known. With the lock.
bool LiveIndex::current() {
  return state_.ready && watcher_ && watcher_->complete() && !watcher_->poll() && !busy_ && orders_.empty();
}

LiveIndex::View LiveIndex::stale_view(std::string why) {
  auto snapshot = index_->snapshot();
  const auto as_of = snapshot->status().as_of;
  const auto& progress = state_.progress;
  uint64_t pending = watcher_ ? watcher_->pending() : 0;
  if (state_.updating && progress.total > progress.done) pending = std::max(pending, progress.total - progress.done);
  return {.snapshot = std::move(snapshot),
          .as_of = as_of,
          .pending = std::max<uint64_t>(pending, 1),
          .stale = std::move(why)};
}

// An answer that need not wait; with the lock.
std::optional<LiveIndex::View> LiveIndex::answer(base::SteadyTime asked) {
  // The snapshot is taken after the look at the events: it can only be newer than what they told.
  if (current() || (state_.ready && !busy_ && swept_ >= asked)) {
    return View{.snapshot = index_->snapshot(), .as_of = base::wall_now(), .pending = 0, .stale = ""};
  }
  if (state_.paused) return stale_view("the indexer is paused");
  if (failed_at_ >= asked) return stale_view("the comparison with the disk failed: " + state_.last_error);
  return std::nullopt;
}

async::Task<base::Result<LiveIndex::View>> LiveIndex::fresh(async::Context& ctx, std::chrono::milliseconds patience) {
  const auto asked = base::steady_now();
  async::Context wait(ctx, asked + patience);
  for (;;) {
    std::shared_ptr<Waiter> waiter;
    {
      const std::lock_guard lock(mutex_);
      if (stop_.stopped()) co_return base::fail(base::Code::kUnavailable, "the index is closing");
      if (auto view = answer(asked)) co_return std::move(*view);
      waiter = std::make_shared<Waiter>(ctx.core(), 1);
      waiters_.push_back(waiter);
      asked_ = true;
    }
    if (watcher_) watcher_->wake();
    if (!watcher_) sweep_wake_.notify_all();
    co_await waiter->pop(wait);
    if (ctx.done()) co_return base::fail(ctx.error());
    if (wait.done()) {
      const std::lock_guard lock(mutex_);
      co_return stale_view(state_.ready ? "changes are still being taken in" : "the index is still being built");
    }
  }
}

void LiveIndex::order(Order order) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
  }
  if (watcher_) watcher_->wake();
  if (!watcher_) sweep_wake_.notify_all();
}

void LiveIndex::pause(bool paused) {
  {
    const std::lock_guard lock(mutex_);
    state_.paused = paused;
    asked_ = true;
  }
  if (watcher_) watcher_->wake();
}

LiveIndex::State LiveIndex::state() const {
  const std::lock_guard lock(mutex_);
  State state = state_;
  state.watching = watcher_ && watcher_->complete();
  state.pending = orders_.size() + (watcher_ ? watcher_->pending() : 0);
  return state;
}

}  // namespace promethean::search
