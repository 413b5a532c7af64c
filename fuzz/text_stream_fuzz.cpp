// TextStream: any bytes in any cuts give valid UTF-8 without a stop string, and the same text as in one piece.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "llm/local/text_stream.h"

using promethean::llm::local::TextStream;

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
  return 0;
}
