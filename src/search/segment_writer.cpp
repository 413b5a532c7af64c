#include <array>

#include "base/check.h"
#include "search/segment.h"
#include "search/segment_format.h"

namespace promethean::search {

namespace {

constexpr size_t kFullLexicalBytes = 64 << 20;
constexpr size_t kFullContentBytes = 48 << 20;

bool is_hidden(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

void pad_to_eight(std::string* bytes) {
  bytes->append((8 - bytes->size() % 8) % 8, '\0');
}

}  // namespace

std::unique_ptr<PreparedFile> prepare_file(std::string path, std::string text, uint64_t hash,
                                           const FileClass& file_class) {
  auto file = std::make_unique<PreparedFile>();
  file->path = std::move(path);
  file->text = std::move(text);
  file->hash = hash;
  file->file_class = file_class;
  file->definitions = scan_definitions(file->file_class.language, file->text);
  file->chunks = chunk_file(file->text, file->definitions);
  return file;
}

SegmentBuilder::SegmentBuilder() = default;

void SegmentBuilder::add(const PreparedFile& file) {
  const auto number = static_cast<uint32_t>(files_.size());
  const auto place = content_.add(number, file.text);
  FileRecord record;
  record.content_offset = place.offset;
  record.content_hash = file.hash;
  record.size = static_cast<uint32_t>(file.text.size());
  record.path_offset = static_cast<uint32_t>(paths_.size());
  record.path_size = static_cast<uint32_t>(file.path.size());
  record.first_block = place.first_block;
  record.block_count = place.block_count;
  record.line_count = place.line_count;
  record.language = static_cast<uint8_t>(file.file_class.language);
  record.role = static_cast<uint8_t>(file.file_class.role);
  record.flags = static_cast<uint16_t>((is_hidden(file.path) ? FileRecord::kHidden : 0) |
                                       (file.file_class.sideline ? FileRecord::kSideline : 0));
  paths_ += file.path;
  files_.push_back(record);
  const uint32_t lexical_number = lexical_.add({.path = file.path,
                                                .text = file.text,
                                                .file_class = file.file_class,
                                                .definitions = file.definitions,
                                                .chunks = file.chunks});
  CHECK(lexical_number == number);
}

bool SegmentBuilder::full() const {
  return lexical_.memory_bytes() > kFullLexicalBytes || content_bytes() > kFullContentBytes;
}

std::string SegmentBuilder::encode() && {
  const std::string lexical = std::move(lexical_).finish();
  const std::array<std::pair<SectionId, std::string_view>, kSectionCount> sections{{
      {SectionId::kPaths, paths_},
      {SectionId::kFiles, bytes_of(files_.data(), files_.size())},
      {SectionId::kBlocks, bytes_of(content_.blocks().data(), content_.blocks().size())},
      {SectionId::kContent, content_.bytes()},
      {SectionId::kLexical, lexical},
  }};
  std::string bytes(kSectionsBegin, '\0');
  std::array<SectionEntry, kSectionCount> table{};
  for (size_t i = 0; i < sections.size(); ++i) {
    const auto& [id, section] = sections[i];
    table[i] = {static_cast<uint32_t>(id), 0, bytes.size(), section.size(), base::hash64(section)};
    bytes += section;
    pad_to_eight(&bytes);
  }
  SegmentHeader header{};
  std::memcpy(header.magic, kSegmentMagic.data(), sizeof(header.magic));
  header.version = kSegmentVersion;
  header.section_count = kSectionCount;
  header.file_size = bytes.size();
  header.table_hash = base::hash64(bytes_of(table.data(), table.size()));
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), table.data(), sizeof(table));
  return bytes;
}

base::Result<std::shared_ptr<const Segment>> SegmentBuilder::write(const std::string& path, uint64_t id) && {
  auto written = base::write_file_atomic(path, std::move(*this).encode(), 0600);
  if (!written) return base::fail(std::move(written).error());
  return Segment::open(path, id);
}

void reseal_segment(std::string* bytes) {
  if (bytes->size() < kSectionsBegin) return;
  std::array<SectionEntry, kSectionCount> table;
  std::memcpy(table.data(), bytes->data() + sizeof(SegmentHeader), sizeof(table));
  for (SectionEntry& entry : table) {
    if (entry.offset > bytes->size() || entry.size > bytes->size() - entry.offset) continue;
    entry.hash = base::hash64(std::string_view(*bytes).substr(entry.offset, entry.size));
  }
  std::memcpy(bytes->data() + sizeof(SegmentHeader), table.data(), sizeof(table));
  SegmentHeader header;
  std::memcpy(&header, bytes->data(), sizeof(header));
  header.file_size = bytes->size();
  header.table_hash = base::hash64(bytes_of(table.data(), table.size()));
  std::memcpy(bytes->data(), &header, sizeof(header));
}

}  // namespace promethean::search
