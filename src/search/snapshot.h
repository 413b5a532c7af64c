// The Snapshot over one TreeState (index.h has the face).
#pragma once

#include <memory>

#include "search/grep_candidates.h"
#include "search/index.h"
#include "search/tree_state.h"

namespace promethean::search {

class TreeSnapshot : public Snapshot {
 public:
  // `status` is that of the state, but for its time, which may be newer. `disk` may be null: then grep knows only what
  // is indexed.
  TreeSnapshot(std::shared_ptr<const TreeState> state, IndexStatus status, std::shared_ptr<const TreeOnDisk> disk);

  const IndexStatus& status() const override { return status_; }
  std::vector<Hit> search(std::string_view query, const SearchOptions& options,
                          const async::StopFlag& stop) const override;
  base::Result<GrepResult> grep(std::string_view pattern, const GrepOptions& options,
                                const async::StopFlag& stop) const override;
  SymbolsFound find_symbols(const SymbolQuery& query, const async::StopFlag& stop) const override;
  ReferencesFound find_references(const ReferenceQuery& query, const async::StopFlag& stop) const override;
  SymbolCount count_symbols(const std::vector<std::string>& paths) const override;
  std::vector<std::string> find_paths(std::string_view suffix, size_t limit) const override;
  std::vector<LeftOut> left_out(std::string_view reason, std::string_view after, size_t limit) const override;
  std::vector<std::string> files() const override;

 private:
  std::shared_ptr<const TreeState> state_;
  IndexStatus status_;
  std::shared_ptr<const TreeOnDisk> disk_;
};

}  // namespace promethean::search
