// What a request says in its path and its query, as one JSON object: the route's parameters are described by a JSON
// Schema as its body is, so that the same text checks requests, fills in defaults and describes the API.
#pragma once

#include "http/message.h"
#include "json/schema.h"

namespace promethean::http {

// The members that `schema` (an object with properties) knows; the first of a name counts, others are left alone. Text
// becomes what the property's type says: digits a number, "true", "1" and nothing at all (`?hidden`) true, "false" and
// "0" false. Nothing at all means absent for the other types; what is absent has the property's `default`, if any.
// kInvalidArgument with the parameter's name as its field.
base::Result<json::Object> read_arguments(const json::Schema& schema, const Request& request);

}  // namespace promethean::http
