#include "search/index.h"

#include <mutex>

#include "base/hash.h"
#include "search/snapshot.h"
#include "search/store.h"
#include "search/update.h"

namespace promethean::search {

namespace {

class TreeIndex : public Index {
 public:
  TreeIndex(IndexOptions options, std::shared_ptr<const TreeOnDisk> disk, Store store, base::Log log)
      : options_(std::move(options)), disk_(std::move(disk)), store_(std::move(store)), log_(std::move(log)) {}

  void load();
  base::Result<UpdateReport> update(const ProgressFn& progress, const async::StopFlag& stop) override;
  std::shared_ptr<const Snapshot> snapshot() const override;
  const IndexOptions& options() const override { return options_; }

 private:
  void show(IndexStatus status, base::WallTime as_of);  // a new snapshot of state_

  const IndexOptions options_;
  const std::shared_ptr<const TreeOnDisk> disk_;
  std::timed_mutex update_mutex_;  // one update at a time; guards store_, state_, loaded_
  Store store_;
  base::Log log_;
  std::shared_ptr<const TreeState> state_ = std::make_shared<TreeState>();
  bool loaded_ = false;

  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
};

void TreeIndex::load() {
  auto stored = store_.load();
  loaded_ = stored != nullptr;
  state_ = loaded_ ? std::move(stored) : std::make_shared<TreeState>();
  show(state_->status(), state_->manifest().as_of);
}

void TreeIndex::show(IndexStatus status, base::WallTime as_of) {
  status.as_of = as_of;
  auto snapshot = std::make_shared<const TreeSnapshot>(state_, std::move(status), disk_);
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(snapshot);
}

std::shared_ptr<const Snapshot> TreeIndex::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

base::Result<UpdateReport> TreeIndex::update(const ProgressFn& progress, const async::StopFlag& stop) {
  std::unique_lock turn(update_mutex_, std::defer_lock);
  while (!turn.try_lock_for(std::chrono::milliseconds(20))) {
    if (stop.stopped()) return base::fail(base::Code::kCancelled, "stopped while another update runs");
  }
  const auto writer = store_.lock(stop);
  if (!writer) return base::fail(writer.error());
  if (store_.changed_by_others()) load();

  const UpdateRequest request{.root = disk_->root,
                              .exclude_globs = disk_->exclude_globs,
                              .max_file_bytes = options_.max_file_bytes,
                              .progress = progress,
                              .stop = stop};
  auto outcome = update_tree(*state_, store_, request);
  if (!outcome) return base::fail(std::move(outcome).error());
  outcome->report.reused = loaded_;
  if (outcome->state) {
    auto published = store_.publish(*outcome->state);
    if (!published) return base::fail(std::move(published).error());
    state_ = std::move(outcome->state);
    loaded_ = true;
    show(state_->status(), outcome->as_of);
  } else {
    show(snapshot()->status(), outcome->as_of);
  }
  return outcome->report;
}

// The index itself may lie inside the tree; it must not index its own files.
std::vector<std::string> exclude_globs(const IndexOptions& options, const base::RootDir& root) {
  std::vector<std::string> globs = options.exclude_globs;
  const auto state = base::RootDir::open(options.state_dir);
  if (state && state->path().starts_with(root.path() + "/")) {
    globs.push_back(state->path().substr(root.path().size()) + "/");
  }
  return globs;
}

}  // namespace

base::Result<std::unique_ptr<Index>> Index::open(const IndexOptions& options, base::Log log) {
  auto root = base::RootDir::open(options.root);
  if (!root) return base::fail(std::move(root).error());
  const std::string key = base::sha256_hex(root->path()).substr(0, 16);
  auto store = Store::open(options.state_dir + "/index/" + key, log);
  if (!store) return base::fail(std::move(store).error());
  auto globs = exclude_globs(options, *root);
  auto disk = std::make_shared<const TreeOnDisk>(std::move(*root), std::move(globs));
  auto index = std::make_unique<TreeIndex>(options, std::move(disk), std::move(*store), std::move(log));
  index->load();
  return index;
}

}  // namespace promethean::search
