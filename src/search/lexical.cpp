#include "search/lexical.h"

#include <algorithm>
#include <cstring>

#include "search/lexical_format.h"

namespace promethean::search {
namespace {

using namespace lexical_format;

base::Result<LexicalIndex> damaged(const char* what) {
  return base::fail(base::Code::kInvalidArgument, std::string("the lexical section is damaged: ") + what,
                    "rebuild the index");
}

}  // namespace

base::Result<LexicalIndex> LexicalIndex::open(std::string_view bytes) {
  if (bytes.size() < sizeof(Header)) return damaged("it is too short");
  const auto h = load<Header>(bytes, 0);
  if (std::memcmp(h.magic, kMagic, sizeof kMagic) != 0) return damaged("it does not start with its mark");
  if (h.version != kVersion) return damaged("its version is not ours");

  const auto holds = [&bytes](uint64_t offset, uint64_t count, uint64_t size) {
    return offset <= bytes.size() && count * size <= bytes.size() - offset;
  };
  const bool sound =
      holds(h.files, h.file_count, sizeof(FileRecord)) && holds(h.chunks, h.chunk_count, sizeof(ChunkRecord)) &&
      holds(h.definitions, h.definition_count, sizeof(DefinitionRecord)) &&
      holds(h.terms, h.term_count, sizeof(TermRecord)) && holds(h.names, h.definition_count, sizeof(uint32_t)) &&
      holds(h.spellings, h.spelling_count, sizeof(SpellingRecord)) && holds(h.folded, h.folded_size, 1) &&
      holds(h.strings, h.strings_size, 1) && holds(h.postings, h.postings_size, 1);
  if (!sound) return damaged("a table reaches over its end");

  LexicalIndex index;
  index.bytes_ = bytes;
  index.files_ = {h.files, h.file_count};
  index.chunks_ = {h.chunks, h.chunk_count};
  index.definitions_ = {h.definitions, h.definition_count};
  index.terms_ = {h.terms, h.term_count};
  index.names_ = {h.names, h.definition_count};
  index.spellings_ = {h.spellings, h.spelling_count};
  index.folded_ = bytes.substr(h.folded, h.folded_size);
  index.strings_ = bytes.substr(h.strings, h.strings_size);
  index.postings_ = bytes.substr(h.postings, h.postings_size);
  index.file_count_ = h.file_count, index.chunk_count_ = h.chunk_count, index.definition_count_ = h.definition_count;
  index.total_length_ = h.total_length;
  return index;
}

std::string_view LexicalIndex::string_at(uint32_t offset, uint32_t size) const {
  if (offset > strings_.size() || size > strings_.size() - offset) return {};
  return strings_.substr(offset, size);
}

LexicalFileInfo LexicalIndex::file(uint32_t number) const {
  if (number >= files_.count) return {};
  const auto r = load<FileRecord>(bytes_, files_.offset + number * sizeof(FileRecord));
  LexicalFileInfo info;
  info.path = string_at(r.path, r.path_size);
  info.file_class.language = r.language < kLanguageCount ? static_cast<Language>(r.language) : Language::kUnknown;
  info.file_class.role = r.role <= static_cast<uint8_t>(Role::kData) ? static_cast<Role>(r.role) : Role::kCode;
  info.file_class.generated = r.flags & kGenerated, info.file_class.vendored = r.flags & kVendored;
  info.file_class.minified = r.flags & kMinified, info.file_class.sideline = r.flags & kSideline;
  info.stem_terms = r.stem_terms;
  info.first_chunk = std::min(r.first_chunk, chunk_count_);
  info.chunk_count = std::min(r.chunk_count, chunk_count_ - info.first_chunk);
  info.first_definition = std::min(r.first_definition, definition_count_);
  info.definition_count = std::min(r.definition_count, definition_count_ - info.first_definition);
  return info;
}

LexicalChunkInfo LexicalIndex::chunk(uint32_t number) const {
  if (number >= chunks_.count) return {};
  const auto r = load<ChunkRecord>(bytes_, chunks_.offset + number * sizeof(ChunkRecord));
  LexicalChunkInfo info{.file = r.file < file_count_ ? r.file : 0,
                        .start_line = r.start_line,
                        .end_line = r.end_line,
                        .length = r.length,
                        .definition = std::nullopt};
  if (r.definition > 0 && r.definition <= definition_count_) info.definition = r.definition - 1;
  return info;
}

LexicalDefinitionInfo LexicalIndex::definition(uint32_t number) const {
  if (number >= definitions_.count) return {};
  const auto r = load<DefinitionRecord>(bytes_, definitions_.offset + number * sizeof(DefinitionRecord));
  LexicalDefinitionInfo info;
  info.name = string_at(r.name, r.name_size);
  info.receiver = string_at(r.receiver, r.receiver_size);
  info.signature = string_at(r.signature, r.signature_size);
  info.kind = r.kind < kDefinitionKindCount ? static_cast<DefinitionKind>(r.kind) : DefinitionKind::kFunction;
  info.file = r.file < file_count_ ? r.file : 0;
  if (r.parent > 0 && r.parent <= number)
    info.parent = r.parent - 1;  // an encloser comes first, so this cannot go round
  info.line = r.line, info.start_line = r.start_line, info.end_line = r.end_line, info.doc_line = r.doc_line;
  return info;
}

std::string LexicalIndex::scope(uint32_t number) const {
  const LexicalDefinitionInfo self = definition(number);
  const Language language = file(self.file).file_class.language;
  const std::string_view joint =
      language == Language::kCpp || language == Language::kRust || language == Language::kC ? "::" : ".";
  std::string scope(self.receiver);
  const auto prepend = [&scope, joint](std::string_view name) {
    if (!name.empty()) scope = scope.empty() ? std::string(name) : std::string(name) + std::string(joint) + scope;
  };
  std::optional<uint32_t> at = self.parent;
  for (int depth = 0; at && depth < 100; ++depth) {
    const LexicalDefinitionInfo info = definition(*at);
    prepend(info.name);
    prepend(info.receiver);
    at = info.parent;
  }
  return scope;
}

std::optional<LexicalIndex::Term> LexicalIndex::find_term(std::string_view term) const {
  uint32_t low = 0, high = terms_.count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const auto r = load<TermRecord>(bytes_, terms_.offset + middle * sizeof(TermRecord));
    const int order = string_at(r.text, r.text_size).compare(term);
    if (order == 0) {
      if (r.postings > postings_.size() || r.chunk_bytes > postings_.size() - r.postings) return std::nullopt;
      const std::string_view rest = postings_.substr(r.postings + r.chunk_bytes);
      return Term{.chunks = postings_.substr(r.postings, r.chunk_bytes),
                  .files = rest.substr(0, r.file_bytes),
                  .chunk_count = std::min(r.chunk_count, chunk_count_),
                  .file_count = std::min(r.file_count, file_count_)};
    }
    order < 0 ? low = middle + 1 : high = middle;
  }
  return std::nullopt;
}

std::vector<uint32_t> LexicalIndex::find_definitions(std::string_view name, size_t limit) const {
  const std::string folded = fold_name(name);
  const uint32_t number = first_spelling(folded);
  std::vector<uint32_t> found;
  if (number == spelling_count() || spelling(number).folded != folded) return found;
  const Spelling same = spelling(number);
  for (uint32_t i = 0; i < same.count && found.size() < limit; ++i) {
    if (const uint32_t d = named_definition(same.first + i); d < definition_count_) found.push_back(d);
  }
  return found;
}

LexicalIndex::Spelling LexicalIndex::spelling(uint32_t number) const {
  if (number >= spellings_.count) return {};
  const auto at = [this](uint32_t n) {
    return load<SpellingRecord>(bytes_, spellings_.offset + n * sizeof(SpellingRecord));
  };
  const SpellingRecord r = at(number);
  const bool last = number + 1 == spellings_.count;
  const uint64_t end = last ? folded_.size() : at(number + 1).text;
  const uint32_t behind = last ? names_.count : at(number + 1).first;
  if (end > folded_.size() || end <= r.text || behind > names_.count || behind < r.first) return {};
  return {.folded = folded_.substr(r.text, end - r.text - 1),
          .letters = r.letters,
          .first = r.first,
          .count = behind - r.first};
}

uint32_t LexicalIndex::named_definition(uint32_t place) const {
  return place < names_.count ? load<uint32_t>(bytes_, names_.offset + place * sizeof(uint32_t)) : UINT32_MAX;
}

uint32_t LexicalIndex::first_spelling(std::string_view folded) const {
  uint32_t low = 0, high = spellings_.count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    spelling(middle).folded < folded ? low = middle + 1 : high = middle;
  }
  return low;
}

std::vector<uint32_t> LexicalIndex::spellings_containing(std::string_view folded) const {
  std::vector<uint32_t> found;
  if (folded.empty() || folded.find('\n') != std::string_view::npos) return found;
  const auto begin_of = [this](uint32_t n) {
    return load<SpellingRecord>(bytes_, spellings_.offset + n * sizeof(SpellingRecord)).text;
  };
  uint32_t number = 0;
  for (size_t from = 0; from < folded_.size();) {
    const void* hit = ::memmem(folded_.data() + from, folded_.size() - from, folded.data(), folded.size());
    if (hit == nullptr) break;
    const auto at = static_cast<size_t>(static_cast<const char*>(hit) - folded_.data());
    uint32_t high = spellings_.count;  // the last name that begins at or before `at`
    while (high - number > 1) {
      const uint32_t middle = number + (high - number) / 2;
      begin_of(middle) <= at ? number = middle : high = middle;
    }
    if (number >= spellings_.count) break;
    found.push_back(number);
    if (++number >= spellings_.count || begin_of(number) <= at) break;  // the last one, or damaged
    from = begin_of(number);
  }
  return found;
}

std::string fold_name(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) c = fold_name_byte(c);
  return folded;
}

uint32_t name_letters(std::string_view folded) {
  uint32_t letters = 0;
  for (const char c : folded) {
    if (c >= 'a' && c <= 'z') letters |= 1u << (c - 'a');
    if (c >= '0' && c <= '9') letters |= 1u << 26;
    if (static_cast<unsigned char>(c) >= 0x80) letters |= 1u << 27;
  }
  return letters;
}

bool PostingReader::next(Posting* posting) {
  uint64_t difference = 0;
  int shift = 0;
  while (true) {
    if (position_ >= bytes_.size() || shift > 28) return false;
    const auto byte = static_cast<unsigned char>(bytes_[position_++]);
    difference |= static_cast<uint64_t>(byte & 0x7F) << shift;
    shift += 7;
    if (byte < 0x80) break;
  }
  const uint64_t id = next_id_ + difference;
  if (id >= limit_ || position_ >= bytes_.size()) return false;
  const auto counts = static_cast<unsigned char>(bytes_[position_++]);
  posting->id = static_cast<uint32_t>(id);
  posting->body = counts & kMaxBody;
  posting->definition = static_cast<uint8_t>(counts >> 5);
  next_id_ = id + 1;
  return true;
}

}  // namespace promethean::search
