// A schema and a document, split at the first NUL: compiling and checking end, and say something when they refuse.
#include <cstdint>

#include "base/check.h"
#include "json/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = std::min(input.find('\0'), input.size());
  const auto schema = json::Schema::compile(input.substr(0, split));
  if (!schema) return 0;
  const auto document = json::parse(input.substr(std::min(split + 1, input.size())));
  const auto violation = schema->check(document ? *document : schema->document());
  if (violation) CHECK(!violation->reason.empty());
  return 0;
}
