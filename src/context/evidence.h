// Evidence: where citations come from, in three parts that are asked at the same time. This instance's own index is one
// source (local_evidence.h).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/context.h"
#include "base/clock.h"
#include "context/citation.h"
#include "context/question.h"
#include "search/index.h"

namespace promethean::context {

using async::Context;
using async::Task;

using Citations = base::Result<std::vector<Citation>>;  // best first, without overlaps

// One state of the tree: its parts agree with each other.
struct EvidenceState {
  uint64_t generation = 0;
  base::WallTime as_of{};
  uint64_t pending = 0;  // places that are known to have changed since
  std::string stale;     // why it may lag behind the disk; empty: it does not
};

// Each part gives at most `limit` citations, read when they are asked for; kDeadlineExceeded or kCancelled when `ctx`
// ends first, else why the part could not be asked. Used on one core; the parts may run at the same time.
class EvidenceView {
 public:
  virtual ~EvidenceView() = default;
  virtual EvidenceState state() const = 0;
  virtual Task<Citations> symbols(Context& ctx, const Question& question, size_t limit) = 0;  // places and identifiers
  virtual Task<Citations> grep(Context& ctx, const Question& question, size_t limit) = 0;     // quoted strings
  virtual Task<Citations> search(Context& ctx, const Question& question, size_t limit, search::Kind kind) = 0;
};

// Threads: any core.
class EvidenceSource {
 public:
  virtual ~EvidenceSource() = default;

  // The tree as it is now. Waits up to `patience` for that, and longer only while there is nothing to answer from.
  virtual Task<base::Result<std::unique_ptr<EvidenceView>>> view(Context& ctx, std::chrono::milliseconds patience) = 0;

  // For each path (whole, or the end of one) the lines of the longest file that it may mean; -1: there is no such file.
  virtual Task<base::Result<std::vector<int>>> count_lines(Context& ctx, std::vector<std::string> paths) = 0;
};

}  // namespace promethean::context
