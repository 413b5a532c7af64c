// Any bytes: parse() answers or refuses, and what it accepts can be written and read back as the same value.
#include <cstdint>

#include "base/check.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const auto parsed = json::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    CHECK(!parsed.error().message().empty());
    return 0;
  }
  const std::string text = json::write(*parsed);
  const auto again = json::parse(text);
  CHECK(again.has_value());
  const auto pretty = json::parse(json::write_pretty(*parsed));
  CHECK(pretty.has_value());
  CHECK(*again == *pretty);
  return 0;
}
