#include <algorithm>
#include <array>
#include <numeric>

#include "base/strings.h"
#include "search/lexical.h"
#include "search/lexical_format.h"
#include "search/lexical_words.h"
#include "search/terms.h"

namespace promethean::search {
namespace {

using namespace lexical_format;

constexpr size_t kSignatureBytes = 200;
constexpr size_t kNameBytes = 1000;
constexpr size_t kPathFolders = 3;

struct Counted {
  uint32_t term;
  uint8_t body, definition;
};

// The order of `count` numbers by key, equal keys in their old order: one counting pass.
template <class KeyOf>
std::vector<uint32_t> group_by(size_t count, uint32_t keys, KeyOf key_of, std::vector<uint32_t>* starts) {
  starts->assign(keys + 1, 0);
  for (size_t i = 0; i < count; ++i) ++(*starts)[key_of(i) + 1];
  std::partial_sum(starts->begin(), starts->end(), starts->begin());
  std::vector<uint32_t> order(count), next(starts->begin(), starts->end() - 1);
  for (size_t i = 0; i < count; ++i) order[next[key_of(i)]++] = static_cast<uint32_t>(i);
  return order;
}

}  // namespace

struct LexicalBuilder::State {
  // Words as written lead to their terms at once: most words of a repository were seen before.
  struct TermRange {
    uint32_t begin;
    uint32_t count;
  };

  WordTable words;
  std::vector<TermRange> word_terms;
  std::vector<uint32_t> term_lists;
  WordTable terms;

  std::vector<FileRecord> files;
  std::vector<ChunkRecord> chunks;
  std::vector<DefinitionRecord> definitions;
  std::string strings;
  WordTable names;
  std::vector<uint32_t> name_offsets;

  std::vector<Counted> postings;         // of all chunks, one after the other
  std::vector<uint32_t> posting_starts;  // where each chunk's begin
  std::vector<Counted> path_postings;
  std::vector<uint32_t> path_starts;
  uint64_t total_length = 0;

  // Counts of the chunk (or path) that is being read.
  std::vector<uint16_t> body_counts, definition_counts;
  std::vector<uint32_t> touched;

  std::span<const uint32_t> terms_of(std::string_view word) {
    bool added = false;
    const uint32_t number = words.intern(word, &added);
    if (added) {
      std::vector<std::string> list;
      identifier_terms(word, &list);
      word_terms.push_back({static_cast<uint32_t>(term_lists.size()), static_cast<uint32_t>(list.size())});
      for (const std::string& term : list) term_lists.push_back(term_number(term));
    }
    const TermRange range = word_terms[number];
    return std::span<const uint32_t>(term_lists).subspan(range.begin, range.count);
  }

  uint32_t term_number(std::string_view term) {
    bool added = false;
    const uint32_t number = terms.intern(term, &added);
    if (added) {
      body_counts.push_back(0);
      definition_counts.push_back(0);
    }
    return number;
  }

  // Returns how many terms the word stands for.
  uint32_t count(std::string_view word, uint16_t body, uint16_t definition) {
    const auto list = terms_of(word);
    for (uint32_t term : list) {
      if (body_counts[term] == 0 && definition_counts[term] == 0) touched.push_back(term);
      body_counts[term] = static_cast<uint16_t>(std::min(body_counts[term] + body, 60000));
      definition_counts[term] = static_cast<uint16_t>(std::min(definition_counts[term] + definition, 60000));
    }
    return static_cast<uint32_t>(list.size());
  }

  // Counts every word of a text; returns how many terms that were.
  uint32_t count_text(std::string_view text) {
    uint32_t length = 0;
    size_t position = 0;
    while (true) {
      const std::string_view word = next_word(text, &position);
      if (word.empty()) return length;
      if (word.size() < 2 || word.size() > kMaxTermBytes) continue;
      if (word.front() >= '0' && word.front() <= '9' && word.size() > 5) continue;
      length += count(word, 1, 0);
    }
  }

  void flush(std::vector<Counted>* out) {
    for (uint32_t term : touched) {
      out->push_back({term, static_cast<uint8_t>(std::min<uint32_t>(body_counts[term], kMaxBody)),
                      static_cast<uint8_t>(std::min<uint32_t>(definition_counts[term], kMaxDefinition))});
      body_counts[term] = definition_counts[term] = 0;
    }
    touched.clear();
  }

  uint32_t add_string(std::string_view text) {
    const auto at = static_cast<uint32_t>(strings.size());
    strings.append(text);
    return at;
  }

  uint32_t add_name(std::string_view name) {
    bool added = false;
    const uint32_t number = names.intern(name, &added);
    if (added) name_offsets.push_back(add_string(name));
    return name_offsets[number];
  }

  void add_definitions(const LexicalFile& file, uint32_t file_number) {
    const auto first = static_cast<uint32_t>(definitions.size());
    for (const Definition& d : file.definitions) {
      const std::string_view name = d.name.substr(0, kNameBytes), receiver = d.receiver.substr(0, kNameBytes);
      const std::string signature = definition_signature(file.text, d, kSignatureBytes);
      DefinitionRecord r{};
      r.name = add_name(name), r.name_size = static_cast<uint16_t>(name.size());
      r.receiver = add_name(receiver), r.receiver_size = static_cast<uint16_t>(receiver.size());
      const bool repeats = signature == name;
      r.signature = repeats ? r.name : add_string(signature),
      r.signature_size = static_cast<uint16_t>(signature.size());
      r.kind = static_cast<uint8_t>(d.kind);
      r.file = file_number;
      r.parent = d.parent < 0 ? 0 : first + static_cast<uint32_t>(d.parent) + 1;
      r.line = d.line, r.start_line = d.start_line, r.end_line = d.end_line, r.doc_line = d.doc_line;
      definitions.push_back(r);
    }
  }

  void add_chunks(const LexicalFile& file, uint32_t file_number, uint32_t first_definition) {
    std::vector<uint32_t> by_line(file.definitions.size());
    std::iota(by_line.begin(), by_line.end(), 0u);
    std::ranges::sort(by_line, {}, [&file](uint32_t i) { return file.definitions[i].line; });
    size_t next = 0;
    for (const Chunk& chunk : file.chunks) {
      posting_starts.push_back(static_cast<uint32_t>(postings.size()));
      const uint32_t length = count_text(file.text.substr(chunk.begin, chunk.end - chunk.begin));
      for (; next < by_line.size() && file.definitions[by_line[next]].line <= chunk.end_line; ++next) {
        const Definition& d = file.definitions[by_line[next]];
        if (d.line >= chunk.start_line && !is_mention(d)) count_name(d);
      }
      flush(&postings);
      total_length += length;
      chunks.push_back({file_number, chunk.start_line, chunk.end_line, length,
                        chunk.definition < 0 ? 0 : first_definition + static_cast<uint32_t>(chunk.definition) + 1});
    }
  }

  // Rust's `mod name;` says where a module is, it is not the module.
  static bool is_mention(const Definition& d) {
    return d.kind == DefinitionKind::kModule && d.start_line == d.end_line;
  }

  void count_name(const Definition& d) {
    size_t position = 0;
    for (std::string_view word = next_word(d.name, &position); !word.empty(); word = next_word(d.name, &position)) {
      if (word.size() <= kMaxTermBytes) count(word, 0, 1);
    }
  }

  // The file's stem twice, its last folders once.
  // Returns how many terms the stem has, whole identifiers not counted.
  uint8_t add_path(std::string_view path) {
    path_starts.push_back(static_cast<uint32_t>(path_postings.size()));
    auto parts = base::split(path, '/');
    const std::string_view name = parts.back();
    parts.pop_back();
    const size_t dot = name.rfind('.');
    const std::string_view stem = name.substr(0, dot == 0 ? std::string_view::npos : dot);
    count_path_words(stem, 2);
    const uint8_t stem_terms = count_parts(stem);
    const size_t skip = parts.size() > kPathFolders ? parts.size() - kPathFolders : 0;
    for (std::string_view folder : std::span(parts).subspan(skip)) count_path_words(folder, 1);
    flush(&path_postings);
    return stem_terms;
  }

  static uint8_t count_parts(std::string_view text) {
    std::vector<std::string_view> parts;
    size_t position = 0;
    for (std::string_view word = next_word(text, &position); !word.empty(); word = next_word(text, &position)) {
      split_identifier(word, &parts);
    }
    std::erase_if(parts, [](std::string_view part) { return part.size() < 2; });
    return static_cast<uint8_t>(std::min<size_t>(parts.size(), 255));
  }

  void count_path_words(std::string_view text, uint16_t weight) {
    size_t position = 0;
    for (std::string_view word = next_word(text, &position); !word.empty(); word = next_word(text, &position)) {
      if (word.size() <= kMaxTermBytes) count(word, weight, 0);
    }
  }

  // Postings of one term from a grouped list: (id difference, counts) pairs.
  static void encode(const std::vector<Counted>& list, const std::vector<uint32_t>& ids,
                     std::span<const uint32_t> places, std::string* out) {
    uint32_t next = 0;
    for (uint32_t place : places) {
      append_varint(out, ids[place] - next);
      next = ids[place] + 1;
      out->push_back(static_cast<char>(list[place].body | list[place].definition << 5));
    }
  }

  // Definition numbers by name, the distinct names' records (returned) and their texts.
  std::string finish_names(std::vector<uint32_t>* by_name, std::string* folded) const {
    std::vector<std::string> keys;
    keys.reserve(definitions.size());
    for (const DefinitionRecord& d : definitions) {
      keys.push_back(fold_name(std::string_view(strings).substr(d.name, d.name_size)));
    }
    by_name->resize(definitions.size());
    std::iota(by_name->begin(), by_name->end(), 0u);
    std::ranges::sort(*by_name,
                      [&keys](uint32_t a, uint32_t b) { return keys[a] != keys[b] ? keys[a] < keys[b] : a < b; });
    std::string records;
    for (uint32_t place = 0; place < by_name->size(); ++place) {
      const std::string& key = keys[(*by_name)[place]];
      if (place > 0 && key == keys[(*by_name)[place - 1]]) continue;
      append(&records, SpellingRecord{static_cast<uint32_t>(folded->size()), place, name_letters(key)});
      folded->append(key).push_back('\n');
    }
    return records;
  }

  static std::vector<uint32_t> owners(const std::vector<uint32_t>& starts, size_t count) {
    std::vector<uint32_t> ids(count);
    for (size_t i = 0; i < starts.size(); ++i) {
      const size_t end = i + 1 < starts.size() ? starts[i + 1] : count;
      std::fill(ids.begin() + starts[i], ids.begin() + static_cast<ptrdiff_t>(end), static_cast<uint32_t>(i));
    }
    return ids;
  }
};

LexicalBuilder::LexicalBuilder() : state_(std::make_unique<State>()) {}
LexicalBuilder::LexicalBuilder(LexicalBuilder&&) noexcept = default;
LexicalBuilder& LexicalBuilder::operator=(LexicalBuilder&&) noexcept = default;
LexicalBuilder::~LexicalBuilder() = default;

uint32_t LexicalBuilder::add(const LexicalFile& file) {
  State& s = *state_;
  const auto number = static_cast<uint32_t>(s.files.size());
  const auto first_definition = static_cast<uint32_t>(s.definitions.size());
  const auto first_chunk = static_cast<uint32_t>(s.chunks.size());
  s.add_definitions(file, number);
  s.add_chunks(file, number, first_definition);
  const uint8_t stem_terms = s.add_path(file.path);

  const FileClass& c = file.file_class;
  FileRecord r{};
  r.path = s.add_string(file.path), r.path_size = static_cast<uint32_t>(file.path.size());
  r.language = static_cast<uint8_t>(c.language), r.role = static_cast<uint8_t>(c.role);
  r.flags = static_cast<uint8_t>((c.generated ? kGenerated : 0) | (c.vendored ? kVendored : 0) |
                                 (c.minified ? kMinified : 0) | (c.sideline ? kSideline : 0));
  r.stem_terms = stem_terms;
  r.first_chunk = first_chunk, r.chunk_count = static_cast<uint32_t>(s.chunks.size()) - first_chunk;
  r.first_definition = first_definition,
  r.definition_count = static_cast<uint32_t>(s.definitions.size()) - first_definition;
  s.files.push_back(r);
  return number;
}

size_t LexicalBuilder::memory_bytes() const {
  const State& s = *state_;
  // finish() groups the postings through two arrays of four bytes each and writes about three bytes for each.
  return s.words.memory_bytes() + s.terms.memory_bytes() + s.names.memory_bytes() + s.strings.capacity() +
         s.postings.size() * (sizeof(Counted) + 11) + s.definitions.size() * sizeof(DefinitionRecord) * 2 +
         s.chunks.size() * sizeof(ChunkRecord) * 2 + s.term_lists.capacity() * 4 + s.word_terms.capacity() * 8;
}

std::string LexicalBuilder::finish() && {
  State& s = *state_;
  const uint32_t term_count = s.terms.size();
  std::vector<uint32_t> sorted(term_count);
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::ranges::sort(sorted, {}, [&s](uint32_t t) { return s.terms.word(t); });

  std::vector<uint32_t> chunk_starts, file_starts;
  const auto chunk_ids = State::owners(s.posting_starts, s.postings.size());
  const auto file_ids = State::owners(s.path_starts, s.path_postings.size());
  const auto chunk_order =
      group_by(s.postings.size(), term_count, [&s](size_t i) { return s.postings[i].term; }, &chunk_starts);
  const auto file_order =
      group_by(s.path_postings.size(), term_count, [&s](size_t i) { return s.path_postings[i].term; }, &file_starts);

  std::string postings, term_records;
  for (uint32_t term : sorted) {
    TermRecord r{};
    const std::string_view text = s.terms.word(term);
    r.text = s.add_string(text), r.text_size = static_cast<uint32_t>(text.size());
    r.postings = static_cast<uint32_t>(postings.size());
    r.chunk_count = chunk_starts[term + 1] - chunk_starts[term];
    State::encode(s.postings, chunk_ids, std::span(chunk_order).subspan(chunk_starts[term], r.chunk_count), &postings);
    r.chunk_bytes = static_cast<uint32_t>(postings.size()) - r.postings;
    r.file_count = file_starts[term + 1] - file_starts[term];
    State::encode(s.path_postings, file_ids, std::span(file_order).subspan(file_starts[term], r.file_count), &postings);
    r.file_bytes = static_cast<uint32_t>(postings.size()) - r.postings - r.chunk_bytes;
    append(&term_records, r);
  }

  std::vector<uint32_t> by_name;
  std::string folded;
  const std::string spellings = s.finish_names(&by_name, &folded);

  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kVersion;
  h.total_length = s.total_length;
  h.file_count = static_cast<uint32_t>(s.files.size()), h.chunk_count = static_cast<uint32_t>(s.chunks.size());
  h.definition_count = static_cast<uint32_t>(s.definitions.size()), h.term_count = term_count;
  std::string out(sizeof h, '\0');
  h.files = out.size();
  for (const auto& r : s.files) append(&out, r);
  h.chunks = out.size();
  for (const auto& r : s.chunks) append(&out, r);
  h.definitions = out.size();
  for (const auto& r : s.definitions) append(&out, r);
  h.terms = out.size();
  out += term_records;
  h.names = out.size();
  for (uint32_t d : by_name) append(&out, d);
  h.spellings = out.size(), h.spelling_count = static_cast<uint32_t>(spellings.size() / sizeof(SpellingRecord));
  out += spellings;
  h.folded = out.size(), h.folded_size = folded.size();
  out += folded;
  h.strings = out.size(), h.strings_size = s.strings.size();
  out += s.strings;
  h.postings = out.size(), h.postings_size = postings.size();
  out += postings;
  std::memcpy(out.data(), &h, sizeof h);
  state_ = std::make_unique<State>();
  return out;
}

}  // namespace promethean::search
