#include "search/tree_state.h"

#include <algorithm>
#include <iterator>

namespace promethean::search {

base::Result<std::shared_ptr<const TreeState>> TreeState::make(Manifest manifest,
                                                               std::vector<std::shared_ptr<const Segment>> segments) {
  auto state = std::make_shared<TreeState>();
  state->manifest_ = std::move(manifest);
  state->segments_ = std::move(segments);
  const auto by_path = [&](FileRef a, FileRef b) { return state->path(a) < state->path(b); };
  for (uint32_t s = 0; s < state->segments_.size(); ++s) {
    std::vector<FileRef> living;  // in order: each segment is
    for (uint32_t f = 0; f < state->segments_[s]->file_count(); ++f) {
      if (state->manifest_.segments[s].alive(f)) living.push_back({s, f});
    }
    std::vector<FileRef> merged;
    merged.reserve(state->files_.size() + living.size());
    std::ranges::merge(state->files_, living, std::back_inserter(merged), by_path);
    state->files_ = std::move(merged);
  }
  const auto same = [&](FileRef a, FileRef b) { return state->path(a) == state->path(b); };
  if (std::ranges::adjacent_find(state->files_, same) != state->files_.end()) {
    return base::fail(base::Code::kInvalidArgument, "damaged index: two files of one name");
  }
  return state;
}

std::optional<FileRef> TreeState::find(std::string_view wanted) const {
  const auto at = std::ranges::lower_bound(files_, wanted, {}, [this](FileRef ref) { return path(ref); });
  if (at == files_.end() || path(*at) != wanted) return std::nullopt;
  return *at;
}

IndexStatus TreeState::status() const {
  IndexStatus status;
  status.generation = manifest_.generation;
  status.as_of = manifest_.as_of;
  status.files = files_.size();
  for (const FileRef ref : files_) {
    const auto info = segments_[ref.segment]->lexical().file(ref.file);
    status.bytes += file(ref).record->size;
    status.chunks += info.chunk_count;
    status.symbols += info.definition_count;
  }
  const auto count = [&status](std::string_view reason, uint64_t files) {
    if (files > 0) status.left_out[std::string(reason)] += files;
  };
  for (const LeftOutFile& file : manifest_.left_out) count(reason_name(file.reason), 1);
  count("ignored", manifest_.ignored);
  count("not_regular", manifest_.not_regular);
  count("unreadable", manifest_.unreadable_directories);
  return status;
}

}  // namespace promethean::search
