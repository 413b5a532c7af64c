#include "search/live_index.h"

namespace promethean::search {

namespace {
constexpr std::chrono::duration<double> kSweepEvery{2.0};
constexpr double kShareOfTime = 20;  // pause at least this many times as long as a comparison takes
}  // namespace

LiveIndex::LiveIndex(std::unique_ptr<Index> index, base::Log log, OnChange on_change)
    : index_(std::move(index)), log_(std::move(log)), on_change_(std::move(on_change)) {
  thread_ = std::thread([this] { run(); });
}

LiveIndex::~LiveIndex() {
  close();
}

void LiveIndex::close() {
  if (!thread_.joinable()) return;
  stop_.stop();
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LiveIndex::run() {
  while (!stop_.stopped()) {
    {
      std::unique_lock lock(mutex_);
      const auto pause = std::max(kSweepEvery, took_ * kShareOfTime);
      wake_.wait_for(lock, pause, [this] { return wanted_; });
      wanted_ = false;
    }
    if (!stop_.stopped()) update_once();
  }
  const std::lock_guard lock(mutex_);
  for (auto& waiter : waiters_) waiter->close();
  waiters_.clear();
}

void LiveIndex::update_once() {
  const auto started = base::steady_now();
  {
    const std::lock_guard lock(mutex_);
    state_.updating = true;
  }
  const auto report = index_->update(
      [this](const Progress& progress) {
        const std::lock_guard lock(mutex_);
        state_.progress = progress;
      },
      stop_);
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    state_.updating = false;
    took_ = base::steady_now() - started;
    state_.last_error = report ? "" : report.error().message();
    if (report) {
      state_.ready = true;
      compared_ = started;
    } else {
      failed_at_ = base::steady_now();
    }
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters) waiter->close();
  if (!report && !stop_.stopped()) log_.error("index update failed", report.error());
  if (report && report->added + report->changed + report->removed > 0) {
    log_.info("index updated", {{"files", report->files},
                                {"added", report->added},
                                {"changed", report->changed},
                                {"removed", report->removed},
                                {"seconds", report->seconds}});
    if (on_change_) on_change_(*report, index_->snapshot()->status());
  }
}

async::Task<base::Result<LiveIndex::View>> LiveIndex::fresh(async::Context& ctx, std::chrono::milliseconds patience) {
  const auto asked = base::steady_now();
  async::Context wait(ctx, asked + patience);
  for (;;) {
    std::shared_ptr<Waiter> waiter;
    if (stop_.stopped()) co_return base::fail(base::Code::kUnavailable, "the index is closing");
    {
      const std::lock_guard lock(mutex_);
      // A comparison that began shortly before the question has seen everything that was on disk then.
      if (state_.ready && compared_ + kFreshFor >= asked) break;
      if (failed_at_ >= asked) {
        co_return View{index_->snapshot(), "the comparison with the disk failed: " + state_.last_error};
      }
      waiter = std::make_shared<Waiter>(ctx.core(), 1);
      waiters_.push_back(waiter);
      wanted_ = true;
    }
    wake_.notify_all();
    co_await waiter->pop(wait);
    if (ctx.done()) co_return base::fail(ctx.error());
    if (wait.done()) {
      const std::lock_guard lock(mutex_);
      co_return View{index_->snapshot(),
                     state_.ready ? "a comparison with the disk is still running" : "the index is still being built"};
    }
  }
  co_return View{index_->snapshot(), ""};
}

LiveIndex::State LiveIndex::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace promethean::search
