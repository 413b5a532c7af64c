// A request in the Responses API's form, then after a NUL byte what a backend answers. Whatever the schema lets through
// becomes a chat that satisfies chat's own rules, or an error with a field; the answer is a whole sequence of events,
// and the next turn takes it back.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "dialect.h"
#include "http/sse.h"
#include "json/schema.h"
#include "llm/chat_request.h"
#include "llm/dialect/responses_stream.h"

namespace {

using namespace promethean;
using namespace promethean::llm;

void check_events(std::string_view stream) {
  int64_t sequence = 0;
  std::map<int64_t, bool> open;
  json::Value last;
  http::SseParser parser(64 << 20);
  const auto fed = parser.feed(stream, [&](const http::SseEvent& event) {
    const auto data = json::parse(event.data);
    CHECK(data);
    CHECK(json::int_at(*data, "sequence_number") == sequence++);
    const int64_t index = json::int_at(*data, "output_index").value_or(-1);
    if (event.name == "response.output_item.added") CHECK(open.emplace(index, true).second);
    if (index >= 0) CHECK(open.at(index));
    if (event.name == "response.output_item.done") open[index] = false;
    last = *data;
  });
  CHECK(fed);
  const json::Value* response = json::find(last, "response");
  CHECK(response != nullptr);
  if (json::string_at(*response, "status") != "completed") return;
  for (const auto& [_, is_open] : open) CHECK(!is_open);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean::llm::responses;
  static const auto schema = json::Schema::compile(kResponsesRequestSchema);
  static const auto chat = json::Schema::compile(kChatRequestSchema);
  CHECK(schema && chat);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  input.remove_prefix(std::min(size, text.size() + 1));

  CustomInput whole, cut;
  const std::string pieces = whole.feed(text);
  std::string cut_pieces;
  for (const char& c : text) cut_pieces += cut.feed({&c, 1});
  CHECK(pieces == cut_pieces && whole.finish() == cut.finish());

  auto body = json::parse(text);
  if (!body || schema->check(*body)) return 0;
  const auto translated = translate_request(*body, {});
  if (!translated) {
    CHECK(!translated.error().field().empty());
    return 0;
  }
  CHECK(!chat->check(translated->body));
  CHECK(check_messages(translated->body.at("messages").as_array()));
  fuzz::check_calls(translated->body.at("messages").as_array());

  body->as_object()["stream"] = true;
  ResponsesStream stream(stream_setup(*body, *translated, {.id = "resp_1", .model = "m"}));
  std::string sent = stream.begin();
  while (!input.empty()) sent += stream.feed(fuzz::next_delta(input));
  sent += stream.finish(1);
  check_events(sent);

  json::Array history = translated->items;
  for (const auto& item : stream.response().at("output").as_array()) history.push_back(item);
  const auto next = translate_request(*body, history);
  CHECK(next);
  fuzz::check_calls(next->body.at("messages").as_array());
  return 0;
}
