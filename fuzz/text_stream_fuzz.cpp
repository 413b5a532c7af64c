// TextStream: any bytes in any cuts give valid UTF-8 without a stop string, and the same text as in one piece.
// ScoredText: the same text, and tokens whose bytes are those of the text where that is valid.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "llm/local/scored_text.h"

using promethean::llm::local::AnswerPart;
using promethean::llm::local::ScoredText;
using promethean::llm::local::TextStream;

static void check_tokens(const std::string& stop, std::string_view text, size_t cut, const std::string& expected) {
  ScoredText scored({stop});
  std::string given, told;
  const auto take = [&given, &told](const AnswerPart& part) {
    given += part.text;
    for (const auto& token : part.tokens) told += token.chosen.bytes;
  };
  for (size_t at = 0; at < text.size(); at += cut) {
    const std::string token(text.substr(at, cut));
    take(scored.push(token, {{.chosen = {.bytes = token}, .top = {}}}));
  }
  take(scored.finish());
  CHECK(given == expected);
  if (promethean::base::is_valid_utf8(text)) CHECK(told == given);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t stop_length = std::min<size_t>(1 + data[0] % 8, size - 2);
  const size_t cut = 1 + data[1] % 7;
  const std::string stop = promethean::base::sanitize_utf8(bytes.substr(2, stop_length));
  const std::string_view text = bytes.substr(2 + stop_length);

  TextStream whole({stop});
  std::string expected = whole.push(text);
  expected += whole.finish();

  TextStream pieces({stop});
  std::string got;
  for (size_t at = 0; at < text.size(); at += cut) {
    const std::string ready = pieces.push(text.substr(at, cut));
    CHECK(promethean::base::is_valid_utf8(ready));
    got += ready;
  }
  got += pieces.finish();
  CHECK(got == expected);
  CHECK(pieces.stopped() == whole.stopped());
  CHECK(got.find(stop) == std::string::npos);
  check_tokens(stop, text, cut, got);
  return 0;
}
