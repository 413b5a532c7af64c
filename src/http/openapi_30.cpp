// From OpenAPI 3.1, whose schemas are JSON Schema, to 3.0.3, whose are a dialect of it (the specification, "Schema
// Object").
#include "http/openapi.h"

namespace promethean::http {

namespace {

void old_schema(json::Value& schema);

void old_schemas(json::Value& list) {
  for (json::Value& schema : list.as_array()) old_schema(schema);
}

// null is not a type but a property of one.
json::Object only_null() {
  return {{"type", "string"}, {"nullable", true}, {"enum", json::Array{nullptr}}};
}

// Several types become branches; what is said beside them holds for the values it is about, whatever the branch. Only
// `items` must stand beside its type.
void old_types(json::Object& schema, const json::Array& types) {
  bool nullable = false;
  std::vector<json::Value> named;
  for (const json::Value& type : types) {
    if (type == "null") {
      nullable = true;
    } else {
      named.push_back(type);
    }
  }
  schema.stable_erase("type");
  if (named.size() == 1) {
    schema["type"] = named.front();
    if (nullable) schema["nullable"] = true;
    return;
  }
  json::Array branches;
  for (const json::Value& type : named) {
    json::Object branch{{"type", type}};
    if (type == "array") {
      const json::Value* items = schema.if_contains("items");
      branch["items"] = items != nullptr ? *items : json::Value(json::Object());
    }
    branches.emplace_back(std::move(branch));
  }
  if (nullable) branches.emplace_back(only_null());
  schema.stable_erase("items");
  if (schema.contains("anyOf")) {
    schema["allOf"] = json::Array{json::Object{{"anyOf", std::move(branches)}}};
  } else {
    schema["anyOf"] = std::move(branches);
  }
}

void old_type(json::Object& schema) {
  const json::Value* type = schema.if_contains("type");
  if (type == nullptr) return;
  if (const json::Array* types = type->if_array()) {
    const json::Array several = *types;
    old_types(schema, several);
  } else if (*type == "null") {
    for (auto& member : only_null()) schema[member.key()] = member.value();
  }
  if (const json::Value* now = schema.if_contains("type");
      now != nullptr && *now == "array" && !schema.contains("items"))
    schema["items"] = json::Object();
}

void old_bound(json::Object& schema, std::string_view exclusive, std::string_view inclusive) {
  const json::Value* bound = schema.if_contains(exclusive);
  if (bound == nullptr || !bound->is_number()) return;
  schema[inclusive] = json::Value(*bound);
  schema[exclusive] = true;
}

void old_members(json::Object& schema) {
  if (const json::Value* constant = schema.if_contains("const")) {
    schema["enum"] = json::Array{json::Value(*constant)};
    schema.stable_erase("const");
  }
  if (const json::Array* examples = json::array_at(schema, "examples"); examples != nullptr && !examples->empty())
    schema["example"] = json::Value(examples->front());
  for (const char* unknown : {"examples", "$schema", "$id", "$comment"}) schema.stable_erase(unknown);
  old_bound(schema, "exclusiveMinimum", "minimum");
  old_bound(schema, "exclusiveMaximum", "maximum");
}

void old_schema(json::Value& schema) {
  if (const bool* all = schema.if_bool()) {
    schema = *all ? json::Object() : json::Object{{"not", json::Object()}};
    return;
  }
  json::Object& object = schema.as_object();
  for (auto& member : object) {
    const std::string_view key = member.key();
    if (key == "properties") {
      for (auto& property : member.value().as_object()) old_schema(property.value());
    } else if (key == "allOf" || key == "anyOf" || key == "oneOf") {
      old_schemas(member.value());
    } else if (key == "items" || key == "not" || (key == "additionalProperties" && member.value().is_object())) {
      old_schema(member.value());
    }
  }
  old_members(object);
  old_type(object);
}

// Whatever has a member `schema` outside of a schema: parameters, media types, headers.
void old_part(json::Value& value) {
  if (json::Array* array = value.if_array()) {
    for (json::Value& item : *array) old_part(item);
  }
  json::Object* object = value.if_object();
  if (object == nullptr) return;
  for (auto& member : *object) {
    if (member.key() == "schema") {
      old_schema(member.value());
    } else {
      old_part(member.value());
    }
  }
}

}  // namespace

void to_openapi_30(json::Object& document) {
  document["openapi"] = "3.0.3";
  old_part(document["paths"]);
  json::Object& components = document["components"].as_object();
  old_part(components["responses"]);
  for (auto& schema : components["schemas"].as_object()) old_schema(schema.value());
}

}  // namespace promethean::http
