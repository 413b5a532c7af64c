// LiveIndex: an Index that is kept up to date by a thread of its own.
//
//   auto view = co_await live.fresh(ctx, 2s);
//   if (view->snapshot) ... view->snapshot->search(...)       // view->stale says why it may lag behind the disk
//
// The thread compares tree and index whenever somebody asks and the last comparison is older than kFreshFor, and on its
// own every few seconds (never spending more than a twentieth of its time on it). Threads: every member, any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "async/channel.h"
#include "search/index.h"

namespace promethean::search {

class LiveIndex {
 public:
  static constexpr std::chrono::milliseconds kFreshFor{200};

  // `on_change` is called on the index's thread after an update that changed something.
  using OnChange = std::function<void(const UpdateReport& report, const IndexStatus& status)>;
  LiveIndex(std::unique_ptr<Index> index, base::Log log, OnChange on_change = nullptr);
  LiveIndex(const LiveIndex&) = delete;
  LiveIndex& operator=(const LiveIndex&) = delete;
  ~LiveIndex();

  // Stops a running update and joins the thread; fresh() then fails. Before the runtime of those who wait dies.
  void close();

  struct View {
    std::shared_ptr<const Snapshot> snapshot;  // never null
    std::string stale;                         // empty: compared with the disk within kFreshFor; else what is pending
  };
  // Waits up to `patience` for the comparison; after that the snapshot at hand is given, marked.
  async::Task<base::Result<View>> fresh(async::Context& ctx, std::chrono::milliseconds patience);

  std::shared_ptr<const Snapshot> snapshot() const { return index_->snapshot(); }
  const IndexOptions& options() const { return index_->options(); }

  struct State {
    bool ready = false;  // the first comparison is done
    bool updating = false;
    Progress progress;       // of the running update
    std::string last_error;  // empty: the last update went well
  };
  State state() const;

 private:
  using Waiter = async::Channel<bool>;
  void run();
  void update_once();

  std::unique_ptr<Index> index_;
  base::Log log_;
  OnChange on_change_;
  async::StopFlag stop_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = true;
  State state_;
  base::SteadyTime compared_{};  // start of the last comparison that went well
  base::SteadyTime failed_at_{};
  std::chrono::duration<double> took_{0};
  std::vector<std::shared_ptr<Waiter>> waiters_;
  std::thread thread_;
};

}  // namespace promethean::search
