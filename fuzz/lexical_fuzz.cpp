// The reader of a lexical section on damaged bytes: everything it offers is asked for, and a query is ranked over it.
#include <cstdint>
#include <string_view>

#include "search/lexical.h"
#include "search/ranking.h"

using namespace promethean::search;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto index = LexicalIndex::open(bytes);
  if (!index) return 0;
  for (uint32_t i = 0; i < index->file_count(); ++i) index->file(i);
  for (uint32_t i = 0; i < index->chunk_count(); ++i) index->chunk(i);
  for (uint32_t i = 0; i < index->definition_count(); ++i) {
    index->definition(i);
    index->scope(i);
  }
  index->find_definitions("Parser", 10);
  for (uint32_t i = 0; i < index->spelling_count(); ++i) {
    const LexicalIndex::Spelling spelling = index->spelling(i);
    if (spelling.count > 0) index->definition(index->named_definition(spelling.first + spelling.count - 1));
  }
  for (const uint32_t number : index->spellings_containing("par")) index->spelling(number);
  if (const auto term = index->find_term("pars")) {
    Posting posting;
    for (PostingReader reader(term->chunks, index->chunk_count()); reader.next(&posting);) continue;
  }
  const RankSegment segment{&*index, {}};
  rank({&segment, 1}, "how does the Parser parse a query", {}, promethean::async::StopFlag());
  return 0;
}
