// The bytes of a lexical section (docs/formats/lexical.md): fixed records, little endian, no alignment.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace promethean::search::lexical_format {

static_assert(std::endian::native == std::endian::little, "records are copied as they lie");

inline constexpr char kMagic[4] = {'P', 'L', 'E', 'X'};
inline constexpr uint32_t kVersion = 2;

struct Header {
  char magic[4];
  uint32_t version;
  uint64_t total_length;
  uint64_t files, chunks, definitions, terms, names, strings, postings;  // offsets from the start of the section
  uint64_t strings_size, postings_size;
  uint32_t file_count, chunk_count, definition_count, term_count;
  uint64_t spellings, folded, folded_size;  // offsets of the two; bytes of the folded names
  uint32_t spelling_count, unused;
};

struct FileRecord {
  uint32_t path, path_size;  // into strings
  uint8_t language, role, flags;
  uint8_t stem_terms;  // distinct terms of the file's name
  uint32_t first_chunk, chunk_count;
  uint32_t first_definition, definition_count;
};
enum FileFlag : uint8_t { kGenerated = 1, kVendored = 2, kMinified = 4, kSideline = 8 };

struct ChunkRecord {
  uint32_t file, start_line, end_line, length;
  uint32_t definition;  // number + 1; 0: none
};

struct DefinitionRecord {
  uint32_t name, receiver, signature;  // into strings
  uint16_t name_size, receiver_size, signature_size;
  uint8_t kind, unused;
  uint32_t file;
  uint32_t parent;  // number + 1; 0: none
  uint32_t line, start_line, end_line, doc_line;
};

// A distinct name of definitions in lower case. In byte order; its text reaches to one byte before the next one's, a
// newline; its definitions are those of the names table from `first` to the next one's first.
struct SpellingRecord {
  uint32_t text;  // into the folded names
  uint32_t first;
  uint32_t letters;  // which letters are in it (name_letters)
};

// Terms are in byte order. Chunk postings lie at `postings`, file postings right behind them.
struct TermRecord {
  uint32_t text, text_size;
  uint32_t postings, chunk_bytes, chunk_count, file_bytes, file_count;
};

template <class Record>
Record load(std::string_view bytes, uint64_t offset) {
  Record record;
  std::memcpy(&record, bytes.data() + offset, sizeof record);
  return record;
}

template <class Record>
void append(std::string* out, const Record& record) {
  out->append(reinterpret_cast<const char*>(&record), sizeof record);
}

// A byte of a name in its folded form: ASCII letters in lower case, and no newline.
inline char fold_name_byte(char c) {
  if (c == '\n') return ' ';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Seven bits a byte, low ones first.
inline void append_varint(std::string* out, uint32_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// A posting's counts: body in the low five bits, definition in the high three.
inline constexpr uint32_t kMaxBody = 31, kMaxDefinition = 7;

}  // namespace promethean::search::lexical_format
