// What the fast reading of a chunk accepts is JSON, and the parser reads the same text in it.
#include <cstdint>

#include "base/check.h"
#include "json/json.h"
#include "llm/plain_chunk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto chunk = llm::read_plain_chunk(text);
  if (!chunk) return 0;
  const auto parsed = json::parse(text);
  CHECK(parsed.has_value());
  const json::Array* choices = json::array_at(*parsed, "choices");
  CHECK(choices != nullptr && choices->size() == 1);
  CHECK(json::parse(chunk->choices).value() == *choices);
  const json::Object* delta = json::object_at(choices->front(), "delta");
  CHECK(delta != nullptr && json::string_at(*delta, "content").value_or("") == chunk->content);
  CHECK(json::find(*parsed, "error") == nullptr && json::given(*parsed, "usage") == nullptr);
  CHECK(json::string_at(choices->front(), "finish_reason").value_or("") == chunk->finish_reason);
  // The same once more, by what is remembered of the first.
  llm::PlainChunkReader reader;
  for (int i = 0; i < 2; ++i) {
    const auto again = reader.read(text);
    CHECK(again && again->content == chunk->content && again->choices == chunk->choices);
    CHECK(again->finish_reason == chunk->finish_reason && again->written == chunk->written);
  }
  return 0;
}
