// The lexical section of a segment: files, chunks, definitions, and the postings of their terms. One byte string,
// written once, read in place (from memory or a mapping).
//
//   LexicalBuilder builder;
//   builder.add({.path = path, .text = text, .file_class = c, .definitions = d, .chunks = k});   // file 0, 1, 2, ...
//   std::string bytes = std::move(builder).finish();
//   auto index = LexicalIndex::open(bytes);          // `bytes` must outlive it
//
// Files are numbered in the order they were added, chunks and definitions likewise over the whole section. The bytes
// are independent of where they lie (no alignment needed, little endian); docs/formats/lexical.md gives the layout.
// LexicalIndex trusts nothing: damaged bytes give kInvalidArgument from open or fewer results later, never a crash.
// Threads: a builder has one user; a LexicalIndex is immutable and for any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "search/chunk.h"
#include "search/definitions.h"
#include "search/language.h"

namespace promethean::search {

struct LexicalFile {
  std::string_view path;  // relative to the root
  std::string_view text;
  FileClass file_class;
  std::span<const Definition> definitions;  // of this text
  std::span<const Chunk> chunks;            // of this text
};

class LexicalBuilder {
 public:
  LexicalBuilder();
  LexicalBuilder(LexicalBuilder&&) noexcept;
  LexicalBuilder& operator=(LexicalBuilder&&) noexcept;
  ~LexicalBuilder();

  // Copies what it needs; the views may go afterwards. Returns the file's number.
  uint32_t add(const LexicalFile& file);

  // What finish() would still hold, roughly. Start a new segment when it passes your bound (64 MiB is about 40 MB of
  // source).
  size_t memory_bytes() const;

  std::string finish() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Facts of one file. Views into the section.
struct LexicalFileInfo {
  std::string_view path;
  FileClass file_class;
  uint8_t stem_terms = 0;  // distinct terms of the file's name without its extension
  uint32_t first_chunk = 0, chunk_count = 0;
  uint32_t first_definition = 0, definition_count = 0;
};

struct LexicalChunkInfo {
  uint32_t file = 0;
  uint32_t start_line = 0, end_line = 0;
  uint32_t length = 0;                 // terms in it, for length normalisation
  std::optional<uint32_t> definition;  // the innermost one that encloses or fills it
};

struct LexicalDefinitionInfo {
  std::string_view name;
  std::string_view receiver;
  DefinitionKind kind = DefinitionKind::kFunction;
  uint32_t file = 0;
  std::optional<uint32_t> parent;  // the enclosing definition
  uint32_t line = 0, start_line = 0, end_line = 0, doc_line = 0;
  std::string_view signature;  // one line, trimmed
};

// One term's occurrence in a chunk, or (path terms) in a file.
struct Posting {
  uint32_t id = 0;         // chunk or file number
  uint8_t body = 0;        // times in the text, capped at 31; path terms: weight of the place
  uint8_t definition = 0;  // times in names defined there, capped at 7
};

class LexicalIndex {
 public:
  // Checks magic, version and table bounds, in time independent of the number of postings. kInvalidArgument says what
  // is wrong.
  static base::Result<LexicalIndex> open(std::string_view bytes);

  uint32_t file_count() const { return file_count_; }
  uint32_t chunk_count() const { return chunk_count_; }
  uint32_t definition_count() const { return definition_count_; }
  uint64_t total_length() const { return total_length_; }  // of all chunks

  // The number must be below the count, else a value of defaults comes back.
  LexicalFileInfo file(uint32_t number) const;
  LexicalChunkInfo chunk(uint32_t number) const;
  LexicalDefinitionInfo definition(uint32_t number) const;
  std::string scope(uint32_t definition) const;  // "Outer::inner" of what encloses it; empty at top level

  struct Term {
    std::string_view chunks;  // encoded postings; read them with PostingReader
    std::string_view files;
    uint32_t chunk_count = 0;
    uint32_t file_count = 0;
  };
  std::optional<Term> find_term(std::string_view term) const;

  // Definitions with this name, ignoring ASCII case; section order, at most `limit`.
  std::vector<uint32_t> find_definitions(std::string_view name, size_t limit) const;

  // The distinct names of definitions in lower case, numbered in byte order.
  struct Spelling {
    std::string_view folded;
    uint32_t letters = 0;           // name_letters of it
    uint32_t first = 0, count = 0;  // places of its definitions: named_definition(first), ...
  };
  uint32_t spelling_count() const { return spellings_.count; }
  Spelling spelling(uint32_t number) const;
  uint32_t named_definition(uint32_t place) const;         // a number of definition(), which checks it
  uint32_t first_spelling(std::string_view folded) const;  // the first that is not less than it
  std::vector<uint32_t> spellings_containing(std::string_view folded) const;

 private:
  struct Table {
    uint64_t offset = 0;
    uint32_t count = 0;
  };
  std::string_view blob(uint64_t offset, uint64_t size) const;
  std::string_view string_at(uint32_t offset, uint32_t size) const;

  std::string_view bytes_;
  std::string_view strings_;
  std::string_view postings_;
  Table files_, chunks_, definitions_, terms_, names_, spellings_;
  std::string_view folded_;
  uint32_t file_count_ = 0, chunk_count_ = 0, definition_count_ = 0;
  uint64_t total_length_ = 0;
};

// A name as the index folds it, and a set of what it is spelled with: a bit for each letter, one for digits, one for
// bytes from 0x80. A name that has not all bits of another cannot contain it.
std::string fold_name(std::string_view name);
uint32_t name_letters(std::string_view folded);

// Walks encoded postings; ids rise strictly. Damaged bytes end the walk.
class PostingReader {
 public:
  PostingReader(std::string_view bytes, uint32_t id_limit) : bytes_(bytes), limit_(id_limit) {}
  bool next(Posting* posting);

 private:
  std::string_view bytes_;
  size_t position_ = 0;
  uint64_t next_id_ = 0;
  uint32_t limit_;
};

}  // namespace promethean::search
