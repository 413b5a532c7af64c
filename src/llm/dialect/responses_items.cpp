#include "llm/dialect/responses_items.h"

#include <algorithm>
#include <set>
#include <span>
#include <vector>

#include "llm/dialect/compaction.h"
#include "llm/dialect/responses_fields.h"
#include "llm/dialect/responses_tools.h"

namespace promethean::llm::responses {

namespace {

using Checked = base::Result<void>;

bool is_text(std::string_view type) {
  return type == "input_text" || type == "output_text" || type == "text";
}

Checked check_image(const json::Value& part, const std::string& where) {
  if (!text_at(part, "image_url").empty()) return {};
  if (json::given(part, "file_id") != nullptr) {
    return base::bad_field(where + ".file_id", "there are no stored files here",
                           "send the image as a data URL in 'image_url'");
  }
  return base::bad_field(where + ".image_url", "an image has its URL in 'image_url', as a string");
}

Checked check_file(const json::Value& part, const std::string& where) {
  if (!text_at(part, "file_data").empty()) return {};
  for (const std::string_view elsewhere : {"file_id", "file_url"}) {
    if (json::given(part, elsewhere) == nullptr) continue;
    return base::bad_field(fmt::format("{}.{}", where, elsewhere), "files are neither stored nor fetched here",
                           "send the file as a data URL in 'file_data'");
  }
  return base::bad_field(where + ".file_data", "a file has its content in 'file_data'");
}

// A part that is not text: `role` is that of its message, or "tool".
Checked check_media(const json::Value& part, std::string_view type, std::string_view role, const std::string& where) {
  if (type == "refusal" && role == "assistant") {
    if (json::string_at(part, "refusal")) return {};
    return base::bad_field(where + ".refusal", "a part of type refusal has its text in 'refusal'");
  }
  if (role == "user" || role == "tool") {
    if (type == "input_image") return check_image(part, where);
    if (type == "input_file") return check_file(part, where);
    if (type == "input_audio") {
      if (json::object_at(part, "input_audio") != nullptr) return {};
      return base::bad_field(where + ".input_audio", "a part of type input_audio has an object in 'input_audio'");
    }
  }
  return base::bad_field(where + ".type", fmt::format("content of role {} has no parts of type '{}'", role, type));
}

// Checks every part and gives text the type that it has in this role.
Checked check_parts(json::Array& parts, std::string_view role, const std::string& where) {
  for (size_t i = 0; i < parts.size(); ++i) {
    json::Value& part = parts[i];
    const std::string place = fmt::format("{}[{}]", where, i);
    const auto type = json::string_at(part, "type");
    if (!type) return base::bad_field(place + ".type", "a part of the content is an object with a type");
    if (!is_text(*type)) {
      if (auto checked = check_media(part, *type, role, place); !checked) return checked;
      continue;
    }
    if (!json::string_at(part, "text")) return base::bad_field(place + ".text", "a part with text has it in 'text'");
    json::Object& text = part.as_object();
    text["type"] = role == "assistant" ? "output_text" : "input_text";
    if (role == "assistant") text.insert({{"annotations", json::Array{}}, {"logprobs", json::Array{}}});
  }
  return {};
}

// The checks of items change them, too: into the form that the header speaks of.
Checked check_message(json::Value& item, const std::string& where, Ids&) {
  const std::string role(text_at(item, "role"));
  if (role != "user" && role != "assistant" && role != "system" && role != "developer") {
    return base::bad_field(where + ".role",
                           role.empty() ? "a message has a role" : fmt::format("'{}' is not a role", role),
                           "use user, assistant, system or developer");
  }
  json::Value& content = item.as_object()["content"];
  if (content.is_string()) content = json::Array{json::Object{{"type", "text"}, {"text", content}}};
  if (!content.is_array())
    return base::bad_field(where + ".content", "a message has a string or an array of parts as content");
  if (auto checked = check_parts(content.as_array(), role, where + ".content"); !checked) return checked;
  item.as_object().insert({{"status", "completed"}});
  return {};
}

// A call without an id gets one, so that its output, which then cannot exist, can be made up.
Checked check_call(json::Value& item, const std::string&, Ids& ids) {
  if (text_at(item, "call_id").empty()) item.as_object()["call_id"] = ids.make("call");
  return {};
}

Checked check_function_call(json::Value& item, const std::string& where, Ids& ids) {
  if (text_at(item, "name").empty()) return base::bad_field(where + ".name", "a call names its function in 'name'");
  json::Value& arguments = item.as_object()["arguments"];
  if (arguments.is_null()) arguments = "{}";
  if (arguments.is_object()) arguments = json::write(arguments);
  if (!arguments.is_string())
    return base::bad_field(where + ".arguments", "the arguments of a call are JSON in a string");
  return check_call(item, where, ids);
}

Checked check_custom_call(json::Value& item, const std::string& where, Ids& ids) {
  if (text_at(item, "name").empty()) return base::bad_field(where + ".name", "a call names its tool in 'name'");
  if (!json::string_at(item, "input"))
    return base::bad_field(where + ".input", "the input of a custom tool is a string");
  return check_call(item, where, ids);
}

Checked check_output(json::Value& item, const std::string& where, Ids&) {
  if (text_at(item, "call_id").empty()) {
    return base::bad_field(where + ".call_id", "the output of a tool names its call in 'call_id'");
  }
  json::Value& output = item.as_object()["output"];
  if (output.is_string()) return {};
  if (!output.is_array())
    return base::bad_field(where + ".output", "the output of a tool is a string or an array of parts");
  return check_parts(output.as_array(), "tool", where + ".output");
}

// What a shell or a patch tool brings may be an array of its own kind: passed on as JSON. Some name their call in `id`.
Checked check_own_output(json::Value& item, const std::string& where, Ids& ids) {
  json::Object& members = item.as_object();
  if (json::given(item, "call_id") == nullptr && json::given(item, "id") != nullptr) members["call_id"] = members["id"];
  json::Value& output = members["output"];
  if (!output.is_string()) output = json::write(output);
  return check_output(item, where, ids);
}

Checked check_compaction(json::Value& item, const std::string& where, Ids&) {
  if (read_compaction(text_at(item, "encrypted_content"))) return {};
  return base::bad_field(where + ".encrypted_content",
                         "this summary of a conversation was not made here and cannot be read",
                         "start a new conversation, or go on where it was made");
}

// Read once more where all tools of the request come together; here the place of a wrong one is known.
Checked check_tools(json::Value& item, const std::string& where, Ids&) {
  Tools scratch;
  if (const json::Array* tools = json::array_at(item, "tools")) return add_tools(scratch, *tools, where + ".tools");
  return base::bad_field(where + ".tools", "an item of type additional_tools has an array of tools");
}

// What a search of the client's found, as the text that its model reads. A search that ran elsewhere is a mere record.
Checked check_found(json::Value& item, const std::string& where, Ids&) {
  Tools found;
  const json::Array* tools = json::array_at(item, "tools");
  if (tools == nullptr) return {};
  if (auto added = add_tools(found, *tools, where + ".tools"); !added) return added;
  std::string text = found.chat.empty() ? "No tools were found." : "These tools can be called now:";
  for (const auto& [name, _] : found.names.all()) text += "\n" + name;
  item.as_object()["output"] = text;
  return {};
}

// Every type that is accepted. Items without a check are records of what others ran, or carry nothing that must be
// there; a chat does without most of them.
struct ItemType {
  std::string_view name;
  std::string_view id_prefix;
  Checked (*check)(json::Value& item, const std::string& where, Ids& ids) = nullptr;
};
constexpr ItemType kItemTypes[] = {
    {"message", "msg", check_message},
    {"function_call", "fc", check_function_call},
    {"function_call_output", "fco", check_output},
    {"custom_tool_call", "ctc", check_custom_call},
    {"custom_tool_call_output", "ctco", check_output},
    {"reasoning", "rs"},
    {"additional_tools", "at", check_tools},
    {"compaction", "cmp", check_compaction},
    {"compaction_summary", "cmp", check_compaction},
    {"compaction_trigger", "cmt"},
    {"tool_search_call", "tsc"},
    {"tool_search_output", "tso", check_found},
    {"web_search_call", "ws"},
    {"file_search_call", "fs"},
    {"code_interpreter_call", "ci"},
    {"image_generation_call", "ig"},
    {"mcp_list_tools", "mcpl"},
    {"mcp_approval_request", "mcpr"},
    {"mcp_approval_response", "mcpa"},
    {"mcp_call", "mcp"},
    {"local_shell_call", "lsh", check_call},
    {"local_shell_call_output", "lsho", check_own_output},
    {"shell_call", "sh", check_call},
    {"shell_call_output", "sho", check_own_output},
    {"apply_patch_call", "apc", check_call},
    {"apply_patch_call_output", "apco", check_own_output},
};

const ItemType* type_of(std::string_view name) {
  const auto* at = std::ranges::find(kItemTypes, name, &ItemType::name);
  return at == std::end(kItemTypes) ? nullptr : at;
}

std::string_view id_of(const json::Value& item) {
  return text_at(item, "id");
}

// A message may come without its type, and so may a reference.
std::string_view type_name(const json::Value& item) {
  if (const json::Value* type = json::given(item, "type")) return type->is_string() ? text_at(item, "type") : "";
  if (json::find(item, "role") != nullptr) return "message";
  return id_of(item).empty() ? "" : "item_reference";
}

base::Result<json::Value> read_item(const json::Value& item, const std::string& where, Ids& ids) {
  const std::string name(type_name(item));
  if (name.empty())
    return base::bad_field(where + ".type", "an item is an object with a type, or a message with a role");
  const ItemType* type = type_of(name);
  if (type == nullptr)
    return base::bad_field(where + ".type", fmt::format("items of type '{}' are not understood here", name));
  json::Value out = item;
  out.as_object()["type"] = name;
  if (type->check != nullptr) {
    if (auto checked = type->check(out, where, ids); !checked) return base::fail(std::move(checked).error());
  }
  if (id_of(out).empty()) out.as_object()["id"] = ids.make(type->id_prefix);
  return out;
}

}  // namespace

base::Result<json::Array> read_items(const json::Value& input, const json::Array& history, const ItemLookup& lookup) {
  Ids ids;
  if (input.is_string()) {
    const json::Value message = json::Object({{"role", "user"}, {"content", input}});
    auto item = read_item(message, "input", ids);
    if (!item) return base::fail(std::move(item).error());
    json::Array items;
    items.push_back(std::move(*item));
    return items;
  }
  std::set<std::string_view> known;
  for (const auto& item : history) known.insert(id_of(item));
  const json::Array& given_items = input.as_array();
  json::Array items;
  for (size_t i = 0; i < given_items.size(); ++i) {
    const std::string where = fmt::format("input[{}]", i);
    const json::Value* source = &given_items[i];
    if (type_name(*source) == "item_reference") {
      const std::string_view id = id_of(*source);
      if (!id.empty() && known.contains(id)) continue;
      source = lookup && !id.empty() ? lookup(id) : nullptr;
      if (source == nullptr)
        return base::bad_field(where + ".id", fmt::format("no item with the id '{}' is stored here", id));
    }
    auto item = read_item(*source, where, ids);
    if (!item) return base::fail(std::move(item).error());
    items.push_back(std::move(*item));
  }
  return items;
}

bool is_call(std::string_view type) {
  return type == "function_call" || type == "custom_tool_call" || type == "local_shell_call" || type == "shell_call" ||
         type == "apply_patch_call" || type == "tool_search_call";
}

bool is_output(std::string_view type) {
  constexpr std::string_view kEnd = "_output";
  if (type == "tool_search_output") return true;  // the only one that is not named after its call
  return type.ends_with(kEnd) && is_call(type.substr(0, type.size() - kEnd.size()));
}

base::Result<json::Object> item_list(const json::Array& items, const ListQuery& query) {
  if (query.limit < 1 || query.limit > 100) return base::bad_field("limit", "the limit of a page is between 1 and 100");
  std::vector<const json::Value*> order;
  for (const auto& item : items) order.push_back(&item);
  if (query.descending) std::ranges::reverse(order);
  auto at = order.begin();
  if (!query.after.empty()) {
    at = std::ranges::find_if(order, [&query](const json::Value* item) { return id_of(*item) == query.after; });
    if (at == order.end())
      return base::bad_field("after", fmt::format("there is no item with the id '{}'", query.after));
    ++at;
  }
  const auto count = std::min<int64_t>(query.limit, order.end() - at);
  json::Array data;
  for (const json::Value* item : std::span(at, at + count)) data.push_back(*item);
  const json::Value none;
  json::Object out{{"object", "list"}};
  out["first_id"] = data.empty() ? none : json::Value(id_of(data.front()));
  out["last_id"] = data.empty() ? none : json::Value(id_of(data.back()));
  out["has_more"] = at + count != order.end();
  out["data"] = std::move(data);
  return out;
}

}  // namespace promethean::llm::responses
