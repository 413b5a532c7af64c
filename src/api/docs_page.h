// An OpenAPI document as one HTML page: every call with its fields, limits and an example for a shell. Nothing in it
// runs and nothing is loaded from elsewhere.
#pragma once

#include <string>

#include "json/json.h"

namespace promethean::api {

// `document` is of OpenAPI 3.1, as http::openapi_document() makes it.
std::string docs_page(const json::Object& document);

// The Content-Security-Policy that the page needs: its own style sheet and nothing else.
std::string docs_policy();

}  // namespace promethean::api
