// One update: compare the tree with a TreeState, read what may have changed, write what has.
//
// The tree is looked at first (sweep_tree) and compared afterwards (update_tree), maybe with a newer state than there
// was then: what has got into the index meanwhile is not taken for gone, and the files themselves decide the rest.
//
// A file whose size, mtime, ctime and inode are those it had when it was read is unchanged, unless it had been touched
// within two seconds before that reading (its next change may leave no trace in the stat of a coarse clock): then it is
// read again, and its content hash decides. Changed texts go to a new segment together with the living files of small
// segments, which are copied from the index, not read from disk; what they replace is marked gone in the manifest. So
// one edit costs the sweep, one read and a small segment, and the number of segments stays small.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "search/index.h"
#include "search/store.h"
#include "search/tree_state.h"

namespace promethean::search {

struct UpdateRequest {
  const base::RootDir& root;
  std::vector<std::string> exclude_globs;
  uint64_t max_file_bytes;
  const UpdateScope& scope;
  const ProgressFn& progress;  // may be empty
  const async::StopFlag& stop;
  // Told now and then, during a long update, of a state that can be published: what has been taken in so far, so that
  // an update that is broken off goes on from there. May be empty.
  std::function<base::Result<void>(std::shared_ptr<const TreeState>)> checkpoint;
};

// The tree, or the places of the request, as they were at a time.
struct Sweep {
  base::WallTime as_of;
  std::shared_ptr<const TreeState> before;  // the index at that time
  repo::WalkResult tree;
};
base::Result<Sweep> sweep_tree(std::shared_ptr<const TreeState> before, const UpdateRequest& request);

struct UpdateOutcome {
  std::shared_ptr<const TreeState> state;  // to be published; null when the tree is as `current` has it
  UpdateReport report;
};

// Blocking; uses every processor. kCancelled when stopped: then nothing has changed. Needs the store's lock.
base::Result<UpdateOutcome> update_tree(const TreeState& current, const Store& store, const UpdateRequest& request,
                                        const Sweep& sweep);

}  // namespace promethean::search
