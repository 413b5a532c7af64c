#include "llm/dialect/responses_tools.h"

#include <algorithm>
#include <set>

#include "llm/dialect/responses_fields.h"

namespace promethean::llm::responses {

namespace {

constexpr size_t kMaxName = 64;  // OpenAI's limit for a function's name in chat

// What every backend takes as the name of a function.
std::string plain_name(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(
      out,
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !letter && !(c >= '0' && c <= '9') && c != '_' && c != '-';
      },
      '_');
  return out;
}

std::string flat_name(const ClientTool& tool) {
  return plain_name(tool.name_space.empty() ? tool.name : tool.name_space + "__" + tool.name);
}

// For names that are too long or taken: cut, with a hash of the whole name; another hash at every attempt.
std::string hashed_name(const ClientTool& tool, int attempt) {
  std::string whole = tool.name_space + '\0' + tool.name;
  if (attempt > 0) whole += '\0' + std::to_string(attempt);
  return flat_name(tool).substr(0, kMaxName - 9) + '_' + base::hash8(whole);
}

base::Result<std::string> tool_name(const json::Value& tool, const std::string& where) {
  const std::string_view name = text_at(tool, "name");
  if (!name.empty()) return std::string(name);
  const bool nested = json::object_at(tool, "function") != nullptr;
  return base::bad_field(where + ".name", "a tool has its name in 'name'",
                         nested ? "in this API 'name', 'description' and 'parameters' stand beside 'type'" : "");
}

void put(Tools& tools, const std::string& chat_name, json::Object function) {
  json::Object tool{{"type", "function"}, {"function", std::move(function)}};
  const auto [at, fresh] = tools.place_in_chat.try_emplace(chat_name, tools.chat.size());
  if (fresh) {
    tools.chat.emplace_back(std::move(tool));
  } else {
    tools.chat[at->second] = std::move(tool);
  }
}

base::Result<void> add_function(Tools& tools, const json::Value& tool, std::string_view name_space,
                                const std::string& where) {
  auto name = tool_name(tool, where);
  if (!name) return base::fail(std::move(name).error());
  const json::Value* parameters = json::given(tool, "parameters");
  if (parameters != nullptr && !parameters->is_object()) {
    return base::bad_field(where + ".parameters", "the parameters of a function are a JSON Schema, which is an object");
  }
  const std::string& chat_name = tools.names.declare({.name = *name, .name_space = std::string(name_space)});
  json::Object function{{"name", chat_name}};
  if (const auto text = json::string_at(tool, "description")) function["description"] = *text;
  static const json::Value kNone(json::Object{{"type", "object"}, {"properties", json::Object{}}});
  function["parameters"] = parameters == nullptr ? kNone : *parameters;
  if (json::bool_at(tool, "strict").value_or(false)) function["strict"] = true;
  put(tools, chat_name, std::move(function));
  return {};
}

// The form that the input of a custom tool must have, in words for a model that only fills in a string.
std::string custom_description(const json::Value& tool) {
  std::string out(text_at(tool, "description"));
  const json::Value* format = json::given(tool, "format");
  if (format == nullptr) return out;
  // The grammar stands in an object of its own in the chat dialect, and some send that here.
  const json::Value* grammar = json::find(*format, "grammar");
  const json::Value& from = grammar == nullptr ? *format : *grammar;
  const std::string_view definition = text_at(from, "definition");
  if (definition.empty()) return out;
  append_paragraph(out, fmt::format("The string `input` must follow this {} grammar:\n{}",
                                    json::string_at(from, "syntax").value_or("lark"), definition));
  return out;
}

base::Result<void> add_custom(Tools& tools, const json::Value& tool, std::string_view name_space,
                              const std::string& where) {
  auto name = tool_name(tool, where);
  if (!name) return base::fail(std::move(name).error());
  const std::string& chat_name =
      tools.names.declare({.name = *name, .name_space = std::string(name_space), .custom = true});
  json::Object input{{"type", "string"}, {"description", "The whole input of the tool, as plain text."}};
  json::Object parameters{{"type", "object"},
                          {"properties", json::Object{{"input", std::move(input)}}},
                          {"required", json::Array{"input"}},
                          {"additionalProperties", false}};
  put(tools, chat_name,
      {{"name", chat_name}, {"description", custom_description(tool)}, {"parameters", std::move(parameters)}});
  return {};
}

// A client that has many tools declares one that finds them; what it finds comes with the next request.
void add_search(Tools& tools, const json::Value& tool) {
  const std::string& chat_name = tools.names.declare({.name = "tool_search", .name_space = "", .search = true});
  const json::Object* parameters = json::object_at(tool, "parameters");
  put(tools, chat_name,
      {{"name", chat_name},
       {"description", text_at(tool, "description")},
       {"parameters", parameters != nullptr ? *parameters : json::Object{{"type", "object"}}}});
}

// Tools that run elsewhere (web_search, code_interpreter, ...) are left out: a client offers them without
// knowing who answers, and goes on without them.
base::Result<void> add_tool(Tools& tools, const json::Value& tool, std::string_view name_space,
                            const std::string& where) {
  const auto type = json::string_at(tool, "type");
  if (!type) return base::bad_field(where + ".type", "a tool has a type");
  if (*type == "function") return add_function(tools, tool, name_space, where);
  if (*type == "custom") return add_custom(tools, tool, name_space, where);
  if (*type == "tool_search" && text_at(tool, "execution") == "client") add_search(tools, tool);
  return {};
}

base::Result<void> add_namespace(Tools& tools, const json::Value& tool, const std::string& where) {
  auto name = tool_name(tool, where);
  if (!name) return base::fail(std::move(name).error());
  const json::Array* members = json::array_at(tool, "tools");
  if (members == nullptr) return base::bad_field(where + ".tools", "a namespace has its tools in 'tools'");
  for (size_t i = 0; i < members->size(); ++i) {
    if (auto added = add_tool(tools, (*members)[i], *name, fmt::format("{}.tools[{}]", where, i)); !added) return added;
  }
  return {};
}

// The flat name of the tool that a choice names: as declared, or the only one of this name in any namespace.
const std::string* chosen(const Tools& tools, const json::Value& choice) {
  const std::string_view name = text_at(choice, "name");
  const std::string* found = tools.names.find_name(text_at(choice, "namespace"), name);
  if (found == nullptr && json::given(choice, "namespace") == nullptr) {
    const auto is_named = [name](const auto& tool) { return tool.second.name == name; };
    const auto& all = tools.names.all();
    if (std::ranges::count_if(all, is_named) == 1) found = &std::ranges::find_if(all, is_named)->first;
  }
  return found != nullptr && tools.place_in_chat.contains(*found) ? found : nullptr;
}

bool is_ours(const json::Value& choice) {
  const std::string_view type = text_at(choice, "type");
  return type == "function" || type == "custom";
}

base::Result<json::Value> named_choice(const Tools& tools, const json::Value& choice, const std::string& where) {
  const std::string* name = chosen(tools, choice);
  if (name == nullptr) {
    return base::bad_field(where + ".name",
                           fmt::format("no tool of this request is named '{}'", text_at(choice, "name")));
  }
  return json::Object{{"type", "function"}, {"function", json::Object{{"name", *name}}}};
}

base::Result<void> put_allowed(const Tools& tools, const json::Value& choice, json::Object& body) {
  const json::Array* allowed = json::array_at(choice, "tools");
  if (allowed == nullptr) return base::bad_field("tool_choice.tools", "allowed_tools has an array of tools");
  std::set<size_t> places;
  for (size_t i = 0; i < allowed->size(); ++i) {
    if (!is_ours((*allowed)[i])) continue;
    const std::string* name = chosen(tools, (*allowed)[i]);
    const std::string where = fmt::format("tool_choice.tools[{}]", i);
    if (name == nullptr) return base::fail(named_choice(tools, (*allowed)[i], where).error());
    places.insert(tools.place_in_chat.at(*name));
  }
  json::Array chat;
  for (const size_t place : places) chat.push_back(tools.chat[place]);
  if (chat.empty()) {
    body.erase("tools");
    return {};
  }
  body["tools"] = std::move(chat);
  body["tool_choice"] = text_at(choice, "mode") == "required" ? "required" : "auto";
  return {};
}

base::Result<void> put_choice(const Tools& tools, const json::Value& choice, json::Object& body) {
  if (choice.is_string()) {
    const std::string_view mode(choice.get_string());
    if (mode != "auto" && mode != "none" && mode != "required") {
      return base::bad_field("tool_choice", fmt::format("'{}' is not a choice of tools", mode),
                             "use auto, none or required");
    }
    body["tool_choice"] = mode;
    return {};
  }
  if (text_at(choice, "type") == "allowed_tools") return put_allowed(tools, choice, body);
  if (!is_ours(choice)) return {};  // a hosted tool, which nobody offers here
  auto named = named_choice(tools, choice, "tool_choice");
  if (!named) return base::fail(std::move(named).error());
  body["tool_choice"] = std::move(*named);
  return {};
}

}  // namespace

const std::string& ToolTable::chat_name(const ClientTool& tool) {
  const auto [at, fresh] = names_.try_emplace({tool.name_space, tool.name});
  if (!fresh) return at->second;
  std::string name = flat_name(tool);
  for (int attempt = 0; name.size() > kMaxName || name.empty() || tools_.contains(name); ++attempt) {
    name = hashed_name(tool, attempt);
  }
  tools_.emplace(name, tool);
  at->second = std::move(name);
  return at->second;
}

const std::string& ToolTable::declare(const ClientTool& tool) {
  const std::string& name = chat_name(tool);
  tools_[name].custom = tool.custom;
  tools_[name].search = tool.search;
  return name;
}

const ClientTool* ToolTable::find(std::string_view chat_name) const {
  const auto at = tools_.find(chat_name);
  return at == tools_.end() ? nullptr : &at->second;
}

const std::string* ToolTable::find_name(std::string_view name_space, std::string_view name) const {
  const auto at = names_.find({std::string(name_space), std::string(name)});
  return at == names_.end() ? nullptr : &at->second;
}

base::Result<void> add_tools(Tools& tools, const json::Array& declared, const std::string& where) {
  for (size_t i = 0; i < declared.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", where, i);
    const bool group = text_at(declared[i], "type") == "namespace";
    auto added = group ? add_namespace(tools, declared[i], place) : add_tool(tools, declared[i], "", place);
    if (!added) return added;
  }
  return {};
}

base::Result<void> put_tools(const Tools& tools, const json::Value& request, json::Object& body) {
  if (!tools.chat.empty()) body["tools"] = tools.chat;
  const json::Value* choice = json::given(request, "tool_choice");
  if (choice != nullptr) {
    if (auto done = put_choice(tools, *choice, body); !done) return done;
  }
  // Without tools the rest of it is an error to most backends.
  if (!body.contains("tools")) {
    body.erase("tool_choice");
  } else if (const auto parallel = json::bool_at(request, "parallel_tool_calls")) {
    body["parallel_tool_calls"] = *parallel;
  }
  return {};
}

}  // namespace promethean::llm::responses
