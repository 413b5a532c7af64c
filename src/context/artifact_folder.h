// The folder of the artifacts: files that appear whole or not at all, and nothing but our own is ever deleted.
//
//   <id>.md                    an exchange with its texts
//   exchanges.jsonl            one line for each exchange, today's
//   exchanges-<id>.jsonl       lines of earlier days; the id is of the moment in which they were put aside
//   index.md                   says what the folder is; made once
//   .<id>.md.tmp               being written
//
// Several processes may share a folder. Names are opened without following links, so that nobody who can write into the
// folder leads us out of it. Blocks; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace promethean::context {

inline constexpr std::string_view kExchangesFile = "exchanges.jsonl";

class ArtifactFolder {
 public:
  // Makes what is missing of `path` (mode 0700). kPermissionDenied when its last part is a symbolic link.
  static base::Result<ArtifactFolder> open(const std::string& path);

  const std::string& path() const { return path_; }

  // A new file of mode 0600, on disk before it has its name.
  base::Result<void> write(const std::string& name, std::string_view bytes);

  // Whole lines at the end of exchanges.jsonl, all of one day; `id` is the first one's. What stands there from another
  // day, or is over `rotate_bytes`, is put aside before.
  base::Result<void> append(const std::string& id, std::string_view lines, int64_t rotate_bytes);
  static bool same_day(std::string_view id, std::string_view other);

  // Deletes what was last changed before `oldest`, and of a folder over `max_bytes` the oldest until at most `down_to`
  // are left. Gives how many are left.
  base::Result<int64_t> sweep(base::WallTime oldest, int64_t max_bytes, int64_t down_to);

 private:
  explicit ArtifactFolder(std::string path) : path_(std::move(path)) {}
  base::Result<void> reopen();
  base::Result<void> make_sure();  // the folder was not taken away
  base::Result<void> open_lines();
  base::Result<void> put_aside(const std::string& id);
  void explain();

  std::string path_;
  base::UniqueFd folder_;
  base::UniqueFd lines_;
  std::string day_;  // of the first line of lines_: "20261125"
};

// True for names that the folder's own files have, but for index.md and the file that is being written to.
bool is_artifact_name(std::string_view name);

// The files with exchanges' lines in the folder, the newest first. For readers.
std::vector<std::string> exchange_line_files(const std::string& folder);

}  // namespace promethean::context
