// The definition scanners and the chunker on arbitrary text: the first byte chooses the language. Whatever comes, lines
// lie in the text, parents come first, chunks do not overlap.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "search/chunk.h"
#include "search/definitions.h"

using namespace promethean::search;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_definitions(Language language, std::string_view text, const std::vector<Definition>& definitions) {
  for (size_t i = 0; i < definitions.size(); ++i) {
    const Definition& d = definitions[i];
    require(d.parent < static_cast<int32_t>(i));
    require(d.doc_line >= 1 && d.doc_line <= d.start_line && d.start_line <= d.line && d.line <= d.end_line);
    require(d.signature_begin <= d.signature_end && d.signature_end <= text.size());
    definition_scope(language, definitions, i);
    definition_signature(text, d);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto language = static_cast<Language>(data[0] % kLanguageCount);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto definitions = scan_definitions(language, text);
  check_definitions(language, text, definitions);

  uint32_t end = 0, line = 0;
  for (const Chunk& chunk : chunk_file(text, definitions)) {
    require(chunk.begin >= end && chunk.end > chunk.begin && chunk.end <= text.size());
    require(chunk.start_line > line && chunk.end_line >= chunk.start_line);
    require(chunk.definition < static_cast<int32_t>(definitions.size()));
    end = chunk.end, line = chunk.end_line;
  }
  return 0;
}
