// The route table as an OpenAPI document (https://spec.openapis.org/oas/v3.1.0). Pure: the same routes and options give
// the same document, member by member.
//
// A schema becomes a component under its title, else under the operation's name; what it has in $defs or definitions
// becomes components of those names, which are therefore unique among all schemas. x-promethean-scope says which scope
// a credential needs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "http/router.h"

namespace promethean::http {

struct OpenApiGroup {
  std::string name;  // a Route's `group`
  std::string description;
};

struct OpenApiOptions {
  std::string title;
  std::string version;
  std::string description;           // when to use which call
  std::string server_url;            // absolute, without a trailing slash
  std::vector<OpenApiGroup> groups;  // in the order of the document; others follow
  bool secured = true;               // false: no credential is asked for
  std::string cookie;                // the cookie that may carry the token; empty: none
  bool actions = false;              // only what is offered to ChatGPT Actions, which send bearer tokens
};

using RouteList = std::span<const std::unique_ptr<const Route>>;

// kConflict for two different schemas of one name; kInvalidArgument for a schema that is no JSON.
base::Result<json::Object> openapi_document(RouteList routes, const OpenApiOptions& options);

// The same document for readers of OpenAPI 3.0.3, whose schemas know neither null, const, examples, nor exclusive
// bounds as numbers.
void to_openapi_30(json::Object& document);

// The route's path as it is described, its parameters without the * of those that take the rest.
std::string described_path(const Route& route);

// "Repository": the heading under which a route is described.
std::string_view group_of(const Route& route);

// True for what changes something: a model that acts for somebody asks first.
bool is_consequential(const Route& route);

}  // namespace promethean::http
