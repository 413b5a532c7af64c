// Content: the text of many files packed into one byte string, cut into line-aligned blocks.
//
// A file's bytes lie together, unchanged, followed by one NUL byte (no indexed text has one, so nothing that is found
// can reach from one file into the next). A block is at most 16 KiB of whole lines of one file, or one longer line; it
// knows its first line, so that turning an offset into a line number reads one block at most. Later indexes point at
// blocks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

inline constexpr size_t kBlockBytes = 16 << 10;

// As stored (docs/formats/segment.md): little endian, no padding.
struct BlockRecord {
  static constexpr uint32_t kNonAscii = 1;  // has a byte of 0x80 or more

  uint64_t offset = 0;  // from the start of the content
  uint32_t size = 0;
  uint32_t file = 0;
  uint32_t first_line = 0;  // 1-based
  uint32_t flags = 0;
};
static_assert(sizeof(BlockRecord) == 24);

class ContentBuilder {
 public:
  struct Place {
    uint64_t offset = 0;
    uint32_t first_block = 0;
    uint32_t block_count = 0;
    uint32_t line_count = 0;  // a last line without a newline counts
  };
  // Appends one file. `file` is its number; `text` has no NUL byte.
  Place add(uint32_t file, std::string_view text);

  const std::string& bytes() const { return bytes_; }
  const std::vector<BlockRecord>& blocks() const { return blocks_; }

 private:
  std::string bytes_;
  std::vector<BlockRecord> blocks_;
};

// One file's text with its blocks: lines and offsets of it. Views; valid while the segment is held.
class FileText {
 public:
  FileText() = default;
  FileText(std::string_view text, uint64_t offset, std::span<const BlockRecord> blocks, uint32_t line_count)
      : text_(text), offset_(offset), blocks_(blocks), line_count_(line_count) {}

  std::string_view text() const { return text_; }
  uint32_t line_count() const { return line_count_; }

  // The 1-based line of a byte of the text (0 <= offset <= size; the end belongs to the last line).
  uint32_t line_at(size_t offset) const;
  // Where line `line` begins; the size of the text for a line behind the last.
  size_t line_begin(uint32_t line) const;
  // Lines first..last with their newlines, cut to what there is.
  std::string_view lines(uint32_t first, uint32_t last) const;
  bool ascii() const;

 private:
  std::string_view text_;
  uint64_t offset_ = 0;  // of the text in the content
  std::span<const BlockRecord> blocks_;
  uint32_t line_count_ = 0;
};

}  // namespace promethean::search
