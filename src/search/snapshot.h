// The Snapshot over one TreeState (index.h has the face).
#pragma once

#include <memory>

#include "search/index.h"
#include "search/tree_state.h"

namespace promethean::search {

class TreeSnapshot : public Snapshot {
 public:
  // `status` is that of the state, but for its time, which may be newer.
  TreeSnapshot(std::shared_ptr<const TreeState> state, IndexStatus status);

  const IndexStatus& status() const override { return status_; }
  std::vector<Hit> search(std::string_view query, const SearchOptions& options,
                          const async::StopFlag& stop) const override;
  base::Result<GrepResult> grep(std::string_view pattern, const GrepOptions& options,
                                const async::StopFlag& stop) const override;
  std::vector<Symbol> find_symbols(std::string_view name, size_t limit) const override;
  std::vector<Symbol> outline(std::string_view path) const override;
  std::vector<std::string> find_paths(std::string_view suffix, size_t limit) const override;
  std::vector<LeftOut> left_out(std::string_view reason, std::string_view after, size_t limit) const override;
  std::vector<std::string> files() const override;

 private:
  Symbol symbol(FileRef ref, uint32_t definition) const;

  std::shared_ptr<const TreeState> state_;
  IndexStatus status_;
};

}  // namespace promethean::search
