// A fast reading of the chunks that streams are made of: one choice, the first, and nothing new in it but text, or
// nothing but why it ends.
//
// It takes a tenth of the time that parsing the chunk takes. What it does not know at a glance (tool calls,
// usage, an error, another choice, \u escapes, a number that is no integer, anything malformed) it leaves to
// the parser; what it accepts is valid JSON and means the same to both, which the tests hold them to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace promethean::llm {

struct PlainChunk {
  std::string content;        // what the chunk adds
  std::string finish_reason;  // empty: it goes on; else there is no content
  std::string_view choices;   // the array, a part of the text that was read
  std::string_view
      written;  // the content as it stands between its quotes, a part of `choices`; of one that ends, nothing
};

// nullopt: parse it.
std::optional<PlainChunk> read_plain_chunk(std::string_view text);

// The same for the chunks of one answer, which mostly differ in nothing but their content: what is as it was in the
// last one is compared with that, not read again. 200 instructions instead of 4,000.
class PlainChunkReader {
 public:
  std::optional<PlainChunk> read(std::string_view text);

 private:
  std::string before_, after_;  // what stood around the content of the last plain chunk; empty: none yet
  size_t choices_begin_ = 0;    // in before_
  size_t choices_end_ = 0;      // in after_
};

}  // namespace promethean::llm
