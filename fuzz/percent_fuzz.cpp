// Percent-decoding gives valid UTF-8 without NUL, and encoding what was decoded leads back to it. Arguments that are
// read from a query satisfy their schema.
#include <cstdint>

#include "base/check.h"
#include "base/strings.h"
#include "http/arguments.h"

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
  static const auto schema = *json::Schema::compile(R"({"type": "object", "properties": {
    "a": {"type": "string", "maxLength": 8}, "b": {"type": "integer", "minimum": 1, "default": 5}, "c": {"type": "boolean"}
  }})");
  http::Request request;
  request.query = input;
  if (const auto arguments = http::read_arguments(schema, request)) CHECK(!schema.check(json::Value(*arguments)));
  return 0;
}
