// Chunks: the stretches of lines that are ranked and cited. They follow definitions, so that an answer shows a whole
// function rather than the middle of two.
//
// Chunks of one file are in order, do not overlap and cover every line that is not blank. A definition (with its doc
// comment) of up to `max_lines` stays whole; a larger one is split at its inner definitions, else at blank or shallow
// lines; small neighbours are merged. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "search/definitions.h"

namespace promethean::search {

struct Chunk {
  uint32_t start_line = 0;  // 1-based, inclusive
  uint32_t end_line = 0;
  uint32_t begin = 0;  // the same lines as bytes of the text, final newline included
  uint32_t end = 0;
  int32_t definition = -1;  // position of the innermost definition that encloses or fills the chunk; -1: none
};

struct ChunkLimits {
  uint32_t min_lines = 12;
  uint32_t target_lines = 30;
  uint32_t max_lines = 60;
  uint32_t max_bytes = 8192;  // a chunk of long lines ends earlier, at a line end; a single longer line is one chunk
};

std::vector<Chunk> chunk_file(std::string_view text, std::span<const Definition> definitions,
                              const ChunkLimits& limits = {});

}  // namespace promethean::search
