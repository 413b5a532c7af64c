// Deltas in, events out, as golden sequences: every event without its number, and of a response its status alone.
#include "llm/dialect/responses_stream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "llm/dialect/compaction.h"
#include "llm/dialect/testing.h"

namespace promethean::llm::responses {
namespace {

constexpr int64_t kNow = 1'700'000'009;

StreamSetup setup_of(std::string_view request) {
  json::Value body = json_of(request);
  body.as_object().insert({{"input", "x"}, {"stream", true}});
  const auto translated = translate_request(body, {});
  EXPECT_TRUE(translated) << translated.error().message();
  return stream_setup(body, *translated, {.id = "resp_ab", .model = "m", .created_at = 1'700'000'000});
}

const std::string_view kTools = R"({"tools":[{"type":"function","name":"ls"},{"type":"custom","name":"patch"},
  {"type":"namespace","name":"mcp__t","tools":[{"type":"function","name":"echo"}]}]})";

Delta says(std::string_view text) {
  return {.content = std::string(text)};
}
Delta thinks(std::string_view text) {
  return {.reasoning = std::string(text)};
}
Delta refuses(std::string_view text) {
  return {.refusal = std::string(text)};
}
Delta calls(int64_t index, std::string_view id, std::string_view name, std::string_view arguments) {
  return {.tool_calls = {
              {.index = index, .id = std::string(id), .name = std::string(name), .arguments = std::string(arguments)}}};
}
Delta ends(std::string_view reason) {
  return {.finish_reason = std::string(reason)};
}

// Every item that was added is done, unless the response did not complete.
void check_items(const std::vector<json::Value>& events) {
  std::map<int64_t, std::string> open;
  for (const auto& event : events) {
    const std::string type(*json::string_at(event, "type"));
    const auto index = json::int_at(event, "output_index");
    if (type == "response.output_item.added") {
      EXPECT_EQ(event.at("item").at("status"), "in_progress");
      open[*index] = event.at("item").at("id").as_string();
    } else if (type == "response.output_item.done") {
      EXPECT_EQ(open[*index], event.at("item").at("id").as_string());
      open.erase(*index);
    } else if (index) {
      EXPECT_EQ(open.at(*index), *json::string_at(event, "item_id")) << type << " outside of its item";
    }
  }
  const json::Value& last = events.back().at("response");
  if (last.at("status") == "completed") EXPECT_TRUE(open.empty());
  for (const auto& item : last.at("output").as_array()) EXPECT_NE(item.at("status"), "in_progress");
}

std::vector<json::Value> run(ResponsesStream& stream, const std::vector<Delta>& deltas) {
  std::string all = stream.begin();
  for (const Delta& delta : deltas) all += stream.feed(delta);
  all += stream.finish(kNow);
  auto events = events_of(all);
  check_items(events);
  return events;
}

// What is between the first two events, which are always the same, and the last.
std::string golden(const std::vector<json::Value>& events) {
  std::string out;
  for (const json::Value& event : events) {
    json::Object members;
    for (const auto& member : event.as_object()) {
      if (member.key() == "sequence_number") continue;
      members[member.key()] = member.key() == "response" ? member.value().at("status") : member.value();
    }
    out += json::write(members) + "\n";
  }
  const std::string begin =
      "{\"type\":\"response.created\",\"response\":\"in_progress\"}\n"
      "{\"type\":\"response.in_progress\",\"response\":\"in_progress\"}\n";
  EXPECT_TRUE(out.starts_with(begin)) << out;
  return "\n" + out.substr(begin.size());
}

std::string golden_of(std::string_view request, const std::vector<Delta>& deltas) {
  ResponsesStream stream(setup_of(request));
  return golden(run(stream, deltas));
}

TEST(ResponsesStream, Text) {
  EXPECT_EQ(golden_of("{}", {says("\n"), says("Hel"), says("lo"), says(""), ends("stop")}), R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_ab00","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"response.content_part.added","item_id":"msg_ab00","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}
{"type":"response.output_text.delta","item_id":"msg_ab00","output_index":0,"content_index":0,"delta":"\nHel","logprobs":[]}
{"type":"response.output_text.delta","item_id":"msg_ab00","output_index":0,"content_index":0,"delta":"lo","logprobs":[]}
{"type":"response.output_text.done","item_id":"msg_ab00","output_index":0,"content_index":0,"text":"\nHello","logprobs":[]}
{"type":"response.content_part.done","item_id":"msg_ab00","output_index":0,"content_index":0,"part":{"type":"output_text","text":"\nHello","annotations":[],"logprobs":[]}}
{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_ab00","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"\nHello","annotations":[],"logprobs":[]}]}}
{"type":"response.completed","response":"completed"}
)");
}

TEST(ResponsesStream, TextAndTwoCallsThatInterleave) {
  EXPECT_EQ(golden_of(kTools, {says("I look."), calls(0, "c1", "ls", ""), calls(1, "c2", "mcp__t__echo", "{\"a\""),
                               calls(0, "", "", "{\"d\":"), calls(1, "", "", ":1}"), calls(0, "", "", "2}"),
                               ends("tool_calls")}),
            R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_ab00","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"response.content_part.added","item_id":"msg_ab00","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}
{"type":"response.output_text.delta","item_id":"msg_ab00","output_index":0,"content_index":0,"delta":"I look.","logprobs":[]}
{"type":"response.output_text.done","item_id":"msg_ab00","output_index":0,"content_index":0,"text":"I look.","logprobs":[]}
{"type":"response.content_part.done","item_id":"msg_ab00","output_index":0,"content_index":0,"part":{"type":"output_text","text":"I look.","annotations":[],"logprobs":[]}}
{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_ab00","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"I look.","annotations":[],"logprobs":[]}]}}
{"type":"response.output_item.added","output_index":1,"item":{"id":"fc_ab01","type":"function_call","status":"in_progress","call_id":"c1","name":"ls","arguments":""}}
{"type":"response.output_item.added","output_index":2,"item":{"id":"fc_ab02","type":"function_call","status":"in_progress","call_id":"c2","name":"echo","namespace":"mcp__t","arguments":""}}
{"type":"response.function_call_arguments.delta","item_id":"fc_ab02","output_index":2,"delta":"{\"a\""}
{"type":"response.function_call_arguments.delta","item_id":"fc_ab01","output_index":1,"delta":"{\"d\":"}
{"type":"response.function_call_arguments.delta","item_id":"fc_ab02","output_index":2,"delta":":1}"}
{"type":"response.function_call_arguments.delta","item_id":"fc_ab01","output_index":1,"delta":"2}"}
{"type":"response.function_call_arguments.done","item_id":"fc_ab01","output_index":1,"name":"ls","arguments":"{\"d\":2}"}
{"type":"response.output_item.done","output_index":1,"item":{"id":"fc_ab01","type":"function_call","status":"completed","call_id":"c1","name":"ls","arguments":"{\"d\":2}"}}
{"type":"response.function_call_arguments.done","item_id":"fc_ab02","output_index":2,"name":"echo","arguments":"{\"a\":1}"}
{"type":"response.output_item.done","output_index":2,"item":{"id":"fc_ab02","type":"function_call","status":"completed","call_id":"c2","name":"echo","namespace":"mcp__t","arguments":"{\"a\":1}"}}
{"type":"response.completed","response":"completed"}
)");
}

TEST(ResponsesStream, ACustomToolGetsItsInputUnwrapped) {
  EXPECT_EQ(golden_of(kTools, {calls(0, "c1", "patch", "{\"inp"), calls(0, "", "", "ut\":\"*** \\"),
                               calls(0, "", "", "n+x\"}"), ends("tool_calls")}),
            R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"ctc_ab00","type":"custom_tool_call","status":"in_progress","call_id":"c1","name":"patch","input":""}}
{"type":"response.custom_tool_call_input.delta","item_id":"ctc_ab00","output_index":0,"delta":"*** "}
{"type":"response.custom_tool_call_input.delta","item_id":"ctc_ab00","output_index":0,"delta":"\n+x"}
{"type":"response.custom_tool_call_input.done","item_id":"ctc_ab00","output_index":0,"input":"*** \n+x"}
{"type":"response.output_item.done","output_index":0,"item":{"id":"ctc_ab00","type":"custom_tool_call","status":"completed","call_id":"c1","name":"patch","input":"*** \n+x"}}
{"type":"response.completed","response":"completed"}
)");
  EXPECT_EQ(golden_of(kTools, {calls(0, "c1", "patch", "*** Begin"), ends("tool_calls")}), R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"ctc_ab00","type":"custom_tool_call","status":"in_progress","call_id":"c1","name":"patch","input":""}}
{"type":"response.custom_tool_call_input.delta","item_id":"ctc_ab00","output_index":0,"delta":"*** Begin"}
{"type":"response.custom_tool_call_input.done","item_id":"ctc_ab00","output_index":0,"input":"*** Begin"}
{"type":"response.output_item.done","output_index":0,"item":{"id":"ctc_ab00","type":"custom_tool_call","status":"completed","call_id":"c1","name":"patch","input":"*** Begin"}}
{"type":"response.completed","response":"completed"}
)");
}

TEST(ResponsesStream, ReasoningThenText) {
  EXPECT_EQ(golden_of(R"({"reasoning":{"summary":"auto"}})",
                      {thinks("Let me"), thinks(" see"), says("\n\n"), says("Yes"), ends("stop")}),
            R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_ab00","type":"reasoning","status":"in_progress","summary":[]}}
{"type":"response.reasoning_summary_part.added","item_id":"rs_ab00","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}
{"type":"response.reasoning_summary_text.delta","item_id":"rs_ab00","output_index":0,"summary_index":0,"delta":"Let me"}
{"type":"response.reasoning_summary_text.delta","item_id":"rs_ab00","output_index":0,"summary_index":0,"delta":" see"}
{"type":"response.reasoning_summary_text.done","item_id":"rs_ab00","output_index":0,"summary_index":0,"text":"Let me see"}
{"type":"response.reasoning_summary_part.done","item_id":"rs_ab00","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"Let me see"}}
{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_ab00","type":"reasoning","status":"completed","summary":[{"type":"summary_text","text":"Let me see"}]}}
{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_ab01","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"response.content_part.added","item_id":"msg_ab01","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}
{"type":"response.output_text.delta","item_id":"msg_ab01","output_index":1,"content_index":0,"delta":"\n\nYes","logprobs":[]}
{"type":"response.output_text.done","item_id":"msg_ab01","output_index":1,"content_index":0,"text":"\n\nYes","logprobs":[]}
{"type":"response.content_part.done","item_id":"msg_ab01","output_index":1,"content_index":0,"part":{"type":"output_text","text":"\n\nYes","annotations":[],"logprobs":[]}}
{"type":"response.output_item.done","output_index":1,"item":{"id":"msg_ab01","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"\n\nYes","annotations":[],"logprobs":[]}]}}
{"type":"response.completed","response":"completed"}
)");
}

TEST(ResponsesStream, RawReasoningThenACall) {
  EXPECT_EQ(golden_of(kTools, {thinks("hm"), says("\n"), calls(0, "c1", "ls", ""), ends("tool_calls")}), R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_ab00","type":"reasoning","status":"in_progress","summary":[],"content":[]}}
{"type":"response.content_part.added","item_id":"rs_ab00","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":""}}
{"type":"response.reasoning_text.delta","item_id":"rs_ab00","output_index":0,"content_index":0,"delta":"hm"}
{"type":"response.reasoning_text.done","item_id":"rs_ab00","output_index":0,"content_index":0,"text":"hm"}
{"type":"response.content_part.done","item_id":"rs_ab00","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":"hm"}}
{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_ab00","type":"reasoning","status":"completed","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}}
{"type":"response.output_item.added","output_index":1,"item":{"id":"fc_ab01","type":"function_call","status":"in_progress","call_id":"c1","name":"ls","arguments":""}}
{"type":"response.function_call_arguments.delta","item_id":"fc_ab01","output_index":1,"delta":"{}"}
{"type":"response.function_call_arguments.done","item_id":"fc_ab01","output_index":1,"name":"ls","arguments":"{}"}
{"type":"response.output_item.done","output_index":1,"item":{"id":"fc_ab01","type":"function_call","status":"completed","call_id":"c1","name":"ls","arguments":"{}"}}
{"type":"response.completed","response":"completed"}
)");
}

TEST(ResponsesStream, ARefusalBehindText) {
  EXPECT_EQ(golden_of("{}", {says("Well."), refuses("I can"), refuses("not"), ends("stop")}), R"(
{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_ab00","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"response.content_part.added","item_id":"msg_ab00","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}
{"type":"response.output_text.delta","item_id":"msg_ab00","output_index":0,"content_index":0,"delta":"Well.","logprobs":[]}
{"type":"response.output_text.done","item_id":"msg_ab00","output_index":0,"content_index":0,"text":"Well.","logprobs":[]}
{"type":"response.content_part.done","item_id":"msg_ab00","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Well.","annotations":[],"logprobs":[]}}
{"type":"response.content_part.added","item_id":"msg_ab00","output_index":0,"content_index":1,"part":{"type":"refusal","refusal":""}}
{"type":"response.refusal.delta","item_id":"msg_ab00","output_index":0,"content_index":1,"delta":"I can"}
{"type":"response.refusal.delta","item_id":"msg_ab00","output_index":0,"content_index":1,"delta":"not"}
{"type":"response.refusal.done","item_id":"msg_ab00","output_index":0,"content_index":1,"refusal":"I cannot"}
{"type":"response.content_part.done","item_id":"msg_ab00","output_index":0,"content_index":1,"part":{"type":"refusal","refusal":"I cannot"}}
{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_ab00","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Well.","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"I cannot"}]}}
{"type":"response.completed","response":"completed"}
)");
}

TEST(ResponsesStream, NothingAtAll) {
  EXPECT_EQ(golden_of("{}", {}), "\n{\"type\":\"response.completed\",\"response\":\"completed\"}\n");
  EXPECT_EQ(golden_of("{}", {says(" \n"), ends("stop")}), golden_of("{}", {}));
}

}  // namespace
}  // namespace promethean::llm::responses
