// A request in the form of Anthropic's Messages, then after a NUL byte what a backend answers. Whatever the schema lets
// through becomes a chat that satisfies chat's own rules, or an error with a field; the answer is a proper sequence of
// events, and the next turn takes the message that they say.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "dialect.h"
#include "json/schema.h"
#include "llm/chat_request.h"
#include "llm/dialect/messages_request.h"
#include "llm/dialect/messages_stream.h"

namespace {

using namespace promethean;
using namespace promethean::llm;

void check_chat(const json::Object& chat) {
  static const auto schema = json::Schema::compile(kChatRequestSchema);
  CHECK(schema);
  CHECK(!schema->check(chat));
  CHECK(check_messages(chat.at("messages").as_array()));
  CHECK(messages::countable(chat).images >= 0);
}

// One block is open at a time, and each has the next index.
class Order {
 public:
  void take(const std::vector<messages::Event>& events) {
    for (const auto& event : events) take(event);
  }
  void check_end() const { CHECK(ended_ && open_ < 0); }

 private:
  void take(const messages::Event& event) {
    CHECK(!ended_);
    CHECK(json::string_at(event.data, "type") == event.name);
    const int64_t index = json::int_at(event.data, "index").value_or(-1);
    if (event.name == "content_block_start") {
      CHECK(open_ < 0 && index == next_);
      open_ = next_++;
    } else if (event.name == "content_block_delta") {
      CHECK(open_ >= 0 && index == open_);
    } else if (event.name == "content_block_stop") {
      CHECK(open_ >= 0 && index == open_);
      open_ = -1;
    }
    ended_ = event.name == "message_stop";
  }

  int64_t open_ = -1;
  int64_t next_ = 0;
  bool ended_ = false;
};

json::Object answer_of(std::string_view bytes) {
  messages::Events events({.id = "msg_1", .model = "m", .prompt_tokens = 1, .retrieval_context = std::nullopt});
  messages::Whole whole;
  Order order;
  const auto add = [&](const std::vector<messages::Event>& some) {
    order.take(some);
    for (const auto& event : some) whole.add(event);
  };
  add(events.start());
  while (!bytes.empty()) add(events.take(fuzz::next_delta(bytes)));
  add(events.finish());
  order.check_end();
  return std::move(whole).message();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto schema = json::Schema::compile(messages::request_schema());
  CHECK(schema);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  input.remove_prefix(std::min(size, text.size() + 1));

  const json::Object answer = answer_of(input);
  auto body = json::parse(text);
  if (!body || schema->check(*body)) return 0;
  const auto asked = messages::to_chat(*body);
  if (!asked) {
    CHECK(!asked.error().field().empty());
    return 0;
  }
  check_chat(asked->chat);

  json::Array& history = body->as_object()["messages"].as_array();
  history.emplace_back(json::Object{{"role", "assistant"}, {"content", answer.at("content")}});
  history.emplace_back(json::Object{{"role", "user"}, {"content", "and then?"}});
  if (schema->check(*body)) return 0;  // one message too many
  const auto next = messages::to_chat(*body);
  CHECK(next);
  check_chat(next->chat);
  return 0;
}
