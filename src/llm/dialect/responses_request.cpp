#include "llm/dialect/responses_request.h"

#include <algorithm>
#include <vector>

#include "llm/dialect/responses_fields.h"
#include "llm/dialect/responses_messages.h"

namespace promethean::llm::responses {

namespace {

using Items = std::vector<const json::Value*>;

bool is_trigger(const json::Value& item) {
  return text_at(item, "type") == "compaction_trigger";
}

// A trigger counts once: in the request that brings it.
Items conversation(const json::Array& history, const json::Array& items) {
  Items all;
  for (const auto& item : history) {
    if (!is_trigger(item)) all.push_back(&item);
  }
  for (const auto& item : items) all.push_back(&item);
  return all;
}

// The tools of the request, then those that came as items: from a client that sends them so, or from a search for
// tools.
base::Result<Tools> offered_tools(const json::Value& body, const Items& all) {
  Tools tools;
  if (const json::Array* declared = json::array_at(body, "tools")) {
    if (auto added = add_tools(tools, *declared, "tools"); !added) return base::fail(std::move(added).error());
  }
  for (const json::Value* item : all) {
    const std::string_view type = text_at(*item, "type");
    if (type != "additional_tools" && type != "tool_search_output") continue;
    const json::Array* declared = json::array_at(*item, "tools");
    if (declared == nullptr) continue;
    if (auto added = add_tools(tools, *declared, "input"); !added) return base::fail(std::move(added).error());
  }
  return tools;
}

void put_format(const json::Value& format, json::Object& body) {
  const std::string_view type = text_at(format, "type");
  if (type == "json_object") body["response_format"] = json::Object{{"type", type}};
  if (type != "json_schema") return;
  json::Object schema{{"name", json::string_at(format, "name").value_or("answer")}};
  for (const std::string_view key : {"description", "schema", "strict"}) {
    if (const json::Value* value = json::given(format, key)) schema[key] = *value;
  }
  body["response_format"] = json::Object{{"type", type}, {"json_schema", std::move(schema)}};
}

bool includes(const json::Value& request, std::string_view what) {
  const json::Array* wishes = json::array_at(request, "include");
  return wishes != nullptr && std::ranges::count(*wishes, json::Value(what)) > 0;
}

// Settings under the names that they have in chat; what is not named here stays here.
void put_settings(const json::Value& request, json::Object& body) {
  body["stream"] = json::bool_at(request, "stream").value_or(false);
  for (const std::string_view key : {"temperature", "top_p", "presence_penalty", "frequency_penalty"}) {
    if (const json::Value* value = json::given(request, key)) body[key] = *value;
  }
  if (const int64_t most = json::int_at(request, "max_output_tokens").value_or(0); most > 0) {
    body["max_completion_tokens"] = most;
  }
  const int64_t top_logprobs = json::int_at(request, "top_logprobs").value_or(0);
  if (top_logprobs > 0) body["top_logprobs"] = top_logprobs;
  if (top_logprobs > 0 || includes(request, "message.output_text.logprobs")) body["logprobs"] = true;
  if (const json::Value* reasoning = json::given(request, "reasoning")) {
    if (const auto effort = json::string_at(*reasoning, "effort")) body["reasoning_effort"] = *effort;
  }
  if (const json::Value* text = json::given(request, "text")) {
    if (const auto verbosity = json::string_at(*text, "verbosity")) body["verbosity"] = *verbosity;
    if (const json::Value* format = json::given(*text, "format")) put_format(*format, body);
  }
}

}  // namespace

base::Result<Translated> translate_request(const json::Value& body, const json::Array& history,
                                           const ItemLookup& lookup) {
  static const json::Value kNoItems = json::Array();
  const json::Value* input = json::given(body, "input");
  if (input == nullptr && history.empty()) {
    return base::bad_field("input", "there is no input", "send a string or an array of items");
  }
  auto items = read_items(input == nullptr ? kNoItems : *input, history, lookup);
  if (!items) return base::fail(std::move(items).error());
  const Items all = conversation(history, *items);
  auto tools = offered_tools(body, all);
  if (!tools) return base::fail(std::move(tools).error());

  Translated out;
  out.body["messages"] = to_messages(text_at(body, "instructions"), all, tools->names);
  put_settings(body, out.body);
  if (auto put = put_tools(*tools, body, out.body); !put) return base::fail(std::move(put).error());
  for (const json::Value* item : all) {
    if (is_call(text_at(*item, "type"))) out.call_ids.emplace(text_at(*item, "call_id"));
  }
  out.compaction = std::ranges::any_of(*items, is_trigger);
  out.ends_with_tool_output = !all.empty() && is_output(text_at(*all.back(), "type"));
  const json::Array* declared = json::array_at(body, "tools");
  if (out.compaction) {  // a call would be no summary
    for (const std::string_view key : {"tools", "tool_choice", "parallel_tool_calls"}) out.body.erase(key);
  }
  out.tools_empty = declared != nullptr && declared->empty();
  out.tools = std::move(tools->names);
  out.items = std::move(*items);
  return out;
}

}  // namespace promethean::llm::responses
