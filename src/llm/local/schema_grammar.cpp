#include "llm/local/schema_grammar.h"

#include <algorithm>
#include <utility>

#include "llm/local/schema_merge.h"
#include "llm/local/schema_translator.h"

namespace promethean::llm::local {

namespace {

constexpr int kMaxLevels = 32;
constexpr int kMaxNodes = 4096;

constexpr std::string_view kRefused[] = {
    "not",      "if",          "then",        "else",        "dependencies", "dependentRequired", "dependentSchemas",
    "contains", "minContains", "maxContains", "$dynamicRef", "$recursiveRef"};

std::vector<std::string> types_of(const json::Object& schema) {
  std::vector<std::string> types;
  if (const auto one = json::string_at(schema, "type")) types.emplace_back(*one);
  if (const json::Array* list = json::array_at(schema, "type")) {
    for (const json::Value& type : *list) types.emplace_back(type.is_string() ? std::string(type.get_string()) : "?");
  }
  if (schema.contains("type")) return types;
  // Keywords of one type say nothing of the others; whoever writes them means it.
  const auto any = [&schema](std::initializer_list<std::string_view> keywords) {
    return std::ranges::any_of(keywords, [&](std::string_view keyword) { return schema.contains(keyword); });
  };
  if (any({"properties", "required", "additionalProperties", "unevaluatedProperties", "patternProperties",
           "propertyNames", "minProperties", "maxProperties"}))
    types.emplace_back("object");
  if (any({"items", "prefixItems", "additionalItems", "unevaluatedItems", "minItems", "maxItems", "uniqueItems"}))
    types.emplace_back("array");
  if (any({"pattern", "format", "minLength", "maxLength"})) types.emplace_back("string");
  if (any({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})) types.emplace_back("number");
  return types;
}

}  // namespace

bool says_something(const json::Object& schema) {
  return std::ranges::any_of(schema, [](const auto& member) { return !is_annotation(member.key()); });
}

json::Object schema_without(const json::Object& schema, std::initializer_list<std::string_view> keywords) {
  json::Object out = schema;
  for (const auto keyword : keywords) out.erase(keyword);
  for (const std::string_view keyword : {"$defs", "definitions"}) out.erase(keyword);  // references go by the root
  return out;
}

base::Result<SchemaRule> SchemaTranslator::translate() {
  SchemaRule whole = node(root_, field_, 0);
  if (!error_ && whole.shortest >= kEndless) refuse(field_, "it has no finite value");
  if (!error_ && rules_.too_large()) refuse(field_, "it makes a grammar that is too large");
  if (error_) return base::fail(*error_);
  return whole;
}

SchemaRule SchemaTranslator::refuse(const std::string& at, const std::string& why) {
  if (!error_) {
    error_ = base::Error(base::Code::kInvalidArgument, "the local model cannot follow this JSON Schema: " + why,
                         "state it in other words, or ask another model")
                 .with_field(at);
  }
  return {"\"\"", kEndless};
}

SchemaRule SchemaTranslator::node(const json::Value& schema, const std::string& at, int level) {
  if (error_) return {"\"\"", kEndless};
  if (level > kMaxLevels) return refuse(at, fmt::format("it is nested deeper than {} levels", kMaxLevels));
  if (++nodes_ > kMaxNodes || rules_.too_large()) return refuse(at, "it is too large");
  if (schema == true) return anything();
  if (schema == false) return refuse(at, "nothing satisfies false");
  if (!schema.is_object()) return refuse(at, "a schema is an object or a boolean");
  const json::Object& object = schema.get_object();
  for (const auto keyword : kRefused) {
    if (object.contains(keyword)) return refuse(at, fmt::format("'{}' cannot be expressed as a grammar", keyword));
  }
  if (const json::Value* target = object.if_contains("$ref")) {
    if (!target->is_string()) return refuse(at, "$ref is a text");
    const json::Object rest = schema_without(object, {"$ref"});
    if (!says_something(rest)) return reference(target->get_string(), at, level);
    const json::Value* other = resolve(target->get_string(), at);
    return other == nullptr ? SchemaRule{"\"\"", kEndless} : merged(rest, *other, at, level);
  }
  if (object.contains("allOf")) return all_of(object, at, level);
  if (object.contains("anyOf") || object.contains("oneOf")) return one_of(object, at, level);
  if (object.contains("const") || object.contains("enum")) return constants(object, at);
  return plain(object, at, level);
}

SchemaRule SchemaTranslator::merged(json::Object base, const json::Value& other, const std::string& at, int level) {
  if (other == true) return node(base, at, level + 1);
  if (!other.is_object()) return node(other, at, level + 1);
  auto both = merge_schemas(std::move(base), other.get_object());
  if (!both) return refuse(at, both.error().message());
  return node(*both, at, level + 1);
}

SchemaRule SchemaTranslator::all_of(const json::Object& schema, const std::string& at, int level) {
  const json::Array* parts = json::array_at(schema, "allOf");
  if (parts == nullptr || parts->empty()) return refuse(at, "allOf is a list of schemas");
  json::Object all = schema_without(schema, {"allOf"});
  for (const json::Value& part : *parts) {
    const json::Value* whole = behind(part, at);
    if (whole == nullptr || *whole == true) continue;
    if (!whole->is_object()) return node(*whole, at, level + 1);
    auto both = merge_schemas(std::move(all), whole->get_object());
    if (!both) return refuse(at, both.error().message());
    all = *std::move(both);
  }
  return node(all, at, level + 1);
}

SchemaRule SchemaTranslator::one_of(const json::Object& schema, const std::string& at, int level) {
  const bool exactly_one = schema.contains("oneOf");
  if (exactly_one && schema.contains("anyOf")) return refuse(at, "anyOf and oneOf stand in one place");
  const std::string_view keyword = exactly_one ? "oneOf" : "anyOf";
  const json::Array* list = json::array_at(schema, keyword);
  if (list == nullptr || list->empty()) return refuse(at, fmt::format("{} is a list of schemas", keyword));
  for (size_t i = 0; exactly_one && i < list->size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!apart((*list)[j], (*list)[i], at) && !error_)
        return refuse(at, "two alternatives of oneOf may hold at once; use anyOf where that is meant");
    }
  }
  const json::Object rest = schema_without(schema, {keyword});
  const bool alone = !says_something(rest);
  std::vector<SchemaRule> rules;
  for (size_t i = 0; i < list->size() && !error_; ++i) {
    const std::string place = fmt::format("{}.{}[{}]", at, keyword, i);
    if ((*list)[i] == false) continue;
    rules.push_back(alone ? node((*list)[i], place, level + 1) : merged(rest, (*list)[i], place, level));
  }
  return rules.empty() ? refuse(at, "nothing satisfies it") : either(rules);
}

SchemaRule SchemaTranslator::either(const std::vector<SchemaRule>& list) {
  std::string body;
  size_t shortest = kEndless;
  for (const SchemaRule& one : list) {
    body += (body.empty() ? "" : " | ") + one.rule;
    shortest = std::min(shortest, one.shortest);
  }
  return {rules_.add(std::move(body)), shortest};
}

// The schema that a $ref, or a chain of them, means; nullptr after a refusal.
const json::Value* SchemaTranslator::behind(const json::Value& schema, const std::string& at) {
  const json::Value* here = &schema;
  for (int steps = 0; here != nullptr && steps < kMaxLevels; ++steps) {
    const json::Object* object = here->if_object();
    const auto target = object == nullptr ? std::nullopt : json::string_at(*object, "$ref");
    if (!target || says_something(schema_without(*object, {"$ref"}))) return here;
    here = resolve(*target, at);
  }
  if (here != nullptr) refuse(at, "a reference leads to itself");
  return nullptr;
}

const json::Value* SchemaTranslator::resolve(std::string_view target, const std::string& at) {
  boost::system::error_code error;
  const json::Value* found = nullptr;
  if (target == "#") found = &root_;
  if (target.starts_with("#/")) found = root_.find_pointer(target.substr(1), error);
  if (found == nullptr) refuse(at, fmt::format("the reference '{}' leads nowhere in this document", target));
  return found;
}

SchemaRule SchemaTranslator::reference(std::string_view target, const std::string& at, int level) {
  if (open_.contains(target)) return refuse(at, fmt::format("'{}' refers to itself with nothing in between", target));
  const auto known = references_.find(target);
  if (known != references_.end()) return {known->second.rule, known->second.shortest};
  const json::Value* schema = resolve(target, at);
  if (schema == nullptr) return {"\"\"", kEndless};
  const std::string name = rules_.declare();
  references_.emplace(target, Reference{name});
  open_.emplace(target);
  ++entered_;
  const SchemaRule body = node(*schema, at, level + 1);
  --entered_;
  open_.erase(open_.find(target));
  rules_.define(name, body.rule);
  // One that seems to have no end may only have met a reference that is not finished: it is looked at again.
  const auto here = references_.find(target);
  if (body.shortest >= kEndless && entered_ > 0)
    references_.erase(here);
  else
    here->second.shortest = body.shortest;
  return {name, body.shortest};
}

// Whether no value satisfies both: by their types, or by a member with constants of its own in each.
bool SchemaTranslator::apart(const json::Value& a, const json::Value& b, const std::string& at) {
  const json::Value* one = behind(a, at);
  const json::Value* other = behind(b, at);
  if (one == nullptr || other == nullptr || !one->is_object() || !other->is_object()) return false;
  const auto values = [](const json::Object& schema) {
    if (const json::Value* constant = schema.if_contains("const")) return json::Array{*constant};
    const json::Array* list = json::array_at(schema, "enum");
    return list == nullptr ? json::Array() : *list;
  };
  const auto differ = [&values](const json::Object& x, const json::Object& y) {
    const json::Array mine = values(x);
    const json::Array theirs = values(y);
    if (mine.empty() || theirs.empty()) return false;
    return std::ranges::none_of(mine,
                                [&](const auto& value) { return std::ranges::find(theirs, value) != theirs.end(); });
  };
  const json::Object& x = one->get_object();
  const json::Object& y = other->get_object();
  if (differ(x, y)) return true;
  if (x.contains("type") && y.contains("type")) {
    auto both = merge_schemas({{"type", x.at("type")}}, {{"type", y.at("type")}});
    if (both && json::array_at(*both, "type") != nullptr && json::array_at(*both, "type")->empty()) return true;
  }
  const json::Object* members = json::object_at(x, "properties");
  const json::Object* others = json::object_at(y, "properties");
  const json::Array* required = json::array_at(x, "required");
  const json::Array* also_required = json::array_at(y, "required");
  if (members == nullptr || others == nullptr || required == nullptr || also_required == nullptr) return false;
  return std::ranges::any_of(*required, [&](const json::Value& name) {
    if (!name.is_string() || std::ranges::find(*also_required, name) == also_required->end()) return false;
    const json::Value* mine = members->if_contains(name.get_string());
    const json::Value* theirs = others->if_contains(name.get_string());
    return mine != nullptr && theirs != nullptr && mine->is_object() && theirs->is_object() &&
           differ(mine->get_object(), theirs->get_object());
  });
}

SchemaRule SchemaTranslator::plain(const json::Object& schema, const std::string& at, int level) {
  const std::vector<std::string> types = types_of(schema);
  if (types.empty()) return schema.contains("type") ? refuse(at, "nothing satisfies it") : anything();
  std::vector<SchemaRule> rules;
  for (const std::string& type : types) rules.push_back(of_type(type, schema, at, level));
  return rules.size() == 1 ? rules.front() : either(rules);
}

SchemaRule SchemaTranslator::of_type(std::string_view type, const json::Object& schema, const std::string& at,
                                     int level) {
  if (type == "null") return {"\"null\"", 4};
  if (type == "boolean") return {rules_.add(R"("true" | "false")"), 4};
  if (type == "integer") return integer(schema, at);
  if (type == "number") return number(schema, at);
  if (type == "string") return text(schema, at);
  if (type != "array" && type != "object") return refuse(at, fmt::format("'{}' is no type", type));
  // Behind a bracket a reference may come round again.
  auto before = std::exchange(open_, {});
  SchemaRule rule = type == "array" ? array(schema, at, level) : object(schema, at, level);
  open_ = std::move(before);
  return rule;
}

base::Result<SchemaRule> schema_rule(const json::Value& schema, const std::string& field, GrammarRules& rules) {
  return SchemaTranslator(schema, field, rules).translate();
}

}  // namespace promethean::llm::local
