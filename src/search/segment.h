// Segment: one immutable file of the index: the packed text of some files, their table, and the lexical section over
// them. docs/formats/segment.md gives every byte.
//
//   SegmentBuilder builder;
//   builder.add({...});                                  // in the order of paths
//   auto segment = std::move(builder).write(path);      // temporary name, fsync, rename; then mapped
//   segment->file(0).path, segment->file(0).text
//
// The reader trusts nothing: checksums, bounds and order are verified before a Segment exists; what is damaged is
// kInvalidArgument from open. A segment file is never changed in place. Whether a file of a segment is still part of
// the tree is not its affair: the manifest says so (manifest.h).
//
// Threads: a builder has one user; a Segment is immutable and for any thread, and its views live as long as it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "search/content.h"
#include "search/language.h"
#include "search/lexical.h"

namespace promethean::search {

// As stored.
struct FileRecord {
  static constexpr uint16_t kHidden = 1;    // a name in its path begins with a dot
  static constexpr uint16_t kSideline = 2;  // examples, legacy, benchmarks

  uint64_t content_offset = 0;
  uint64_t content_hash = 0;  // base::hash64 of the text
  uint32_t size = 0;
  uint32_t path_offset = 0;
  uint32_t path_size = 0;
  uint32_t first_block = 0;
  uint32_t block_count = 0;
  uint32_t line_count = 0;
  uint8_t language = 0;
  uint8_t role = 0;
  uint16_t flags = 0;
  uint32_t reserved = 0;
};
static_assert(sizeof(FileRecord) == 48);

// One file to be put into a segment, with what was found in its text.
struct PreparedFile {
  std::string path;
  std::string text;
  uint64_t hash = 0;
  FileClass file_class;
  std::vector<Definition> definitions;  // views into `text`
  std::vector<Chunk> chunks;
};

// Scans the text for definitions and chunks; it is moved into its place first, so that the views hold. Pure.
std::unique_ptr<PreparedFile> prepare_file(std::string path, std::string text, uint64_t hash,
                                           const FileClass& file_class);

class Segment;

class SegmentBuilder {
 public:
  SegmentBuilder();
  // Paths must come in rising order.
  void add(const PreparedFile& file);
  size_t file_count() const { return files_.size(); }
  size_t content_bytes() const { return content_.bytes().size(); }
  bool full() const;  // holds as much as one segment should

  std::string encode() &&;  // the bytes of the file
  // Writes to `path` and opens it.
  base::Result<std::shared_ptr<const Segment>> write(const std::string& path, uint64_t id) &&;

 private:
  std::string paths_;
  std::vector<FileRecord> files_;
  ContentBuilder content_;
  LexicalBuilder lexical_;
};

class Segment {
 public:
  static base::Result<std::shared_ptr<const Segment>> open(const std::string& path, uint64_t id);
  // The same over bytes in memory, which the Segment takes over; for tests and fuzzing.
  static base::Result<std::shared_ptr<const Segment>> from_bytes(std::string bytes);

  struct File {
    std::string_view path;
    FileText text;
    const FileRecord* record = nullptr;
  };

  uint64_t id() const { return id_; }
  uint32_t file_count() const { return static_cast<uint32_t>(files_.size()); }
  File file(uint32_t number) const;  // number < file_count()
  std::string_view path(uint32_t number) const;
  std::optional<uint32_t> find(std::string_view path) const;
  uint64_t content_bytes() const { return content_.size(); }
  const LexicalIndex& lexical() const { return *lexical_; }

 private:
  Segment() = default;
  base::Result<void> parse(std::string_view bytes);
  base::Result<void> check_files() const;
  bool blocks_are_sound(uint32_t number) const;

  uint64_t id_ = 0;
  base::MappedFile mapping_;
  std::string memory_;
  std::string_view paths_;
  std::string_view content_;
  std::span<const FileRecord> files_;
  std::span<const BlockRecord> blocks_;
  std::optional<LexicalIndex> lexical_;
};

// Puts right the checksums of damaged bytes, so that tests and fuzzing reach what lies behind them.
void reseal_segment(std::string* bytes);

}  // namespace promethean::search
