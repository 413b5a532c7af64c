// A request in the form of Ollama's chat or generate, then after a NUL byte what a backend answers. Whatever a schema
// lets through becomes a chat that satisfies chat's own rules, or an error with a field; a whole answer says what its
// lines say.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "dialect.h"
#include "json/schema.h"
#include "llm/chat_request.h"
#include "llm/completion.h"
#include "llm/dialect/ollama_request.h"
#include "llm/dialect/ollama_stream.h"

namespace {

using namespace promethean;
using namespace promethean::llm;

void check_asked(const base::Result<ollama::Asked>& asked) {
  static const auto chat = json::Schema::compile(kChatRequestSchema);
  static const auto completion = json::Schema::compile(kCompletionRequestSchema);
  CHECK(chat && completion);
  if (!asked) {
    CHECK(!asked.error().field().empty());
    return;
  }
  if (asked->endpoint == Endpoint::kCompletions) {
    CHECK(!completion->check(asked->body));
    return;
  }
  CHECK(!chat->check(asked->body));
  const json::Array& messages = asked->body.at("messages").as_array();
  CHECK(check_messages(messages));
  fuzz::check_calls(messages);
}

void check_answer(std::string_view bytes, ollama::Form form) {
  ollama::Lines lines({.model = "m", .form = form, .thoughts = true, .began = {}, .retrieval_context = std::nullopt});
  ollama::Whole whole;
  std::string said;
  const ollama::Moment now{};
  while (!bytes.empty()) {
    const Delta delta = fuzz::next_delta(bytes);
    said += delta.content + delta.refusal;
    if (auto line = lines.take(delta, now)) {
      CHECK(line->at("done") == false);
      whole.add(std::move(*line));
    }
  }
  auto last = lines.finish(now);
  if (!last) return;
  for (auto& line : *last) whole.add(std::move(line));
  const json::Object answer = std::move(whole).answer();
  CHECK(answer.at("done") == true);
  const bool in_message = form == ollama::Form::kMessage;
  const json::Object& message = in_message ? answer.at("message").as_object() : answer;
  CHECK(json::string_at(message, in_message ? "content" : "response") == said);
  const json::Array* calls = json::array_at(message, "tool_calls");
  if (calls == nullptr) return;
  for (const auto& call : *calls) CHECK(json::object_at(call.at("function"), "arguments") != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto chat = json::Schema::compile(ollama::kChatSchema);
  static const auto generate = json::Schema::compile(ollama::kGenerateSchema);
  CHECK(chat && generate);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  input.remove_prefix(std::min(size, text.size() + 1));

  check_answer(input, ollama::Form::kMessage);
  check_answer(input, ollama::Form::kResponse);
  const auto body = json::parse(text);
  if (!body) return 0;
  if (!chat->check(*body) && ollama::has_messages(*body)) check_asked(ollama::from_chat(*body));
  if (!generate->check(*body)) check_asked(ollama::from_generate(*body, 100));
  return 0;
}
