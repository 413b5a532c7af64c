#include "llm/local/tool_calls.h"

#include <fmt/format.h>

#include <algorithm>

#include "llm/local/grammar_rules.h"
#include "llm/local/schema_grammar.h"

namespace promethean::llm::local {

namespace {

constexpr std::string_view kBeforeName = "\n{\"name\": \"";
constexpr std::string_view kBeforeArguments = "\", \"arguments\": ";
constexpr size_t kBytesPerToken = 3;  // of what a grammar leaves no choice about
constexpr size_t kSpareTokens = 16;   // for what an answer has begun when it is told to come to its end

std::string_view name_of(const json::Value& tool) {
  const json::Value* function = json::find(tool, "function");
  return function == nullptr ? std::string_view() : json::string_at(*function, "name").value_or("");
}

bool is_tool_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
}

base::Result<ToolUse> offered(const json::Value& body) {
  ToolUse use;
  const json::Array* tools = json::array_at(body, "tools");
  if (tools == nullptr) return use;
  for (size_t i = 0; i < tools->size(); ++i) {
    if (json::string_at((*tools)[i], "type") != "function") continue;
    const std::string field = fmt::format("tools[{}].function", i);
    const std::string_view name = name_of((*tools)[i]);
    if (json::object_at((*tools)[i], "function") == nullptr)
      return base::bad_field(field, "a function tool has a function");
    if (!is_tool_name(name))
      return base::bad_field(field + ".name", "a name has 1 to 64 letters, digits, underscores or dashes");
    if (std::ranges::any_of(use.tools, [&](const json::Value& other) { return name_of(other) == name; }))
      return base::bad_field(field + ".name", fmt::format("there is another tool called '{}'", name));
    use.tools.push_back((*tools)[i]);
    use.index.push_back(i);
  }
  if (use.tools.size() > kMaxTools)
    return base::bad_field("tools", fmt::format("the local model takes {} tools at most", kMaxTools));
  return use;
}

base::Result<ToolUse> only(const ToolUse& use, const std::vector<std::string_view>& names) {
  ToolUse out;
  for (size_t i = 0; i < use.tools.size(); ++i) {
    if (std::ranges::find(names, name_of(use.tools[i])) == names.end()) continue;
    out.tools.push_back(use.tools[i]);
    out.index.push_back(use.index[i]);
  }
  for (const std::string_view name : names) {
    if (std::ranges::none_of(out.tools, [&](const json::Value& tool) { return name_of(tool) == name; }))
      return base::bad_field("tool_choice", fmt::format("there is no tool called '{}' in tools", name));
  }
  return out;
}

base::Result<ToolUse> chosen_by_mode(ToolUse use, std::string_view mode, std::string field) {
  if (mode == "none") return ToolUse();
  if (mode != "auto" && mode != "required")
    return base::bad_field(std::move(field), fmt::format("'{}' is no choice", mode), "use none, auto or required");
  use.required = mode == "required";
  if (use.required && use.tools.empty()) return base::bad_field(std::move(field), "there is no tool to be called");
  return use;
}

// {"type":"function","function":{"name":...}}, or {"type":"allowed_tools","allowed_tools":{"mode":...,"tools":[...]}}
base::Result<ToolUse> chosen(const ToolUse& use, const json::Value& choice) {
  const std::string_view type = json::string_at(choice, "type").value_or("");
  if (type == "function") {
    auto named = only(use, {name_of(choice)});
    if (named) named->required = named->named = true;
    return named;
  }
  const json::Object* allowed = json::object_at(choice, "allowed_tools");
  const json::Array* tools = allowed == nullptr ? nullptr : json::array_at(*allowed, "tools");
  if (type != "allowed_tools" || tools == nullptr)
    return base::bad_field("tool_choice", "this choice has no form that is known here",
                           "use none, auto, required, a function's name, or allowed_tools");
  std::vector<std::string_view> names;
  for (const json::Value& tool : *tools) names.push_back(name_of(tool));
  auto some = only(use, names);
  if (!some) return some;
  return chosen_by_mode(*std::move(some), json::string_at(*allowed, "mode").value_or("auto"),
                        "tool_choice.allowed_tools.mode");
}

// Any text up to the first kCallBegin; where it comes, `call` goes on. A rule for each beginning of the marker that has
// been read; it is found again at its first character only.
std::string text_or(const std::string& call, GrammarRules& rules) {
  std::vector<std::string> states;
  for (size_t i = 0; i < kCallBegin.size(); ++i) states.push_back(rules.declare());
  for (size_t i = 0; i < kCallBegin.size(); ++i) {
    const std::string wanted = GrammarRules::literal(kCallBegin.substr(i, 1));
    const std::string next = i + 1 < kCallBegin.size() ? states[i + 1] : call;
    const std::string others = "[^" + GrammarRules::character('<') +
                               (i == 0 ? "" : GrammarRules::character(static_cast<unsigned char>(kCallBegin[i]))) + "]";
    std::string body = fmt::format("{} {} | {} {} | \"\"", wanted, next, others, states[0]);
    if (i > 0) body += fmt::format(" | \"<\" {}", states[1]);
    rules.define(states[i], std::move(body));
  }
  return states[0];
}

struct Calls {
  std::string first_rest;  // after kCallBegin, to the end of the answer
  size_t shortest = kNoCall;
  static constexpr size_t kNoCall = size_t{1} << 30;
};
base::Result<Calls> calls_grammar(const ToolUse& use, GrammarRules& rules) {
  std::string bodies;
  Calls calls;
  for (size_t i = 0; i < use.tools.size(); ++i) {
    const json::Object& function = use.tools[i].at("function").as_object();
    json::Value parameters = json::Object{{"type", "object"}, {"properties", json::Object()}};
    if (const json::Object* given = json::object_at(function, "parameters")) parameters = *given;
    if (!parameters.as_object().contains("type") && !parameters.as_object().contains("$ref"))
      parameters.as_object()["type"] = "object";
    const std::string field = fmt::format("tools[{}].function.parameters", use.index[i]);
    if (const auto type = json::string_at(parameters, "type"); type && *type != "object")
      return base::bad_field(field, "the arguments of a function are an object");
    const auto arguments = schema_rule(parameters, field, rules);
    if (!arguments) return base::fail(arguments.error());
    const std::string head = fmt::format("{}{}{}", kBeforeName, name_of(use.tools[i]), kBeforeArguments);
    bodies += fmt::format("{}{} {}", bodies.empty() ? "" : " | ", GrammarRules::literal(head), arguments->rule);
    calls.shortest = std::min(calls.shortest, head.size() + arguments->shortest + kCallEnd.size());
  }
  const std::string end = GrammarRules::literal(fmt::format("}}{}", kCallEnd));
  const std::string one = rules.add(fmt::format("({}) {}", bodies, end));
  const std::string next = rules.add(GrammarRules::literal(fmt::format("\n{}", kCallBegin)) + " " + one);
  calls.first_rest = rules.add(one + " " + rules.repeat(next, 0, use.most - 1));
  return calls;
}

}  // namespace

base::Result<ToolUse> tool_use_of(const json::Value& body) {
  auto use = offered(body);
  if (!use) return use;
  const json::Value* choice = json::given(body, "tool_choice");
  auto chosen_use = choice == nullptr     ? std::move(use)
                    : choice->is_string() ? chosen_by_mode(*std::move(use), choice->get_string(), "tool_choice")
                                          : chosen(*use, *choice);
  if (chosen_use && !chosen_use->named && json::bool_at(body, "parallel_tool_calls") == true)
    chosen_use->most = kMaxCalls;
  return chosen_use;
}

base::Result<AnswerForm> answer_form(const ToolUse& use, const json::Value* schema) {
  AnswerForm form;
  GrammarRules rules;
  std::string root;
  size_t shortest = Calls::kNoCall;
  if (schema != nullptr && !use.required) {
    const auto value = schema_rule(*schema, "response_format.json_schema.schema", rules);
    if (!value) return base::fail(value.error());
    root = value->rule;
    shortest = value->shortest;
  }
  if (!use.tools.empty()) {
    const auto calls = calls_grammar(use, rules);
    if (!calls) return base::fail(calls.error());
    form.calls = true;
    form.free_text = !use.required && schema == nullptr;
    const std::string whole = GrammarRules::literal(kCallBegin) + " " + calls->first_rest;
    root = form.free_text ? text_or(calls->first_rest, rules) : root.empty() ? whole : root + " | " + whole;
    shortest = std::min(shortest, calls->shortest);
  }
  if (root.empty()) return form;
  if (rules.too_large()) return base::bad_field("tools", "their schemas make a grammar that is too large");
  form.grammar = rules.text(root);
  form.closing_tokens = static_cast<int>(shortest / kBytesPerToken + kSpareTokens);
  return form;
}

std::string written_call(std::string_view name, std::string_view arguments) {
  return fmt::format("{}{}{}{}{}}}{}", kCallBegin, kBeforeName, name, kBeforeArguments, arguments, kCallEnd);
}

std::vector<CallReader::Piece> CallReader::push(std::string_view text) {
  std::vector<Piece> pieces;
  while (!text.empty()) {
    if (place_ != Place::kText && place_ != Place::kTail) {
      read_call(text, pieces);
      continue;
    }
    const size_t begin = text.find(kCallBegin);
    // Between two calls, and after the last one, there is nothing to be read.
    if (place_ == Place::kText && begin > 0) pieces.push_back({.text = std::string(text.substr(0, begin))});
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin + kCallBegin.size());
    place_ = Place::kHead;
    head_.clear();
  }
  return pieces;
}

void CallReader::read_call(std::string_view& text, std::vector<Piece>& pieces) {
  if (place_ == Place::kHead) {
    // Character by character: what follows the head belongs to the arguments.
    while (!text.empty() && !head_.ends_with(kBeforeArguments)) {
      head_ += text.front();
      text.remove_prefix(1);
    }
    if (!head_.ends_with(kBeforeArguments)) return;
    const size_t length = head_.size() - kBeforeName.size() - kBeforeArguments.size();
    pieces.push_back({.is_call = true, .index = calls_++, .name = head_.substr(kBeforeName.size(), length)});
    place_ = Place::kArguments;
    depth_ = 0;
    in_string_ = escaped_ = false;
  }
  size_t end = 0;
  while (end < text.size() && place_ == Place::kArguments) {
    const char c = text[end++];
    if (in_string_) {
      if (!escaped_ && c == '"') in_string_ = false;
      escaped_ = !escaped_ && c == '\\';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      place_ = Place::kTail;
    }
  }
  if (end > 0) pieces.push_back({.is_call = true, .index = calls_ - 1, .arguments = std::string(text.substr(0, end))});
  text.remove_prefix(end);
}

}  // namespace promethean::llm::local
