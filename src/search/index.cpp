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
  TreeIndex(IndexOptions options, base::RootDir root, Store store, base::Log log)
      : options_(std::move(options)), root_(std::move(root)), store_(std::move(store)), log_(std::move(log)) {}

  void load();
  base::Result<UpdateReport> update(const ProgressFn& progress, const async::StopFlag& stop) override;
  std::shared_ptr<const Snapshot> snapshot() const override;
  const IndexOptions& options() const override { return options_; }

 private:
  std::vector<std::string> exclude_globs() const;
  void show(IndexStatus status, base::WallTime as_of);  // a new snapshot of state_

  const IndexOptions options_;
  const base::RootDir root_;
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
  auto snapshot = std::make_shared<const TreeSnapshot>(state_, std::move(status));
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(snapshot);
}

std::shared_ptr<const Snapshot> TreeIndex::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

// The index itself may lie inside the tree; it must not index its own files.
std::vector<std::string> TreeIndex::exclude_globs() const {
  std::vector<std::string> globs = options_.exclude_globs;
  const auto state = base::RootDir::open(options_.state_dir);
  if (state && state->path().starts_with(root_.path() + "/")) {
    globs.push_back(state->path().substr(root_.path().size()) + "/");
  }
  return globs;
}

base::Result<UpdateReport> TreeIndex::update(const ProgressFn& progress, const async::StopFlag& stop) {
  std::unique_lock turn(update_mutex_, std::defer_lock);
  while (!turn.try_lock_for(std::chrono::milliseconds(20))) {
    if (stop.stopped()) return base::fail(base::Code::kCancelled, "stopped while another update runs");
  }
  const auto writer = store_.lock(stop);
  if (!writer) return base::fail(writer.error());
  if (store_.changed_by_others()) load();

  const UpdateRequest request{.root = root_,
                              .exclude_globs = exclude_globs(),
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

}  // namespace

base::Result<std::unique_ptr<Index>> Index::open(const IndexOptions& options, base::Log log) {
  auto root = base::RootDir::open(options.root);
  if (!root) return base::fail(std::move(root).error());
  const std::string key = base::sha256_hex(root->path()).substr(0, 16);
  auto store = Store::open(options.state_dir + "/index/" + key, log);
  if (!store) return base::fail(std::move(store).error());
  auto index = std::make_unique<TreeIndex>(options, std::move(*root), std::move(*store), std::move(log));
  index->load();
  return index;
}

}  // namespace promethean::search
