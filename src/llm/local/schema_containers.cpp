#include <algorithm>

#include "llm/local/pattern_grammar.h"
#include "llm/local/schema_translator.h"

namespace promethean::llm::local {

// Small models lose themselves where they may write any number of spaces.
std::string SchemaTranslator::space() {
  return R"(" "? | "\n" [ ]{0,16})";
}

SchemaRule SchemaTranslator::anything() {
  const auto known = references_.find("");  // no reference is called that
  if (known != references_.end()) return {known->second.rule, known->second.shortest};
  const std::string value = rules_.declare();
  references_.emplace("", Reference{value, 2});
  const std::string text = any_text().rule;
  const std::string member = rules_.add(joined({text, "\":\"", value}));
  const std::string members =
      rules_.add(joined({"\"{\"", "(" + member + " (" + joined({"", "\",\"", member}) + ")*)?", "\"}\""}));
  const std::string items =
      rules_.add(joined({"\"[\"", "(" + value + " (" + joined({"", "\",\"", value}) + ")*)?", "\"]\""}));
  rules_.define(value,
                fmt::format("{} | {} | {} | \"true\" | \"false\" | \"null\" | {}", members, items, text, any_number()));
  return {value, 2};
}

// All of a tuple's items are written; then as many others as minItems and maxItems leave.
SchemaRule SchemaTranslator::array(const json::Object& schema, const std::string& at, int level) {
  const size_t least = count(schema, "minItems", at).value_or(0);
  const auto most = count(schema, "maxItems", at);
  if (most && *most < least) return refuse(at, "maxItems is below minItems");
  if (schema.contains("uniqueItems") && schema.at("uniqueItems") == true && most.value_or(2) > 1)
    return refuse(at, "uniqueItems cannot be expressed as a grammar");
  // Draft 7 has the items of a tuple in "items", the others in "additionalItems".
  const bool old_tuple = json::array_at(schema, "items") != nullptr;
  const json::Array* tuple = json::array_at(schema, old_tuple ? "items" : "prefixItems");
  const json::Value* others = schema.if_contains(old_tuple ? "additionalItems" : "items");
  if (others == nullptr) others = schema.if_contains("unevaluatedItems");

  std::string items;
  SchemaRule whole{"", 2};
  size_t written = 0;
  for (; tuple != nullptr && written < tuple->size() && (!most || written < *most); ++written) {
    const SchemaRule item = node((*tuple)[written], fmt::format("{}.prefixItems[{}]", at, written), level + 1);
    items += written == 0 ? item.rule : " " + comma() + " " + item.rule;
    whole.shortest += item.shortest + 1;
  }
  const size_t needed = least > written ? least - written : 0;
  const std::optional<size_t> room = most ? std::optional(*most - written) : std::nullopt;
  const bool none = (others != nullptr && *others == false) || (tuple != nullptr && needed == 0) || room == 0;
  if (none && needed > 0) return refuse(at, "minItems is more than its items");
  if (none) return bracketed(items, whole.shortest, "[]");

  const SchemaRule item = others == nullptr ? anything() : node(*others, at + ".items", level + 1);
  if (written > 0) {
    const std::string next = rules_.add(comma() + " " + item.rule);
    return bracketed(items + " " + rules_.repeat(next, needed, room), whole.shortest + needed * (item.shortest + 1),
                     "[]");
  }
  const SchemaRule list = listed(item, needed, room);
  return bracketed(list.rule, list.shortest, "[]");
}

// least to most of them with commas between; nothing at all where that is allowed.
SchemaRule SchemaTranslator::listed(const SchemaRule& one, size_t least, std::optional<size_t> most) {
  const std::string next = rules_.add(comma() + " " + one.rule);
  const std::string some =
      one.rule + " " + rules_.repeat(next, least > 0 ? least - 1 : 0, most ? std::optional(*most - 1) : std::nullopt);
  return {least > 0 ? some : "(" + some + ")?", 2 + std::min(kEndless, least * (one.shortest + 1))};
}

SchemaRule SchemaTranslator::bracketed(const std::string& inside, size_t shortest, std::string_view brackets) {
  const std::string begin = GrammarRules::literal(brackets.substr(0, 1));
  const std::string end = GrammarRules::literal(brackets.substr(1));
  const bool empty = inside.empty();
  return {rules_.add(empty ? joined({begin, end}) : joined({begin, inside, end})), std::min(shortest, kEndless)};
}

// Declared members in their order, without others; where none are declared, any of one kind.
SchemaRule SchemaTranslator::object(const json::Object& schema, const std::string& at, int level) {
  for (const std::string_view keyword : {"properties", "patternProperties"}) {
    const json::Value* given = schema.if_contains(keyword);
    if (given != nullptr && !given->is_object()) return refuse(at, fmt::format("{} is an object", keyword));
  }
  std::vector<Member> members;
  if (const json::Object* declared = json::object_at(schema, "properties")) {
    if (!declared->empty() && json::object_at(schema, "patternProperties") != nullptr)
      return refuse(at, "patternProperties beside properties cannot be expressed as a grammar");
    for (const auto& [name, value] : *declared) members.push_back({std::string(name), &value, false});
  }
  if (!require(schema, members, at)) return {"\"\"", kEndless};
  if (members.empty()) return map(schema, at, level);

  const size_t least = count(schema, "minProperties", at).value_or(0);
  const size_t most = count(schema, "maxProperties", at).value_or(members.size());
  auto required = static_cast<size_t>(std::ranges::count(members, true, &Member::required));
  for (Member& member : members) {
    if (required < least && !member.required) member.required = true, ++required;
  }
  if (required < least || required > most) return refuse(at, "minProperties or maxProperties cannot be kept");
  if (members.size() > most) std::erase_if(members, [](const Member& member) { return !member.required; });
  return members.empty() ? bracketed("", 2, "{}") : declared(members, at, level);
}

// Marks the required members; those that are not declared are what additionalProperties says.
bool SchemaTranslator::require(const json::Object& schema, std::vector<Member>& members, const std::string& at) {
  const json::Value* names = schema.if_contains("required");
  if (names == nullptr || names->is_bool()) return true;  // draft 3 had a boolean in the member itself
  if (!names->is_array()) return refuse(at, "required is a list of names"), false;
  static const json::Value kAnything = true;
  for (const json::Value& name : names->get_array()) {
    if (!name.is_string()) return refuse(at, "required is a list of names"), false;
    const std::string_view text = name.get_string();
    const auto declared = std::ranges::find(members, text, &Member::name);
    if (declared != members.end()) {
      declared->required = true;
      continue;
    }
    const json::Value* rest = schema.if_contains("additionalProperties");
    if (rest == nullptr) rest = &kAnything;
    if (*rest == false || schema.contains("patternProperties") || schema.contains("propertyNames"))
      return refuse(at, fmt::format("'{}' is required and not declared", text)), false;
    members.push_back({std::string(text), rest, true});
  }
  return true;
}

// Two chains, from the last member to the first: what may still come when nothing has been written yet, and when
// something has.
SchemaRule SchemaTranslator::declared(const std::vector<Member>& members, const std::string& at, int level) {
  std::string first = "\"\"";
  std::string after = "\"\"";
  size_t shortest = 2;
  std::vector<SchemaRule> rules;
  for (const Member& member : members) {
    const SchemaRule value = node(*member.schema, at + ".properties." + member.name, level + 1);
    const std::string name = GrammarRules::literal(json::quote(member.name));
    rules.push_back({rules_.add(joined({name, "\":\"", value.rule})), value.shortest});
    if (member.required) shortest += member.name.size() + 4 + value.shortest;
  }
  for (size_t i = members.size(); i-- > 0;) {
    const std::string next = comma() + " " + rules[i].rule;
    const bool required = members[i].required;
    first = rules_.add(rules[i].rule + " " + after + (required ? "" : " | " + first));
    after = rules_.add((required ? next : "(" + next + ")?") + " " + after);
  }
  return bracketed(first, shortest, "{}");
}

SchemaRule SchemaTranslator::map(const json::Object& schema, const std::string& at, int level) {
  const size_t least = count(schema, "minProperties", at).value_or(0);
  const auto most = count(schema, "maxProperties", at);
  if (most && *most < least) return refuse(at, "maxProperties is below minProperties");
  // Two members of one name are one.
  if (least > 1) return refuse(at, "minProperties above 1 cannot be expressed as a grammar");
  const json::Value* others = schema.if_contains("additionalProperties");
  if (others == nullptr) others = schema.if_contains("unevaluatedProperties");
  SchemaRule name = any_text();
  const json::Object* by_pattern = json::object_at(schema, "patternProperties");
  if (by_pattern != nullptr && !by_pattern->empty()) {
    if (by_pattern->size() > 1) return refuse(at, "several patternProperties cannot be expressed as a grammar");
    name = matching(by_pattern->begin()->key(), {}, at, false);
    others = &by_pattern->begin()->value();
  }
  if (const json::Value* names = schema.if_contains("propertyNames")) {
    if (by_pattern != nullptr) return refuse(at, "propertyNames beside patternProperties");
    name = merged({{"type", "string"}}, *names, at + ".propertyNames", level);
  }
  const bool none = (others != nullptr && *others == false) || most == 0;
  // An object that says nothing of its members has those of any schema without keywords: none for `properties: {}`.
  const bool closed = others == nullptr && schema.contains("properties") && least == 0;
  if (none && least > 0) return refuse(at, "minProperties is more than its members");
  if (none || closed) return bracketed("", 2, "{}");
  const SchemaRule value = others == nullptr ? anything() : node(*others, at + ".additionalProperties", level + 1);
  const SchemaRule member{rules_.add(joined({name.rule, "\":\"", value.rule})), name.shortest + 1 + value.shortest};
  const SchemaRule list = listed(member, least, most);
  return bracketed(list.rule, list.shortest, "{}");
}

}  // namespace promethean::llm::local
