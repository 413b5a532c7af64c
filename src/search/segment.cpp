#include "search/segment.h"

#include <algorithm>
#include <array>

#include "search/segment_format.h"

namespace promethean::search {

namespace {

std::unexpected<base::Error> damaged(std::string what) {
  return base::fail(base::Code::kInvalidArgument, "damaged segment: " + std::move(what));
}

using Sections = std::array<std::string_view, kSectionCount>;

// Header, section table and checksums. The sections come back in the order of their ids.
base::Result<Sections> read_frame(std::string_view bytes) {
  SegmentHeader header;
  std::array<SectionEntry, kSectionCount> table;
  if (bytes.size() < kSectionsBegin) return damaged("too short");
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::memcpy(table.data(), bytes.data() + sizeof(header), sizeof(table));
  if (std::string_view(header.magic, sizeof(header.magic)) != kSegmentMagic) return damaged("not a segment file");
  if (header.version != kSegmentVersion) return damaged("version " + std::to_string(header.version));
  if (header.section_count != kSectionCount) return damaged("section count");
  if (header.file_size != bytes.size()) return damaged("the size is not the one written");
  if (header.table_hash != base::hash64(bytes_of(table.data(), table.size()))) return damaged("section table checksum");

  Sections sections;
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    const SectionEntry& entry = table[i];
    if (entry.id != i + 1 || entry.offset % 8 != 0) return damaged("section table");
    if (entry.offset > bytes.size() || entry.size > bytes.size() - entry.offset) return damaged("section bounds");
    sections[i] = bytes.substr(entry.offset, entry.size);
    if (entry.hash != base::hash64(sections[i])) return damaged("checksum of section " + std::to_string(entry.id));
  }
  return sections;
}

// Sections begin at multiples of 8 in a mapping or an allocated string, so records are aligned.
template <class T>
base::Result<std::span<const T>> records(std::string_view section) {
  if (section.size() % sizeof(T) != 0 || reinterpret_cast<uintptr_t>(section.data()) % alignof(T) != 0) {
    return damaged("record table");
  }
  return std::span<const T>(reinterpret_cast<const T*>(section.data()), section.size() / sizeof(T));
}

bool within(uint64_t offset, uint64_t size, uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

}  // namespace

base::Result<std::shared_ptr<const Segment>> Segment::open(const std::string& path, uint64_t id) {
  auto mapping = base::MappedFile::open(path);
  if (!mapping) return base::fail(std::move(mapping).error());
  const std::shared_ptr<Segment> segment(new Segment());
  segment->id_ = id;
  segment->mapping_ = std::move(*mapping);
  auto parsed = segment->parse(segment->mapping_.bytes());
  if (!parsed) return base::fail(std::move(parsed).error());
  return segment;
}

base::Result<std::shared_ptr<const Segment>> Segment::from_bytes(std::string bytes) {
  const std::shared_ptr<Segment> segment(new Segment());
  segment->memory_ = std::move(bytes);
  auto parsed = segment->parse(segment->memory_);
  if (!parsed) return base::fail(std::move(parsed).error());
  return segment;
}

base::Result<void> Segment::parse(std::string_view bytes) {
  const auto sections = read_frame(bytes);
  if (!sections) return base::fail(sections.error());
  const auto section = [&sections](SectionId id) { return (*sections)[static_cast<uint32_t>(id) - 1]; };
  paths_ = section(SectionId::kPaths);
  content_ = section(SectionId::kContent);
  const auto files = records<FileRecord>(section(SectionId::kFiles));
  if (!files) return base::fail(files.error());
  const auto blocks = records<BlockRecord>(section(SectionId::kBlocks));
  if (!blocks) return base::fail(blocks.error());
  files_ = *files;
  blocks_ = *blocks;
  auto sound = check_files();
  if (!sound) return sound;

  auto lexical = LexicalIndex::open(section(SectionId::kLexical));
  if (!lexical) return base::fail(std::move(lexical).error());
  lexical_ = std::move(*lexical);
  if (lexical_->file_count() != files_.size()) return damaged("the lexical section is about other files");
  return {};
}

base::Result<void> Segment::check_files() const {
  std::string_view previous;
  for (uint32_t i = 0; i < files_.size(); ++i) {
    const FileRecord& file = files_[i];
    if (!within(file.path_offset, file.path_size, paths_.size()) || file.path_size == 0) return damaged("path");
    if (!within(file.content_offset, file.size, content_.size())) return damaged("file content");
    if (!within(file.first_block, file.block_count, blocks_.size())) return damaged("block range");
    if (file.language >= kLanguageCount || file.role > static_cast<uint8_t>(Role::kData)) return damaged("file class");
    if (!blocks_are_sound(i)) return damaged("blocks");
    const std::string_view name = path(i);
    if (i > 0 && name <= previous) return damaged("order of paths");
    previous = name;
  }
  return {};
}

// The blocks of a file follow each other and cover exactly its bytes; their first lines rise.
bool Segment::blocks_are_sound(uint32_t number) const {
  const FileRecord& file = files_[number];
  uint64_t at = file.content_offset;
  uint32_t line = 0;
  for (const BlockRecord& block : blocks_.subspan(file.first_block, file.block_count)) {
    if (block.offset != at || block.size == 0 || block.size > file.size || block.file != number) return false;
    if (block.first_line <= line || block.first_line > file.line_count) return false;
    at += block.size;
    line = block.first_line;
  }
  return at == file.content_offset + file.size;
}

std::string_view Segment::path(uint32_t number) const {
  const FileRecord& file = files_[number];
  return paths_.substr(file.path_offset, file.path_size);
}

Segment::File Segment::file(uint32_t number) const {
  const FileRecord& record = files_[number];
  return {path(number),
          FileText(content_.substr(record.content_offset, record.size), record.content_offset,
                   blocks_.subspan(record.first_block, record.block_count), record.line_count),
          &record};
}

std::optional<uint32_t> Segment::find(std::string_view wanted) const {
  uint32_t low = 0, high = file_count();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (path(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == file_count() || path(low) != wanted) return std::nullopt;
  return low;
}

}  // namespace promethean::search
