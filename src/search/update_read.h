// Reads one file of the tree for the index: the rules of what is taken in.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "search/manifest.h"
#include "search/segment.h"

namespace promethean::search {

struct ReadResult {
  enum class What {
    kText,     // `file` holds it
    kSame,     // its content has the hash that was expected
    kLeftOut,  // for `reason`
    kGone,     // removed, or no regular file any more
  };
  What what = What::kGone;
  LeftOutReason reason = LeftOutReason::kUnreadable;
  SeenFile seen;
  std::unique_ptr<PreparedFile> file;
};

// In this order: vendored by its path; larger than `max_bytes`; unreadable; binary (a NUL byte anywhere); generated or
// minified (says so itself, or by its name). `known_hash`: of the text that the index has for this path.
ReadResult read_for_index(const base::RootDir& root, const std::string& path, uint64_t max_bytes,
                          std::optional<uint64_t> known_hash);

}  // namespace promethean::search
