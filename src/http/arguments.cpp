#include "http/arguments.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::http {

namespace {

// The text of one parameter; nullopt when the request does not name it.
base::Result<std::optional<std::string>> argument_text(const Request& request, std::string_view name) {
  for (const auto& [known, value] : request.params) {
    if (known == name) return value;
  }
  for (const std::string_view pair : base::split(request.query, '&')) {
    const size_t equals = std::min(pair.find('='), pair.size());
    if (percent_decode(pair.substr(0, equals), true) != name) continue;
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) return base::bad_field(std::string(name), std::string(name) + " is not properly encoded UTF-8");
    return value;
  }
  return std::nullopt;
}

// Text that is nothing of the wanted type stays text: the schema's check says what is wrong with it.
json::Value argument_value(std::string_view type, const std::string& text) {
  if (type == "boolean") {
    if (text.empty() || text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
  }
  if (type == "integer") {
    if (const auto number = base::parse_int(text)) return *number;
  }
  return json::Value(text);
}

}  // namespace

base::Result<json::Object> read_arguments(const json::Schema& schema, const Request& request) {
  json::Object arguments;
  const json::Object* properties = json::object_at(schema.document(), "properties");
  if (properties == nullptr) return arguments;
  for (const auto& property : *properties) {
    auto text = argument_text(request, property.key());
    if (!text) return base::fail(std::move(text).error());
    const std::string_view type = json::string_at(property.value(), "type").value_or("string");
    if (*text && (!(*text)->empty() || type == "boolean")) {
      arguments[property.key()] = argument_value(type, **text);
    } else if (const json::Value* fallback = json::find(property.value(), "default")) {
      arguments[property.key()] = *fallback;
    }
  }
  const json::Value whole(std::move(arguments));
  if (const auto violation = schema.check(whole))
    return base::bad_field(violation->path, violation->path + " " + violation->reason);
  return whole.get_object();
}

}  // namespace promethean::http
