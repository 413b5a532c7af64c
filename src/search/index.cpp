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
  base::Result<UpdateReport> update(const ProgressFn& progress, const async::StopFlag& stop,
                                    const UpdateScope& scope) override;
  std::shared_ptr<const Snapshot> snapshot() const override;
  base::Result<void> reset(const async::StopFlag& stop) override;
  const IndexOptions& options() const override { return options_; }

 private:
  struct Turn {
    std::unique_lock<std::timed_mutex> here;
    base::Result<base::UniqueFd> taken;
  };
  Turn take_turn(const async::StopFlag& stop);
  std::shared_ptr<const TreeState> state() const;
  void show(std::shared_ptr<const TreeState> state, base::WallTime as_of);
  base::Result<void> publish(std::shared_ptr<const TreeState> state, base::WallTime as_of);

  const IndexOptions options_;
  const std::shared_ptr<const TreeOnDisk> disk_;
  std::timed_mutex update_mutex_;  // one writer at a time; guards store_, loaded_
  Store store_;
  base::Log log_;
  bool loaded_ = false;

  mutable std::mutex state_mutex_;
  std::shared_ptr<const TreeState> state_ = std::make_shared<TreeState>();
  std::shared_ptr<const Snapshot> snapshot_;  // of state_
};

void TreeIndex::load() {
  auto stored = store_.load();
  loaded_ = stored != nullptr;
  if (!stored) stored = std::make_shared<TreeState>();
  const auto as_of = stored->manifest().as_of;
  show(std::move(stored), as_of);
}

std::shared_ptr<const TreeState> TreeIndex::state() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

void TreeIndex::show(std::shared_ptr<const TreeState> state, base::WallTime as_of) {
  const auto now = snapshot();
  IndexStatus status = now && state == this->state() ? now->status() : state->status();
  status.as_of = as_of;
  auto snapshot = std::make_shared<const TreeSnapshot>(state, std::move(status), disk_);
  const std::lock_guard lock(state_mutex_);
  state_ = std::move(state);
  snapshot_ = std::move(snapshot);
}

base::Result<void> TreeIndex::publish(std::shared_ptr<const TreeState> state, base::WallTime as_of) {
  auto published = store_.publish(*state);
  if (!published) return published;
  loaded_ = true;
  show(std::move(state), as_of);
  return {};
}

std::shared_ptr<const Snapshot> TreeIndex::snapshot() const {
  const std::lock_guard lock(state_mutex_);
  return snapshot_;
}

base::Result<UpdateReport> TreeIndex::update(const ProgressFn& progress, const async::StopFlag& stop,
                                             const UpdateScope& scope) {
  const auto begin = base::steady_now();
  UpdateRequest request{.root = disk_->root,
                        .exclude_globs = disk_->exclude_globs,
                        .max_file_bytes = options_.max_file_bytes,
                        .scope = scope,
                        .progress = progress,
                        .stop = stop,
                        .checkpoint = nullptr};
  auto sweep = sweep_tree(state(), request);
  if (!sweep) return base::fail(std::move(sweep).error());

  const Turn turn = take_turn(stop);
  if (!turn.taken) return base::fail(turn.taken.error());
  request.checkpoint = [this, &sweep](std::shared_ptr<const TreeState> state) {
    return publish(std::move(state), sweep->as_of);
  };
  const bool reused = loaded_;
  auto outcome = update_tree(*state(), store_, request, *sweep);
  if (!outcome) return base::fail(std::move(outcome).error());
  outcome->report.reused = reused;
  outcome->report.seconds = std::chrono::duration<double>(base::steady_now() - begin).count();
  if (outcome->state) {
    auto published = publish(std::move(outcome->state), sweep->as_of);
    if (!published) return base::fail(std::move(published).error());
  } else if (scope.looks.empty()) {
    show(state(), sweep->as_of);
  }
  return outcome->report;
}

// The writer's place in this process and among all of them, with what another one may have stored.
TreeIndex::Turn TreeIndex::take_turn(const async::StopFlag& stop) {
  Turn turn{std::unique_lock(update_mutex_, std::defer_lock), base::UniqueFd()};
  while (!turn.here.try_lock_for(std::chrono::milliseconds(20))) {
    if (stop.stopped()) {
      turn.taken = base::fail(base::Code::kCancelled, "stopped while another update runs");
      return turn;
    }
  }
  turn.taken = store_.lock(stop);
  if (turn.taken && store_.changed_by_others()) load();
  return turn;
}

base::Result<void> TreeIndex::reset(const async::StopFlag& stop) {
  const Turn turn = take_turn(stop);
  if (!turn.taken) return base::fail(turn.taken.error());
  Manifest manifest;
  manifest.generation = state()->manifest().generation + 1;
  auto empty = TreeState::make(std::move(manifest), {});
  if (!empty) return base::fail(std::move(empty).error());
  return publish(std::move(*empty), base::WallTime());
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
