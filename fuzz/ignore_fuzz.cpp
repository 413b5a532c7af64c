// Ignore files: the first part of the input is the file, the rest (after a NUL) the path that is asked about.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "repo/ignore.h"
#include "repo/views.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using promethean::repo::IgnoreRules;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = input.find('\0');
  const std::string_view path = cut == std::string_view::npos ? "src/a.log" : input.substr(cut + 1);
  for (const bool ignore_case : {false, true}) {
    const IgnoreRules rules = IgnoreRules::parse(input.substr(0, cut), ignore_case);
    (void)rules.match(path, false);
    (void)rules.match(path, true);
  }
  (void)promethean::repo::normalise_path(path);
  return 0;
}
