// Percent-decoding gives valid UTF-8 without NUL, and encoding what was decoded leads back to it.
#include <cstdint>

#include "base/check.h"
#include "base/strings.h"
#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const bool plus_is_space : {false, true}) {
    const auto decoded = http::percent_decode(input, plus_is_space);
    if (!decoded) continue;
    CHECK(base::is_valid_utf8(*decoded));
    CHECK(decoded->find('\0') == std::string::npos);
    CHECK(http::percent_decode(http::percent_encode(*decoded), plus_is_space) == *decoded);
  }
  http::Request request;
  request.query = input;
  for (const char* name : {"a", "", "id"}) (void)request.query_param(name);
  return 0;
}
