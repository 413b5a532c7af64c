// TreeState: one immutable state of the index, ready to be read: the manifest with its segments mapped, and all living
// files in the order of their paths. Whoever holds one keeps its segments, even when newer states have replaced it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "search/index.h"
#include "search/manifest.h"
#include "search/segment.h"

namespace promethean::search {

struct FileRef {
  uint32_t segment = 0;
  uint32_t file = 0;
};

class TreeState {
 public:
  TreeState() = default;  // of a tree nobody has looked at yet
  // `segments` in the order of the manifest, with as many files each. kInvalidArgument when two living files share a
  // path.
  static base::Result<std::shared_ptr<const TreeState>> make(Manifest manifest,
                                                             std::vector<std::shared_ptr<const Segment>> segments);

  const Manifest& manifest() const { return manifest_; }
  std::span<const std::shared_ptr<const Segment>> segments() const { return segments_; }
  std::span<const FileRef> files() const { return files_; }  // by path

  Segment::File file(FileRef ref) const { return segments_[ref.segment]->file(ref.file); }
  std::string_view path(FileRef ref) const { return segments_[ref.segment]->path(ref.file); }
  const SeenFile& seen(FileRef ref) const { return manifest_.segments[ref.segment].seen[ref.file]; }
  std::optional<FileRef> find(std::string_view path) const;

  IndexStatus status() const;

 private:
  Manifest manifest_;
  std::vector<std::shared_ptr<const Segment>> segments_;
  std::vector<FileRef> files_;
};

}  // namespace promethean::search
