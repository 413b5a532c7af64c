// Watcher: where a working tree has changed, as inotify tells it.
//
//   auto watcher = Watcher::open();
//   walk(root, {.on_directory = [&](const std::string& path, int fd) { (*watcher)->watch(path, fd); }}, stop);
//   if ((*watcher)->poll()) walk(root, {.looks = (*watcher)->take().looks, ...}, stop);
//
// The kernel queues an event before the call that made the change returns, so whoever polls afterwards learns of it.
// A hint all the same: writes through a memory map and changes made by another machine leave no event, and a sweep of
// the whole tree must find them. Each directory is watched before it is read, so nothing falls between the two.
// Threads: any; every member.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "repo/walk.h"

namespace promethean::repo {

class Watcher {
 public:
  // kUnavailable when the system gives no inotify instance (fs.inotify.max_user_instances).
  static base::Result<std::unique_ptr<Watcher>> open();

  // Watches a directory of the tree, opened as `fd`; again for one that is watched already does no harm.
  void watch(const std::string& directory, int fd);

  // What has changed since the last take().
  struct Changes {
    bool everything = false;  // events were lost, or rules of what is ignored have changed: sweep the tree
    std::vector<Look> looks;
  };

  // Takes in what the kernel has, without waiting. True when there are changes.
  bool poll();
  Changes take();
  void put_back(Changes changes);  // they could not be dealt with
  size_t pending() const;          // places; those that nobody polled for are not counted

  // False once a directory could not be watched (fs.inotify.max_user_watches): then only a sweep tells.
  bool complete() const;

  // Waits until there are changes, or until wake(), or for so long. True when there are changes.
  bool wait(std::chrono::milliseconds patience);
  void wake();

 private:
  static constexpr size_t kMaxPlaces = 20'000;  // more: the whole tree is swept

  Watcher(base::UniqueFd events, base::UniqueFd wake) : events_(std::move(events)), wake_(std::move(wake)) {}
  void take_in(int watch, uint32_t mask, std::string_view name);
  bool has_changes() const { return everything_ || !directories_.empty() || !below_.empty(); }

  const base::UniqueFd events_, wake_;
  mutable std::mutex mutex_;
  std::unordered_map<int, std::string> watched_;
  std::unordered_set<std::string> directories_, below_;  // changes
  bool everything_ = false;
  bool complete_ = true;
};

}  // namespace promethean::repo
