// Manifest: which segments make up the index of a tree, which of their files are still there, what stat said of each
// when it was read, and what was left out and why. The only part of an index that is ever replaced.
//
// The file is written whole to a temporary name and renamed, so a reader sees one state or the next; a checksum at its
// end covers all of it. docs/formats/segment.md gives every byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "repo/walk.h"

namespace promethean::search {

// Why a file of the tree is not in the index. Stored: append only.
enum class LeftOutReason : uint8_t {
  kBinary = 1,
  kGenerated = 2,
  kVendored = 3,
  kTooLarge = 4,
  kUnreadable = 5,
  kRemoved = 6
};

std::string_view reason_name(LeftOutReason reason);  // "binary", "too_large", ...

// What is remembered of one file on disk since it was last read.
struct SeenFile {
  repo::FileStat stat;
  // It had changed within two seconds before it was read, so it may have changed again without any trace in its stat.
  bool racy = false;
};

struct LeftOutFile {
  std::string path;
  LeftOutReason reason = LeftOutReason::kBinary;
  SeenFile seen;
};

struct SegmentState {
  uint64_t id = 0;             // names the file
  std::vector<SeenFile> seen;  // by file number
  std::vector<uint64_t> gone;  // bit f of word f/64: file f was removed or replaced

  bool alive(uint32_t file) const { return (gone[file / 64] >> (file % 64) & 1) == 0; }
  void remove(uint32_t file) { gone[file / 64] |= uint64_t{1} << (file % 64); }
  static SegmentState make(uint64_t id, std::vector<SeenFile> seen);
};

struct Manifest {
  uint64_t generation = 0;
  base::WallTime as_of;
  uint64_t ignored = 0;  // counts of the last walk
  uint64_t not_regular = 0;
  uint64_t unreadable_directories = 0;
  std::vector<SegmentState> segments;
  std::vector<LeftOutFile> left_out;  // by path
};

std::string encode_manifest(const Manifest& manifest);
base::Result<Manifest> decode_manifest(std::string_view bytes);  // kInvalidArgument when damaged

}  // namespace promethean::search
