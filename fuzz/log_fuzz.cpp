// Whatever is logged becomes one line of valid JSON without control characters, and a secret behind it stays secret.
#include <cstdint>

#include "base/check.h"
#include "base/log_format.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const std::string input(reinterpret_cast<const char*>(data), size);
  if (input.find("zzSECRETzz9") != std::string::npos) return 0;  // then it would be no secret
  const std::string cleaned = base::redact(input + "\nAuthorization: Bearer zzSECRETzz9\n");
  CHECK(cleaned.find("zzSECRETzz9") == std::string::npos);
  const base::LogFields fields = {{input, input}, {"error", input}, {"n", static_cast<int64_t>(size)}};
  for (const bool as_json : {true, false}) {
    const base::LogStyle style{.json = as_json};
    const std::string line = base::format_line(style, base::WallTime(), base::LogLevel::kInfo, input, fields, {});
    for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    if (as_json) CHECK(json::parse(line).has_value());
  }
  return 0;
}
