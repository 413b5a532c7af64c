// LocalEvidence: citations from this instance's own index; each is read from disk when it is asked for.
#pragma once

#include "async/pool.h"
#include "base/fd.h"
#include "context/evidence.h"
#include "search/live_index.h"

namespace promethean::context {

class LocalEvidence final : public EvidenceSource {
 public:
  // All three outlive it.
  LocalEvidence(search::LiveIndex& index, const base::RootDir& root, async::BlockingPool& pool)
      : index_(index), root_(root), pool_(pool) {}

  Task<base::Result<std::unique_ptr<EvidenceView>>> view(Context& ctx, std::chrono::milliseconds patience) override;
  Task<base::Result<std::vector<int>>> count_lines(Context& ctx, std::vector<std::string> paths) override;

 private:
  search::LiveIndex& index_;
  const base::RootDir& root_;
  async::BlockingPool& pool_;
};

}  // namespace promethean::context
