#include "llm/dialect/responses_items.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "llm/dialect/compaction.h"
#include "llm/dialect/testing.h"

namespace promethean::llm::responses {
namespace {

// One item in its full form; its id is left out when it was made.
json::Value full(std::string_view item) {
  const auto items = read_items(json_of(fmt::format("[{}]", item)), {}, {});
  EXPECT_TRUE(items) << item << ": " << items.error().message();
  if (!items) return {};
  json::Object out = (*items)[0].as_object();
  EXPECT_FALSE(out.at("id").as_string().empty());
  if (!json_of(item).as_object().contains("id")) out.erase("id");
  return out;
}

TEST(ResponsesItems, TakeTheirFullForm) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"role":"user","content":"Hi"})",
       R"({"type":"message","role":"user","status":"completed","content":[{"type":"input_text","text":"Hi"}]})"},
      {R"({"type":"message","id":"msg_1","role":"developer","content":[{"type":"text","text":"Be brief"}]})",
       R"({"type":"message","id":"msg_1","role":"developer","status":"completed","content":[{"type":"input_text","text":"Be brief"}]})"},
      {R"({"role":"assistant","phase":"commentary","content":"Hello"})",
       R"({"type":"message","role":"assistant","phase":"commentary","status":"completed","content":[
          {"type":"output_text","text":"Hello","annotations":[],"logprobs":[]}]})"},
      {R"({"role":"assistant","status":"incomplete","content":[{"type":"refusal","refusal":"no"}]})",
       R"({"type":"message","role":"assistant","status":"incomplete","content":[{"type":"refusal","refusal":"no"}]})"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":{"a":1}})",
       R"({"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"})"},
      {R"({"type":"function_call","call_id":"c","name":"f"})",
       R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"})"},
      {R"({"type":"function_call_output","call_id":"c","output":[{"type":"output_text","text":"x"}]})",
       R"({"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"}]})"},
      {R"({"type":"local_shell_call_output","id":"c","output":"x"})",
       R"({"type":"local_shell_call_output","id":"c","call_id":"c","output":"x"})"},
      {R"({"type":"shell_call_output","call_id":"c","output":[{"stdout":"x"}]})",
       R"({"type":"shell_call_output","call_id":"c","output":"[{\"stdout\":\"x\"}]"})"},
      {R"({"type":"web_search_call","id":"ws_1","status":"completed"})",
       R"({"type":"web_search_call","id":"ws_1","status":"completed"})"},
  };
  for (const auto& [item, form] : cases) EXPECT_EQ(full(item), json_of(form)) << item;
}

TEST(ResponsesItems, AStringIsAMessageOfTheUser) {
  const auto items = read_items("Hi", {}, {});
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ((*items)[0].at("role"), "user");
  EXPECT_EQ((*items)[0].at("content"), json_of(R"([{"type":"input_text","text":"Hi"}])"));
}

TEST(ResponsesItems, EveryItemAndEveryCallHasAnIdOfItsOwn) {
  json::Array many;
  for (int i = 0; i < 300; ++i) {
    many.push_back(json_of(R"({"type":"function_call","name":"f"})"));
    many.push_back(json_of(R"({"role":"user","content":""})"));
  }
  const auto items = read_items(many, {}, {});
  std::set<std::string> ids;
  for (const auto& item : *items) {
    EXPECT_TRUE(ids.emplace(item.at("id").as_string()).second);
    if (item.at("type") != "function_call") continue;
    EXPECT_TRUE(item.at("id").as_string().starts_with("fc_"));
    EXPECT_TRUE(item.at("call_id").as_string().starts_with("call_"));
    EXPECT_TRUE(ids.emplace(item.at("call_id").as_string()).second);
  }
}

TEST(ResponsesItems, AReferenceMeansAnEarlierItem) {
  const json::Array history = json_of(R"([{"type":"message","id":"msg_1","role":"user","content":[]}])").as_array();
  const json::Value stored =
      json_of(R"({"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"})");
  const ItemLookup lookup = [&stored](std::string_view id) { return id == "fc_1" ? &stored : nullptr; };
  // One that stands in the history is not repeated; one that does not takes the place of the reference.
  const auto items = read_items(json_of(R"([{"type":"item_reference","id":"msg_1"},{"id":"fc_1"}])"), history, lookup);
  ASSERT_TRUE(items);
  EXPECT_EQ(*items, json::Array{stored});
  const auto unknown = read_items(json_of(R"([{"id":"fc_1"},{"type":"item_reference","id":"rs_9"}])"), {}, lookup);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().field(), "input[1].id");
  EXPECT_EQ(read_items(json_of(R"([{"type":"item_reference"}])"), {}, {}).error().field(), "input[0].id");
}

TEST(ResponsesItems, TheWrongFieldIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"type":"function_call_output","output":"x"})", "call_id"},
      {R"({"type":"function_call_output","call_id":"","output":"x"})", "call_id"},
      {R"({"type":"function_call_output","call_id":"c"})", "output"},
      {R"({"type":"function_call_output","call_id":"c","output":{"content":"x"}})", "output"},
      {R"({"type":"function_call_output","call_id":"c","output":[{"type":"refusal","refusal":"x"}]})",
       "output[0].type"},
      {R"({"type":"custom_tool_call_output","call_id":"c","output":[{"type":"input_text"}]})", "output[0].text"},
      {R"({"type":"function_call","call_id":"c","arguments":"{}"})", "name"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":[1]})", "arguments"},
      {R"({"type":"custom_tool_call","call_id":"c","name":"f"})", "input"},
      {R"({"type":"custom_tool_call","call_id":"c","input":"x"})", "name"},
      {R"({"type":"local_shell_call_output","output":"x"})", "call_id"},
      {R"({"type":"message","content":"x"})", "role"},
      {R"({"role":"robot","content":"x"})", "role"},
      {R"({"role":"user"})", "content"},
      {R"({"role":"user","content":{"text":"x"}})", "content"},
      {R"({"role":"user","content":["x"]})", "content[0].type"},
      {R"({"role":"user","content":[{"type":"input_text","text":"a"},{"type":"hologram"}]})", "content[1].type"},
      {R"({"role":"user","content":[{"type":"refusal","refusal":"x"}]})", "content[0].type"},
      {R"({"role":"assistant","content":[{"type":"input_image","image_url":"u"}]})", "content[0].type"},
      {R"({"role":"assistant","content":[{"type":"refusal"}]})", "content[0].refusal"},
      {R"({"role":"system","content":[{"type":"input_image","image_url":"u"}]})", "content[0].type"},
      {R"({"role":"user","content":[{"type":"input_image","file_id":"f"}]})", "content[0].file_id"},
      {R"({"role":"user","content":[{"type":"input_image","image_url":{"url":"u"}}]})", "content[0].image_url"},
      {R"({"role":"user","content":[{"type":"input_file","file_id":"f"}]})", "content[0].file_id"},
      {R"({"role":"user","content":[{"type":"input_file","file_url":"f"}]})", "content[0].file_url"},
      {R"({"role":"user","content":[{"type":"input_file"}]})", "content[0].file_data"},
      {R"({"role":"user","content":[{"type":"input_audio"}]})", "content[0].input_audio"},
      {R"({"type":"additional_tools"})", "tools"},
      {R"({"type":"additional_tools","tools":[{"type":"namespace","name":"n","tools":[{"type":"function"}]}]})",
       "tools[0].tools[0].name"},
      {R"({"type":"tool_search_output","tools":[{"type":"custom"}]})", "tools[0].name"},
      {R"({"type":"compaction","encrypted_content":"gAAAAAB"})", "encrypted_content"},
      {R"({"type":"compaction"})", "encrypted_content"},
      {R"({"type":"telepathy"})", "type"},
      {R"({"type":7})", "type"},
      {R"({})", "type"},
  };
  for (const auto& [item, field] : cases) {
    const auto items = read_items(json_of(fmt::format(R"([{{"role":"user","content":"x"}},{}])", item)), {}, {});
    ASSERT_FALSE(items) << item;
    EXPECT_EQ(items.error().field(), fmt::format("input[1].{}", field)) << item;
    EXPECT_EQ(items.error().code(), base::Code::kInvalidArgument);
  }
  const auto unknown = read_items(json_of(R"([{"type":"telepathy"}])"), {}, {});
  EXPECT_NE(unknown.error().message().find("'telepathy'"), std::string::npos);
}

TEST(ResponsesItems, APageIsAListObject) {
  json::Array items;
  for (int i = 1; i <= 5; ++i) items.emplace_back(json::Object{{"id", fmt::format("i{}", i)}});
  const auto page = [&items](const ListQuery& query) { return json::Value(*item_list(items, query)); };
  EXPECT_EQ(
      page({.limit = 2}),
      json_of(R"({"object":"list","data":[{"id":"i5"},{"id":"i4"}],"first_id":"i5","last_id":"i4","has_more":true})"));
  EXPECT_EQ(page({.limit = 3, .after = "i4"}).at("has_more"), false);
  EXPECT_EQ(page({.limit = 2, .after = "i3", .descending = false}).at("data"), json_of(R"([{"id":"i4"},{"id":"i5"}])"));
  EXPECT_EQ(page({.limit = 2, .after = "i1"}),
            json_of(R"({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false})"));
  EXPECT_EQ(item_list(items, {.limit = 0}).error().field(), "limit");
  EXPECT_EQ(item_list(items, {.limit = 101}).error().field(), "limit");
  EXPECT_EQ(item_list(items, {.after = "i9"}).error().field(), "after");
}

TEST(Compaction, ReadsBackItsOwnSummariesOnly) {
  EXPECT_EQ(read_compaction(write_compaction("goal:\n\"x\"")), "goal:\n\"x\"");
  EXPECT_EQ(read_compaction(write_compaction("")), "");
  EXPECT_EQ(read_compaction("gAAAAABo"), std::nullopt);
  EXPECT_EQ(read_compaction(""), std::nullopt);
}

}  // namespace
}  // namespace promethean::llm::responses
