// Segment files: the checksums are put right first, so that what lies behind them is reached; then everything is read.
#include <cstddef>
#include <cstdint>
#include <string>

#include "search/segment.h"

namespace {

using namespace promethean::search;

void read_all(const Segment& segment) {
  for (uint32_t f = 0; f < segment.file_count(); ++f) {
    const Segment::File file = segment.file(f);
    const size_t size = file.text.text().size();
    for (const size_t at : {size_t{0}, size / 2, size}) (void)file.text.line_at(at);
    for (const uint32_t line : {0u, 1u, file.text.line_count(), ~0u}) (void)file.text.line_begin(line);
    (void)file.text.lines(1, file.text.line_count() / 2);
    if (segment.find(file.path) != f) __builtin_trap();  // paths are in order and differ
    (void)segment.lexical().file(f);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)Segment::from_bytes(bytes);
  reseal_segment(&bytes);
  if (const auto segment = Segment::from_bytes(std::move(bytes))) read_all(**segment);
  return 0;
}
