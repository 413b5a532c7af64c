// LiveIndex: an Index that is never behind the disk when it answers.
//
//   auto view = co_await live.fresh(ctx, 2s);
//   if (view) ... view->snapshot->search(...)        // view->stale says why it may lag behind the disk
//
// Three things keep it so. repo::Watcher tells which places have changed; a question that finds some waits until they
// are taken in, one that finds none is answered at once. A thread takes them in without being asked too, when they have
// been quiet for kQuiet. And since events are only hints, another thread sweeps the whole tree every few seconds (never
// spending more than a fiftieth of its time on it) beside all that. Where the tree cannot be watched, each question
// waits for a sweep that began after it was asked.
// Threads: every member, any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "async/channel.h"
#include "repo/watcher.h"
#include "search/index.h"

namespace promethean::search {

class LiveIndex {
 public:
  static constexpr std::chrono::milliseconds kQuiet{30};

  // `on_change` is called on a thread of the index after an update that changed something.
  using OnChange = std::function<void(const UpdateReport& report, const IndexStatus& status)>;
  LiveIndex(std::unique_ptr<Index> index, base::Log log, OnChange on_change = nullptr);
  LiveIndex(const LiveIndex&) = delete;
  LiveIndex& operator=(const LiveIndex&) = delete;
  ~LiveIndex();

  // Stops a running update and joins the threads; fresh() then fails. Before the runtime of those who wait dies.
  void close();

  struct View {
    std::shared_ptr<const Snapshot> snapshot;  // never null
    base::WallTime as_of;                      // it is what was on disk then
    uint64_t pending = 0;                      // places known to have changed since
    std::string stale;                         // empty: nothing is pending; else why it may lag behind
  };
  // Waits up to `patience` for what has changed to be taken in; after that the snapshot at hand is given, marked.
  async::Task<base::Result<View>> fresh(async::Context& ctx, std::chrono::milliseconds patience);

  // What an indexer is told to do beside following the disk; done in the order of asking, by the thread of the index.
  struct Order {
    enum class What { kRead, kRemove, kReset } what = What::kRead;
    std::vector<std::string> paths;  // of files, for kRemove; kRead with none reads the whole tree again
  };
  void order(Order order);
  // A paused index answers from what it has, and says so.
  void pause(bool paused);

  std::shared_ptr<const Snapshot> snapshot() const { return index_->snapshot(); }
  const IndexOptions& options() const { return index_->options(); }

  struct State {
    bool ready = false;     // the whole tree has been looked at since the start
    bool reused = false;    // a stored index was there
    bool updating = false;  // something is being taken in
    bool paused = false;
    bool watching = false;                                  // the kernel tells of changes
    Progress progress;                                      // of the running update
    uint64_t pending = 0;                                   // places that have changed, and orders
    std::string last_error;                                 // empty: the last update went well
    std::optional<base::WallTime> started_at, finished_at;  // of the last update that did something
    uint64_t processed = 0;                                 // files that were read by it
  };
  State state() const;

 private:
  using Waiter = async::Channel<bool>;
  using Changes = repo::Watcher::Changes;

  void follow();
  void sweep();
  bool wait_for_work();
  void take_in(Changes changes);
  void carry_out(const Order& order);
  base::Result<UpdateReport> update(UpdateScope scope);
  void finished(const base::Result<UpdateReport>& report, base::SteadyTime began);
  void wake_waiters();
  bool current();
  std::optional<View> answer(base::SteadyTime asked);
  View stale_view(std::string why);

  std::unique_ptr<Index> index_;
  base::Log log_;
  OnChange on_change_;
  std::unique_ptr<repo::Watcher> watcher_;  // null: there is no inotify
  async::StopFlag stop_;
  mutable std::mutex mutex_;
  std::condition_variable sweep_wake_;
  State state_;
  bool busy_ = false;   // the following thread has taken changes and not finished
  bool asked_ = false;  // somebody waits
  std::deque<Order> orders_;
  base::SteadyTime swept_{};  // start of the last sweep of the whole tree that went well
  base::SteadyTime failed_at_{};
  std::chrono::duration<double> sweep_took_{0};
  std::vector<std::shared_ptr<Waiter>> waiters_;
  std::thread follower_, sweeper_;
};

}  // namespace promethean::search
