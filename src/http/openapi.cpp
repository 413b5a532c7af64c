#include "http/openapi.h"

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace promethean::http {

namespace {

constexpr std::string_view kSchemas = "#/components/schemas/";

std::string_view family_name(Family family) {
  switch (family) {
    case Family::kOpenAi:
      return "OpenAI";
    case Family::kAnthropic:
      return "Anthropic";
    case Family::kOllama:
      return "Ollama";
    case Family::kBridge:
      return "Repository";
  }
  return {};
}

std::string_view error_name(Family family) {
  switch (family) {
    case Family::kOpenAi:
      return "OpenAIError";
    case Family::kAnthropic:
      return "AnthropicError";
    case Family::kOllama:
      return "OllamaError";
    case Family::kBridge:
      return "BridgeError";
  }
  return {};
}

json::Value reference(std::string_view place, std::string_view name) {
  return json::Object{{"$ref", std::string(place) + std::string(name)}};
}

// "#/$defs/Hit" leads into the schema's own definitions, which are components now.
void redirect(json::Value& value) {
  if (json::Array* array = value.if_array()) {
    for (json::Value& item : *array) redirect(item);
  }
  json::Object* object = value.if_object();
  if (object == nullptr) return;
  for (auto& member : *object) redirect(member.value());
  json::Value* target = object->if_contains("$ref");
  if (target == nullptr || !target->is_string()) return;
  const std::string_view path = target->get_string();
  for (const std::string_view own : {"#/$defs/", "#/definitions/"}) {
    if (path.starts_with(own)) {
      *target = std::string(kSchemas) + std::string(path.substr(own.size()));
      return;
    }
  }
}

// The schemas of all routes, each once.
class Components {
 public:
  // The schema of `text` as it stands in an operation: a reference, or itself when there is nothing to share.
  json::Value use(const std::string& text, std::string name) {
    if (const auto known = names_.find(text); known != names_.end()) return reference(kSchemas, known->second);
    auto parsed = json::parse(text);
    if (!parsed || !parsed->is_object()) {
      fail(base::Error(base::Code::kInvalidArgument, "the schema of " + name + " is no JSON object"));
      return json::Object();
    }
    json::Object& schema = parsed->get_object();
    for (const char* own : {"$defs", "definitions"}) take_definitions(schema, own);
    redirect(*parsed);
    if (const auto title = json::string_at(schema, "title")) {
      name = *title;
      schema.stable_erase("title");
    } else if (!schema.contains("properties")) {
      return std::move(*parsed);
    }
    put(name, std::move(*parsed));
    names_.emplace(text, name);
    return reference(kSchemas, name);
  }

  json::Object& schemas() { return schemas_; }
  const std::optional<base::Error>& failure() const { return failure_; }

 private:
  void take_definitions(json::Object& schema, std::string_view own) {
    json::Value* definitions = schema.if_contains(own);
    if (definitions == nullptr) return;
    for (auto& definition : definitions->get_object()) {
      redirect(definition.value());
      put(definition.key(), std::move(definition.value()));
    }
    schema.stable_erase(own);
  }

  void put(std::string_view name, json::Value schema) {
    const json::Value* known = schemas_.if_contains(name);
    if (known != nullptr && *known != schema)
      fail(base::Error(base::Code::kConflict, "two schemas with the name " + std::string(name)));
    if (known == nullptr) schemas_[name] = std::move(schema);
  }

  void fail(base::Error error) {
    if (!failure_) failure_ = std::move(error);
  }

  json::Object schemas_;
  std::map<std::string, std::string> names_;  // a schema's text -> its component
  std::optional<base::Error> failure_;
};

// ---- one operation ----

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

json::Object describe_parameter(std::string_view name, json::Value schema, bool in_path, bool required) {
  json::Object out{{"name", name}, {"in", in_path ? "path" : "query"}};
  json::Object& object = schema.as_object();
  if (const auto text = json::string_at(object, "description")) out["description"] = *text;
  object.stable_erase("description");
  if (in_path) object.stable_erase("default");
  out["required"] = in_path || required;
  out["schema"] = std::move(schema);
  return out;
}

json::Array describe_parameters(const Route& route) {
  json::Array out;
  const std::string path = described_path(route);
  const auto in_path = [&path](std::string_view name) {
    return path.find("{" + std::string(name) + "}") != std::string::npos;
  };
  const auto parsed = json::parse(route.parameters);
  if (!parsed) return out;
  const json::Object* properties = json::object_at(*parsed, "properties");
  if (properties == nullptr) return out;
  const json::Array* required = json::array_at(*parsed, "required");
  for (const auto& property : *properties) {
    const bool needed =
        required != nullptr && std::ranges::find(*required, json::Value(property.key())) != required->end();
    out.emplace_back(describe_parameter(property.key(), property.value(), in_path(property.key()), needed));
  }
  return out;
}

std::string_view stream_type(Family family) {
  return family == Family::kOllama ? "application/x-ndjson" : "text/event-stream";
}

std::string media_type(std::string_view content_type) {
  return std::string(content_type.substr(0, content_type.find(';')));
}

json::Object good_answer(const Route& route, Components& components) {
  json::Value schema = json::Object{{"type", "string"}};
  if (!route.response_schema.empty()) {
    schema = components.use(route.response_schema, capitalized(route.operation_id) + "Response");
  } else if (route.response_type == "application/json") {
    schema = json::Object{{"type", "object"}};
  }
  json::Object content{{media_type(route.response_type), json::Object{{"schema", std::move(schema)}}}};
  if (route.streams && !content.contains(stream_type(route.family))) {
    const std::string_view what = "The answer in pieces, as they come.";
    json::Value text = json::Object{{"type", "string"}, {"description", what}};
    content[stream_type(route.family)] = json::Object{{"schema", std::move(text)}};
  }
  json::Object out{{"description", route.summary}};
  if (route.has_etag) {
    json::Value text = json::Object{{"type", "string"}};
    out["headers"] =
        json::Object{{"ETag", json::Object{{"description", "Send it as If-None-Match to ask whether anything changed."},
                                           {"schema", std::move(text)}}}};
  }
  out["content"] = std::move(content);
  return out;
}

json::Object describe_answers(const Route& route, Components& components) {
  const json::Value error = reference("#/components/responses/", error_name(route.family));
  json::Object out{{std::to_string(route.success), good_answer(route, components)}};
  if (route.has_etag) out["304"] = json::Object{{"description", "Nothing changed since the ETag of If-None-Match."}};
  if (!route.parameters.empty() || !route.request_schema.empty()) out["400"] = error;
  if (route.scope != Scope::kNone) {
    out["401"] = error;
    out["403"] = error;
  }
  out["default"] = error;
  return out;
}

json::Object describe_operation(const Route& route, const OpenApiOptions& options, Components& components) {
  json::Object out{{"operationId", route.operation_id},
                   {"summary", route.summary},
                   {"description", route.description.empty() ? route.summary : route.description},
                   {"tags", json::Array{group_of(route)}},
                   {"x-openai-isConsequential", is_consequential(route)},
                   {"x-promethean-scope", scope_name(route.scope)}};
  if (options.secured && route.scope == Scope::kNone) out["security"] = json::Array();
  if (json::Array parameters = describe_parameters(route); !parameters.empty())
    out["parameters"] = std::move(parameters);
  if (!route.request_schema.empty()) {
    json::Value schema = components.use(route.request_schema, capitalized(route.operation_id) + "Request");
    json::Object content{{"application/json", json::Object{{"schema", std::move(schema)}}}};
    out["requestBody"] = json::Object{{"required", !route.body_optional}, {"content", std::move(content)}};
  }
  out["responses"] = describe_answers(route, components);
  return out;
}

// ---- the document around them ----

json::Object security_schemes(const OpenApiOptions& options) {
  json::Object out{{"bearerAuth", json::Object{{"type", "http"}, {"scheme", "bearer"}}}};
  if (options.actions) return out;
  const auto key = [](std::string_view where, std::string_view name) {
    return json::Object{{"type", "apiKey"}, {"in", where}, {"name", name}};
  };
  out["piToken"] = key("header", "x-pi-token");
  out["apiKey"] = key("header", "x-api-key");
  if (!options.cookie.empty()) out["cookie"] = key("cookie", options.cookie);
  return out;
}

json::Array describe_groups(const std::vector<const Route*>& routes, const OpenApiOptions& options) {
  const auto used = [&routes](std::string_view name) {
    return std::ranges::any_of(routes, [name](const Route* route) { return group_of(*route) == name; });
  };
  json::Array out;
  std::vector<std::string_view> done;
  for (const auto& group : options.groups) {
    if (used(group.name)) out.emplace_back(json::Object{{"name", group.name}, {"description", group.description}});
    done.emplace_back(group.name);
  }
  for (const Route* route : routes) {
    if (std::ranges::find(done, group_of(*route)) != done.end()) continue;
    done.push_back(group_of(*route));
    out.emplace_back(json::Object{{"name", group_of(*route)}});
  }
  return out;
}

json::Object error_answers(const std::vector<const Route*>& routes, Components& components) {
  json::Object out;
  for (const Route* route : routes) {
    const std::string_view name = error_name(route->family);
    if (out.contains(name)) continue;
    json::Value schema = components.use(std::string(error_schema(route->family)), std::string(name));
    json::Object content{{"application/json", json::Object{{"schema", std::move(schema)}}}};
    out[name] = json::Object{{"description", "What is wrong."}, {"content", std::move(content)}};
  }
  return out;
}

}  // namespace

std::string described_path(const Route& route) {
  std::string path = route.path;
  if (path.ends_with("*}")) path.replace(path.size() - 2, 2, "}");
  return path;
}

std::string_view group_of(const Route& route) {
  return route.group.empty() ? family_name(route.family) : std::string_view(route.group);
}

bool is_consequential(const Route& route) {
  const bool changes =
      route.method == Method::kPut || route.method == Method::kPatch || route.method == Method::kDelete;
  return changes || !(route.scope == Scope::kNone || route.scope == Scope::kAny || route.scope == Scope::kRead);
}

base::Result<json::Object> openapi_document(RouteList routes, const OpenApiOptions& options) {
  std::vector<const Route*> chosen;
  for (const auto& route : routes) {
    if (!options.actions || route->for_actions) chosen.push_back(route.get());
  }
  Components components;
  json::Object paths;
  for (const Route* route : chosen) {
    json::Value& path = paths[described_path(*route)];
    if (path.is_null()) path = json::Object();
    path.get_object()[base::to_lower(method_name(route->method))] = describe_operation(*route, options, components);
  }
  json::Object parts{{"responses", error_answers(chosen, components)}};
  if (components.failure()) return base::fail(*components.failure());
  json::Object schemas{{"schemas", std::move(components.schemas())}};

  json::Object out{
      {"openapi", "3.1.0"},
      {"info",
       json::Object{{"title", options.title}, {"version", options.version}, {"description", options.description}}},
      {"servers", json::Array{json::Object{{"url", options.server_url}}}},
      {"tags", describe_groups(chosen, options)},
      {"paths", std::move(paths)}};
  json::Object& all = (out["components"] = std::move(schemas)).get_object();
  all["responses"] = std::move(parts.at("responses"));
  if (!options.secured) return out;
  all["securitySchemes"] = security_schemes(options);
  json::Array ways;
  for (const auto& scheme : all.at("securitySchemes").get_object())
    ways.emplace_back(json::Object{{scheme.key(), json::Array()}});
  out["security"] = std::move(ways);
  return out;
}

}  // namespace promethean::http
