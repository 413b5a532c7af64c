// The worker's request body: whatever the schema lets through is read without an exception.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/json.h"
#include "json/schema.h"
#include "llm/local/chat_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto schema = promethean::json::Schema::compile(promethean::llm::kChatRequestSchema);
  CHECK(schema);
  const auto body = promethean::json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!body || schema->check(*body)) return 0;
  const auto request = promethean::llm::local::parse_chat_request(*body);
  if (request) CHECK(!request->messages.empty());
  return 0;
}
