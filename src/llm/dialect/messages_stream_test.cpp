// Events of Anthropic's dialect, in their order; and the whole message that they say.
#include "llm/dialect/messages_stream.h"

#include <gmock/gmock.h>

namespace promethean::llm::messages {
namespace {

using testing::ElementsAre;

// One event in a line: "start 0 text", "+ 0 text_delta Hello", "stop 0", "delta end_turn", ...
std::string line_of(const Event& event) {
  EXPECT_EQ(json::string_at(event.data, "type"), event.name);
  const auto index = json::int_at(event.data, "index");
  const std::string at = index ? std::to_string(*index) + " " : "";
  const json::Value* delta = event.data.if_contains("delta");
  if (event.name == "content_block_start") {
    const json::Value& block = event.data.at("content_block");
    return "start " + at + std::string(*json::string_at(block, "type")) + " " +
           std::string(json::string_at(block, "name").value_or(""));
  }
  if (event.name == "content_block_stop") return "stop " + at;
  if (event.name == "message_delta") return "delta " + std::string(*json::string_at(*delta, "stop_reason"));
  if (event.name != "content_block_delta") return event.name;
  std::string text;
  for (const char* key : {"text", "thinking", "partial_json"}) text += json::string_at(*delta, key).value_or("");
  return "+ " + at + std::string(*json::string_at(*delta, "type")) + " " + text;
}

struct Said {
  std::vector<std::string> lines;
  json::Object message;
};

Said said(const std::vector<Delta>& deltas, Head head = {.id = "msg_1", .model = "m"}) {
  Events events(std::move(head));
  std::vector<Event> all = events.start();
  for (const auto& delta : deltas) {
    for (auto& event : events.take(delta)) all.push_back(std::move(event));
  }
  for (auto& event : events.finish()) all.push_back(std::move(event));
  Said out;
  Whole whole;
  for (const auto& event : all) {
    out.lines.push_back(line_of(event));
    whole.add(event);
  }
  out.message = std::move(whole).message();
  return out;
}

Delta text(std::string words) {
  Delta delta;
  delta.content = std::move(words);
  return delta;
}

Delta thought(std::string words) {
  Delta delta;
  delta.reasoning = std::move(words);
  return delta;
}

Delta piece(int64_t index, std::string id, std::string name, std::string arguments) {
  Delta delta;
  delta.tool_calls.push_back(
      {.index = index, .id = std::move(id), .name = std::move(name), .arguments = std::move(arguments)});
  return delta;
}

Delta end(std::string reason, std::optional<Usage> usage = std::nullopt) {
  Delta delta;
  delta.finish_reason = std::move(reason);
  delta.usage = usage;
  return delta;
}

TEST(MessagesStream, Words) {
  const Said answer = said({text("The "), text("answer"),
                            end("stop", Usage{.prompt_tokens = 11, .completion_tokens = 5, .cached_tokens = 3})});
  EXPECT_THAT(answer.lines, ElementsAre("message_start", "start 0 text ", "+ 0 text_delta The ",
                                        "+ 0 text_delta answer", "stop 0 ", "delta end_turn", "message_stop"));
  EXPECT_EQ(json::Value(answer.message), *json::parse(R"({
    "id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"The answer"}],
    "stop_reason":"end_turn","stop_sequence":null,"stop_details":null,
    "usage":{"input_tokens":8,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":5,"service_tier":"standard"}})"));
}

TEST(MessagesStream, ThoughtsWordsAndACallAreBlocksOneAfterAnother) {
  const Said answer = said({thought("Hm"), thought("."), text("Look:"), piece(0, "c1", "Read", ""),
                            piece(0, "", "", R"({"pa)"), piece(0, "", "", R"(th":"a"})"), end("tool_calls")});
  EXPECT_THAT(answer.lines,
              ElementsAre("message_start", "start 0 thinking ", "+ 0 thinking_delta Hm", "+ 0 thinking_delta .",
                          "stop 0 ", "start 1 text ", "+ 1 text_delta Look:", "stop 1 ", "start 2 tool_use Read",
                          R"(+ 2 input_json_delta {"pa)", R"(+ 2 input_json_delta th":"a"})", "stop 2 ",
                          "delta tool_use", "message_stop"));
  EXPECT_EQ(answer.message.at("content"), *json::parse(R"([{"type":"thinking","thinking":"Hm.","signature":""},
    {"type":"text","text":"Look:"},{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a"}}])"));
}

TEST(MessagesStream, SeveralCallsWhichTheBackendGivesWholeOrInTurns) {
  const char* content =
      R"([{"type":"tool_use","id":"c1","name":"A","input":{"x":1}},{"type":"tool_use","id":"c2","name":"B","input":{"y":2}}])";
  const std::vector<std::vector<Delta>> cases = {
      {piece(0, "c1", "A", R"({"x":1})"), piece(1, "c2", "B", R"({"y":2})"), piece(0, "", "", ""), end("tool_calls")},
      {piece(0, "c1", "A", ""), piece(1, "c2", "B", ""), piece(0, "", "", R"({"x")"), piece(1, "", "", R"({"y")"),
       piece(0, "", "", ":1}"), piece(1, "", "", ":2}"), end("stop")},
  };
  for (const auto& deltas : cases) {
    const Said answer = said(deltas);
    EXPECT_EQ(answer.message.at("content"), *json::parse(content));
    EXPECT_EQ(answer.message.at("stop_reason"), "tool_use");
  }
  EXPECT_THAT(said(cases[0]).lines,
              ElementsAre("message_start", "start 0 tool_use A", R"(+ 0 input_json_delta {"x":1})", "stop 0 ",
                          "start 1 tool_use B", R"(+ 1 input_json_delta {"y":2})", "stop 1 ", "delta tool_use",
                          "message_stop"));
}

TEST(MessagesStream, ACallWithoutArgumentsOrIdIsWholeAllTheSame) {
  const Said answer = said({piece(0, "", "Ls", ""), end("tool_calls")});
  const json::Value& call = answer.message.at("content").at(0);
  EXPECT_EQ(call.at("input"), json::Object());
  EXPECT_FALSE(json::string_at(call, "id")->empty());
}

TEST(MessagesStream, ACallThatTheLimitCutOffHasNoInput) {
  const Said answer = said({piece(0, "c", "Ls", R"({"pa)"), end("length")});
  EXPECT_EQ(answer.message.at("content").at(0).at("input"), json::Object());
  EXPECT_EQ(answer.message.at("stop_reason"), "max_tokens");
}

TEST(MessagesStream, EachReasonToStop) {
  const auto reason = [](const std::vector<Delta>& deltas) {
    return std::string(json::string_at(said(deltas).message, "stop_reason").value_or(""));
  };
  EXPECT_EQ(reason({text("a"), end("stop")}), "end_turn");
  EXPECT_EQ(reason({text("a")}), "end_turn");
  EXPECT_EQ(reason({text("a"), end("length")}), "max_tokens");
  EXPECT_EQ(reason({text("a"), end("content_filter")}), "refusal");
  EXPECT_EQ(reason({}), "end_turn");
  Delta refusal;
  refusal.refusal = "No.";
  EXPECT_EQ(reason({refusal, end("stop")}), "refusal");
}

TEST(MessagesStream, TheStopSequenceIsNamedWhereTheBackendTells) {
  Delta last = end("stop");
  last.choices = json::Array{json::Object{{"index", 0}, {"finish_reason", "stop"}, {"stop_reason", "END"}}};
  const json::Object message = said({text("a"), last}).message;
  EXPECT_EQ(message.at("stop_reason"), "stop_sequence");
  EXPECT_EQ(message.at("stop_sequence"), "END");
}

TEST(MessagesStream, TheRetrievalContextIsAMemberOfTheMessage) {
  Head head{.id = "msg_1",
            .model = "m",
            .prompt_tokens = 7,
            .retrieval_context = std::make_shared<json::Object>(json::Object{{"citations", json::Array()}})};
  const json::Object message = said({text("a"), end("stop")}, std::move(head)).message;
  EXPECT_EQ(message.at("retrieval_context"), *json::parse(R"({"citations":[]})"));
  EXPECT_EQ(message.at("usage").at("input_tokens"), 7);
}

}  // namespace
}  // namespace promethean::llm::messages
