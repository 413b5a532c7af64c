// Listing: what a directory holds now, in the form that clients are told.
//
// Names that begin with a dot are hidden unless asked for; `.git` and what the ignore rules (ignore.h) leave out are
// never listed and are counted. A symbolic link is listed as what it leads to while that lies beneath the root, else as
// a link. Blocking; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async/context.h"
#include "base/error.h"
#include "base/fd.h"

namespace promethean::repo {

enum class EntryType { kDirectory, kFile, kLink, kOther };
std::string_view entry_type_name(EntryType type);  // "dir" "file" "link" "other"

struct Entry {
  std::string name;
  std::string path;  // relative to the root
  EntryType type = EntryType::kFile;
  bool link = false;  // reached through a symbolic link
  uint64_t size = 0;  // bytes; of files
  int64_t mtime_ms = 0;
  std::vector<Entry> children;  // of a directory that was entered
};

struct ListOptions {
  int depth = 1;  // 1: the directory's own entries; links are not entered
  bool hidden = false;
  size_t max_entries = 10'000;             // of the whole listing
  std::vector<std::string> exclude_globs;  // EXCLUDE_GLOBS
};

struct Listing {
  Entry directory;       // with its children: directories first, then by name, bytewise
  uint64_t ignored = 0;  // entries that the rules leave out
  bool truncated = false;
};

// `path` as clients write it; "", "." and "/" are the root. Errors: those of normalise_path and of RootDir; kNotFound
// when it is no directory; kCancelled.
base::Result<Listing> list_directory(const base::RootDir& root, std::string_view path, const ListOptions& options,
                                     const async::StopFlag& stop);

}  // namespace promethean::repo
