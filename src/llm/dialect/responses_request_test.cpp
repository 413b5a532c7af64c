// What real clients send, in the shape in which they send it.
#include "llm/dialect/responses_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "json/schema.h"
#include "llm/chat_request.h"
#include "llm/dialect/compaction.h"
#include "llm/dialect/testing.h"

namespace promethean::llm::responses {
namespace {

// The field that the schema or the translation refuses; "" when all is well.
std::string refused(std::string_view body, const json::Array& history = {}) {
  static const auto schema = json::Schema::compile(kResponsesRequestSchema);
  EXPECT_TRUE(schema) << schema.error().message();
  const json::Value request = json_of(body);
  if (const auto violation = schema->check(request)) return violation->path;
  const auto translated = translate_request(request, history);
  return translated ? "" : translated.error().field();
}

Translated translate(std::string_view body, const json::Array& history = {}) {
  EXPECT_EQ(refused(body, history), "") << body;
  auto translated = translate_request(json_of(body), history);
  if (!translated) return {};
  static const auto chat = json::Schema::compile(kChatRequestSchema);
  const auto violation = chat->check(translated->body);
  EXPECT_FALSE(violation) << violation->path << ": " << violation->reason;
  return std::move(*translated);
}

std::vector<std::string> offered(const Translated& translated) {
  std::vector<std::string> names;
  const json::Value* tools = translated.body.if_contains("tools");
  if (tools == nullptr) return names;
  for (const auto& tool : tools->as_array()) names.emplace_back(tool.at("function").at("name").get_string());
  return names;
}

// Codex CLI with a model that it does not know: shortened, every kind of tool and field is there.
constexpr std::string_view kCodexFirst = R"({"model":"fake-model","stream":true,
  "input":[{"type":"message","id":"msg_1","role":"developer","content":[{"type":"input_text","text":"You are a coding agent"}]},
           {"type":"message","role":"developer","content":[{"type":"input_text","text":"<skills>"},{"type":"input_text","text":"<permissions>"}]},
           {"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>"}]},
           {"type":"message","role":"user","content":[{"type":"input_text","text":"say hello"}]}%s],
  "tools":[{"type":"function","name":"exec_command","description":"Runs","strict":false,"parameters":{"type":"object","properties":{"cmd":{"type":"string"}}}},
           {"type":"namespace","name":"multi_agent_v1","description":"d","tools":[{"type":"function","name":"spawn","strict":false,"parameters":{"type":"object"}}]},
           {"type":"custom","name":"apply_patch","description":"Edits","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
           {"type":"tool_search","execution":"client","description":"d","parameters":{"type":"object"}},
           {"type":"web_search","external_web_access":false}],
  "tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"summary":"auto"},"store":false,
  "include":["reasoning.encrypted_content"],"prompt_cache_key":"t","client_metadata":{"session_id":"s"}})";

std::string codex(std::string_view more_items) {
  std::string body(kCodexFirst);
  return body.replace(body.find("%s"), 2, more_items);
}

TEST(ResponsesRequest, TheFirstRequestOfAnAgent) {
  const Translated translated = translate(codex(""));
  EXPECT_EQ(translated.body.at("messages"),
            json_of(R"([{"role":"system","content":"You are a coding agent\n\n<skills>\n<permissions>"},
               {"role":"user","content":"<environment_context>"},{"role":"user","content":"say hello"}])"));
  EXPECT_EQ(offered(translated),
            std::vector<std::string>({"exec_command", "multi_agent_v1__spawn", "apply_patch", "tool_search"}));
  EXPECT_EQ(translated.body.at("tool_choice"), "auto");
  EXPECT_EQ(translated.body.at("parallel_tool_calls"), true);
  EXPECT_EQ(translated.body.at("stream"), true);
  EXPECT_EQ(translated.body.size(), 5u) << json::write(translated.body);  // nothing else is forwarded
  EXPECT_EQ(translated.items.size(), 4u);
  EXPECT_EQ(translated.items[0].at("id"), "msg_1");
  EXPECT_FALSE(translated.compaction);
  EXPECT_FALSE(translated.ends_with_tool_output);
  EXPECT_FALSE(translated.tools_empty);
}

TEST(ResponsesRequest, TheSecondTurnOfAnAgent) {
  const Translated translated = translate(codex(R"(,
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"I look."}],"content":null,"encrypted_content":null},
    {"type":"function_call","id":"fc_1","call_id":"call_1","name":"exec_command","arguments":"{\"cmd\":\"ls\"}","status":"completed"},
    {"type":"function_call","id":"fc_2","call_id":"call_2","namespace":"multi_agent_v1","name":"spawn","arguments":"{}"},
    {"type":"custom_tool_call","id":"ctc_1","call_id":"call_3","name":"apply_patch","input":"*** Begin Patch"},
    {"type":"function_call_output","id":"fco_1","call_id":"call_1","output":"Chunk ID: 950d01\nOutput:\na"},
    {"type":"function_call_output","id":"fco_2","call_id":"call_2","output":"ok"},
    {"type":"custom_tool_call_output","id":"ctco_1","call_id":"call_3","output":"Done!"})"));
  const json::Array& messages = translated.body.at("messages").as_array();
  ASSERT_EQ(messages.size(), 7u);
  EXPECT_EQ(messages[3], json_of(R"({"role":"assistant","content":null,"reasoning_content":"I look.","tool_calls":[
    {"id":"call_1","type":"function","function":{"name":"exec_command","arguments":"{\"cmd\":\"ls\"}"}},
    {"id":"call_2","type":"function","function":{"name":"multi_agent_v1__spawn","arguments":"{}"}},
    {"id":"call_3","type":"function","function":{"name":"apply_patch","arguments":"{\"input\":\"*** Begin Patch\"}"}}]})"));
  EXPECT_EQ(messages[6], json_of(R"({"role":"tool","tool_call_id":"call_3","content":"Done!"})"));
  EXPECT_TRUE(translated.ends_with_tool_output);
  EXPECT_EQ(translated.call_ids.size(), 3u);
}

TEST(ResponsesRequest, ToolsThatComeAsAnItem) {
  const Translated translated = translate(R"({"model":"gpt-6","stream":true,"input":[
    {"type":"additional_tools","role":"developer","tools":[
      {"type":"namespace","name":"shell","tools":[{"type":"function","name":"exec","parameters":{"type":"object"}},
                                                  {"type":"custom","name":"patch"}]},
      {"type":"web_search"}]},
    {"role":"developer","content":"Be brief"},{"role":"user","content":"go"},
    {"type":"custom_tool_call","call_id":"c","namespace":"shell","name":"patch","input":"x"},
    {"type":"tool_search_output","call_id":"ts","tools":[{"type":"function","name":"found"}]}]})");
  EXPECT_EQ(offered(translated), std::vector<std::string>({"shell__exec", "shell__patch", "found"}));
  EXPECT_EQ(*translated.tools.find("shell__patch"), (ClientTool{"patch", "shell", true}));
  EXPECT_EQ(translated.body.at("messages").as_array()[0], json_of(R"({"role":"system","content":"Be brief"})"));
  EXPECT_EQ(translated.items[0].at("type"), "additional_tools");
  EXPECT_FALSE(translated.tools_empty);
}

TEST(ResponsesRequest, ACallOfAToolThatIsGoneKeepsItsName) {
  const Translated translated = translate(R"({"input":[
    {"type":"function_call","call_id":"c","namespace":"old","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c","output":"x"}],"tools":[{"type":"function","name":"old__f"}]})");
  const json::Value& call = translated.body.at("messages").as_array()[0].at("tool_calls").as_array()[0];
  const std::string name(call.at("function").at("name").get_string());
  EXPECT_NE(name, "old__f") << "which means another tool in this request";
  EXPECT_EQ(*translated.tools.find(name), (ClientTool{"f", "old", false}));
  EXPECT_EQ(offered(translated), std::vector<std::string>({"old__f"}));
}

TEST(ResponsesRequest, ATitleTurnAndAProbe) {
  const Translated title =
      translate(R"({"model":"m","tools":[],"stream":true,"input":[{"role":"user","content":"Name it"}],
    "text":{"format":{"type":"json_schema","name":"title","strict":true,"schema":{"type":"object"}},"verbosity":"low"}})");
  EXPECT_TRUE(title.tools_empty);
  EXPECT_EQ(
      title.body.at("response_format"),
      json_of(R"({"type":"json_schema","json_schema":{"name":"title","schema":{"type":"object"},"strict":true}})"));
  EXPECT_EQ(title.body.at("verbosity"), "low");
  EXPECT_FALSE(title.body.contains("tools"));
  const Translated probe = translate(R"({"model":"m","input":"","max_output_tokens":1})");
  EXPECT_EQ(probe.body,
            json_of(R"({"messages":[{"role":"user","content":""}],"stream":false,"max_completion_tokens":1})"));
}

TEST(ResponsesRequest, SettingsUnderTheirNamesInChat) {
  const Translated all = translate(R"({"model":"m","input":"x","instructions":"Be brief","temperature":0.5,"top_p":0.9,
    "max_output_tokens":100,"reasoning":{"effort":"high"},"top_logprobs":2,"text":{"format":{"type":"json_object"}},
    "parallel_tool_calls":false,"presence_penalty":0.1,"metadata":{"a":"b"},"user":"u","service_tier":"flex","truncation":"auto",
    "background":false,"store":true,"max_tool_calls":3,"safety_identifier":"s","something_new":{"x":1},
    "retrieval":{"enabled":false}})");
  EXPECT_EQ(all.body, json_of(R"({"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"x"}],
    "stream":false,"temperature":0.5,"top_p":0.9,"presence_penalty":0.1,"max_completion_tokens":100,"logprobs":true,
    "top_logprobs":2,"reasoning_effort":"high","response_format":{"type":"json_object"}})"));
  const Translated none = translate(R"({"model":"m","input":"x","instructions":null,"temperature":null,"top_p":null,
    "max_output_tokens":0,"reasoning":null,"text":{"format":{"type":"text"}},"tools":null,"tool_choice":null,"stream":null})");
  EXPECT_EQ(none.body, json_of(R"({"messages":[{"role":"user","content":"x"}],"stream":false})"));
}

TEST(ResponsesRequest, LogprobsMayBeIncludedWithoutAlternatives) {
  const Translated translated = translate(R"({"input":"x","include":["message.output_text.logprobs"]})");
  EXPECT_EQ(translated.body.at("logprobs"), true);
  EXPECT_FALSE(translated.body.contains("top_logprobs"));
}

TEST(ResponsesRequest, EarlierItemsStandBeforeTheInput) {
  const Translated first = translate(R"({"input":[{"role":"developer","content":"A"},{"role":"user","content":"list"},
    {"type":"compaction_trigger"}],"tools":[{"type":"function","name":"ls"}]})");
  json::Array history = first.items;
  history.push_back(json_of(R"({"type":"function_call","id":"fc_1","call_id":"c","name":"ls","arguments":"{}"})"));
  const Translated second = translate(R"({"previous_response_id":"resp_1","instructions":"B",
    "input":[{"type":"item_reference","id":"fc_1"},{"type":"function_call_output","call_id":"c","output":"x"}]})",
                                      history);
  EXPECT_EQ(second.body.at("messages"),
            json_of(R"([{"role":"system","content":"B\n\nA"},{"role":"user","content":"list"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"ls","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"c","content":"x"}])"));
  EXPECT_EQ(second.items.size(), 1u);
  EXPECT_FALSE(second.compaction) << "the trigger was answered in its own turn";
  EXPECT_TRUE(second.ends_with_tool_output);
  EXPECT_EQ(translate(R"({"previous_response_id":"resp_1"})", history).items.size(), 0u);
}

TEST(ResponsesRequest, ACompactionOffersNoTools) {
  const Translated translated = translate(R"({"input":[{"role":"user","content":"x"},{"type":"compaction_trigger"}],
    "tools":[{"type":"function","name":"f"}],"tool_choice":"auto","parallel_tool_calls":true})");
  EXPECT_TRUE(translated.compaction);
  EXPECT_EQ(translated.body.size(), 2u);
  EXPECT_EQ(json::string_at(translated.body.at("messages").as_array().back(), "content"), kCompactionRequest);
}

TEST(ResponsesRequest, TheWrongFieldIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "input"},
      {R"({"input":null})", "input"},
      {R"({"input":7})", "input"},
      {R"({"input":["x"]})", "input[0]"},
      {R"({"input":[{"role":"user","content":"x"},{"type":"function_call_output","output":"x"}]})", "input[1].call_id"},
      {R"({"input":[{"type":"telepathy"}]})", "input[0].type"},
      {R"({"input":"x","tools":[{"name":"x"}]})", "tools[0].type"},
      {R"({"input":"x","tools":[{"type":"function"}]})", "tools[0].name"},
      {R"({"input":"x","tool_choice":7})", "tool_choice"},
      {R"({"input":"x","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"g"}})",
       "tool_choice.name"},
      {R"({"input":"x","temperature":3})", "temperature"},
      {R"({"input":"x","max_output_tokens":-1})", "max_output_tokens"},
      {R"({"input":"x","text":{"format":{"type":"yaml"}}})", "text.format.type"},
      {R"({"input":"x","reasoning":{"effort":1}})", "reasoning.effort"},
      {R"({"input":"x","instructions":["x"]})", "instructions"},
  };
  for (const auto& [body, field] : cases) EXPECT_EQ(refused(body), field) << body;
}

TEST(ResponsesRequest, HostileInputIsHeld) {
  std::string deep = R"({"type":"object"})";
  for (int i = 0; i < 50; ++i) deep = fmt::format(R"({{"x":{}}})", deep);
  const std::string huge(200'000, 'n');
  const Translated translated = translate(fmt::format(
      R"({{"input":[{{"type":"function_call","call_id":"{1}","name":"{1}","namespace":"{1}","arguments":"{1}"}}],
          "tools":[{{"type":"function","name":"f","parameters":{0}}},{{"type":"function","name":"x{1}"}},{{"type":"function","name":"y{1}"}}]}})",
      deep, huge));
  for (const std::string& name : offered(translated)) EXPECT_LE(name.size(), 64u);
  std::string arguments(5000, '[');
  EXPECT_EQ(refused(fmt::format(R"({{"input":[{{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}]}})",
                                arguments)),
            "");
}

}  // namespace
}  // namespace promethean::llm::responses
