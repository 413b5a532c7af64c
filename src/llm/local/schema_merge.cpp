#include "llm/local/schema_merge.h"

#include <algorithm>

namespace promethean::llm::local {

namespace {

constexpr std::string_view kAssertions[] = {"$ref",
                                            "$dynamicRef",
                                            "$recursiveRef",
                                            "type",
                                            "enum",
                                            "const",
                                            "allOf",
                                            "anyOf",
                                            "oneOf",
                                            "not",
                                            "if",
                                            "then",
                                            "else",
                                            "properties",
                                            "required",
                                            "minProperties",
                                            "maxProperties",
                                            "patternProperties",
                                            "additionalProperties",
                                            "unevaluatedProperties",
                                            "propertyNames",
                                            "dependencies",
                                            "dependentRequired",
                                            "dependentSchemas",
                                            "items",
                                            "additionalItems",
                                            "prefixItems",
                                            "unevaluatedItems",
                                            "minItems",
                                            "maxItems",
                                            "uniqueItems",
                                            "contains",
                                            "minContains",
                                            "maxContains",
                                            "minLength",
                                            "maxLength",
                                            "pattern",
                                            "format",
                                            "minimum",
                                            "maximum",
                                            "exclusiveMinimum",
                                            "exclusiveMaximum",
                                            "multipleOf"};

bool is_one_of(std::string_view keyword, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, keyword) != list.end();
}

bool contains(const json::Array& list, const json::Value& value) {
  return std::ranges::find(list, value) != list.end();
}

json::Array as_list(const json::Value& value) {
  return value.is_array() ? value.as_array() : json::Array{value};
}

json::Array in_both(const json::Array& a, const json::Array& b) {
  json::Array out;
  for (const json::Value& value : a) {
    if (contains(b, value)) out.push_back(value);
  }
  return out;
}

json::Value both(const json::Value& a, const json::Value& b) {
  return a == b ? a : json::Object{{"allOf", json::Array{a, b}}};
}

// What `closed` says of other members than its own is said of those of `open`, too.
void close_to(const json::Object& closed, json::Object& open) {
  const json::Value* rest = closed.if_contains("additionalProperties");
  json::Value* members = open.if_contains("properties");
  if (rest == nullptr || *rest == true || members == nullptr || !members->is_object()) return;
  const json::Object* own = json::object_at(closed, "properties");
  json::Object kept;
  for (const auto& [name, schema] : members->as_object()) {
    if (own != nullptr && own->contains(name)) {
      kept[name] = schema;
    } else if (rest->is_object()) {
      kept[name] = both(schema, *rest);
    }
  }
  *members = std::move(kept);
}

base::Result<json::Value> merged_value(std::string_view keyword, const json::Value& a, const json::Value& b) {
  if (a == b) return a;
  if (keyword == "properties" && a.is_object() && b.is_object()) {
    json::Object all = a.as_object();
    for (const auto& [name, schema] : b.as_object()) all[name] = all.contains(name) ? both(all[name], schema) : schema;
    return all;
  }
  if (keyword == "required" && a.is_array() && b.is_array()) {
    json::Array all = a.as_array();
    for (const json::Value& name : b.as_array()) {
      if (!contains(all, name)) all.push_back(name);
    }
    return all;
  }
  if (keyword == "type") {
    json::Array types = in_both(as_list(a), as_list(b));
    // An integer is a number.
    const bool integer = (contains(as_list(a), "integer") && contains(as_list(b), "number")) ||
                         (contains(as_list(a), "number") && contains(as_list(b), "integer"));
    if (integer && !contains(types, "integer")) types.emplace_back("integer");
    return types;
  }
  if (keyword == "enum" && a.is_array() && b.is_array()) return in_both(a.as_array(), b.as_array());
  if (keyword == "allOf" && a.is_array() && b.is_array()) {
    json::Array all = a.as_array();
    all.insert(all.end(), b.as_array().begin(), b.as_array().end());
    return all;
  }
  if (is_one_of(keyword, {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}) && a.is_number() &&
      b.is_number())
    return a.to_number<double>() < b.to_number<double>() ? b : a;
  if (is_one_of(keyword, {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}) && a.is_number() &&
      b.is_number())
    return a.to_number<double>() > b.to_number<double>() ? b : a;
  if (is_one_of(keyword, {"additionalProperties", "unevaluatedProperties", "items", "propertyNames"})) {
    if (a == true || b == false) return b;
    if (b == true || a == false) return a;
    if (a.is_object() && b.is_object()) return both(a, b);
  }
  return base::fail(base::Code::kInvalidArgument,
                    "two different values of '" + std::string(keyword) + "' have to hold at once");
}

}  // namespace

bool is_annotation(std::string_view keyword) {
  return std::ranges::find(kAssertions, keyword) == std::end(kAssertions);
}

base::Result<json::Object> merge_schemas(json::Object a, json::Object b) {
  const json::Object before = a;
  close_to(b, a);
  close_to(before, b);
  for (const auto& [keyword, value] : b) {
    if (is_annotation(keyword)) continue;
    json::Value* mine = a.if_contains(keyword);
    if (mine == nullptr) {
      a[keyword] = value;
      continue;
    }
    auto joined = merged_value(keyword, *mine, value);
    if (!joined) return base::fail(std::move(joined).error());
    *mine = *std::move(joined);
  }
  return a;
}

}  // namespace promethean::llm::local
