// Store: the directory in which one index lies. MANIFEST names the segments; `<16 hex digits>.seg` are the segments;
// LOCK is held by whoever updates.
//
// One process writes at a time (flock on LOCK); any number read, also meanwhile: a reader that finds a segment gone
// because a newer manifest has replaced the one it read starts again. What is damaged is renamed to `*.damaged`,
// logged, and treated as not there. Threads: calls are not synchronised; Index sees to that.
#pragma once

#include <memory>
#include <string>

#include "async/context.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "search/tree_state.h"

namespace promethean::search {

class Store {
 public:
  // Makes the directory (mode 0700).
  static base::Result<Store> open(std::string directory, base::Log log);

  // Waits for the writer's place; it is given back when the descriptor closes. kCancelled when `stop` is set first.
  base::Result<base::UniqueFd> lock(const async::StopFlag& stop) const;

  // The stored state; an empty pointer when there is none, or none that is sound.
  std::shared_ptr<const TreeState> load();
  // True when another process has replaced the manifest since this Store read or wrote it.
  bool changed_by_others() const;

  // Only with the lock. A segment file is known to nobody until a published manifest names it.
  base::Result<std::shared_ptr<const Segment>> write_segment(SegmentBuilder builder) const;
  // Replaces the manifest, then removes the segments it does not name.
  base::Result<void> publish(const TreeState& state);

 private:
  Store(std::string directory, base::Log log) : directory_(std::move(directory)), log_(std::move(log)) {}
  base::Result<std::shared_ptr<const TreeState>> try_load();
  std::string manifest_path() const { return directory_ + "/MANIFEST"; }
  std::string segment_path(uint64_t id) const;
  void set_aside(const std::string& path, const base::Error& why) const;
  void remove_unnamed(const Manifest& manifest) const;
  repo::FileStat manifest_stat() const;

  std::string directory_;
  base::Log log_;
  repo::FileStat known_manifest_;
};

}  // namespace promethean::search
