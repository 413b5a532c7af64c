// The worker's request body: whatever the schema lets through is read without an exception.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/json.h"
#include "json/schema.h"
#include "llm/local/chat_request.h"

constexpr int kVocabulary = 1000;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto schema = promethean::json::Schema::compile(promethean::llm::kChatRequestSchema);
  CHECK(schema);
  const auto body = promethean::json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!body || schema->check(*body)) return 0;
  const auto request = promethean::llm::local::parse_chat_request(*body, kVocabulary);
  if (!request) return 0;
  CHECK(!request->messages.empty());
  CHECK(request->choices >= 1 && request->choices <= 8);
  for (const auto& [token, bias] : request->options.logit_bias) {
    CHECK(token >= 0 && token < kVocabulary);
    CHECK(bias >= -100 && bias <= 100);
  }
  return 0;
}
