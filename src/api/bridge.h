// The bridge: what programs outside the house ask of the repository, under the names of the original service: at the
// root, under /v0 and, consolidated, under /v1. The same handlers answer at all three.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/services.h"

namespace promethean::api {

inline constexpr std::chrono::milliseconds kBridgePatience{5'000};  // for a comparison with the disk under way

using BridgeHandler = Task<http::Response> (*)(Services&, Context&, http::Request&);

// One operation. `path` begins behind the prefix ("/files/list"); `id` is the operation id under /v1, and has "Root" or
// "V0" appended under the other prefixes. The rest is as in http::Route.
struct BridgeRoute {
  http::Method method = http::Method::kGet;
  std::string_view path;
  std::string_view id;
  std::string_view schema;  // of the body
  BridgeHandler handler = nullptr;
  std::string_view summary;
  std::string_view description;
  http::Scope scope = http::Scope::kRead;
  std::chrono::milliseconds deadline = http::RouteLimits().deadline;
  std::string_view parameters;
  std::string (*response)() = nullptr;  // api/bridge_schemas.h
  bool for_actions = false;             // under /v1
  std::string_view group;               // under /v1
  bool body_optional = false;
};

// Registers each route under each prefix ("", "/v0", "/v1").
base::Result<void> add_bridge(http::Router& router, Services& services, std::span<const BridgeRoute> routes,
                              std::span<const std::string_view> prefixes);
inline constexpr std::string_view kAllPrefixes[] = {"", "/v0", "/v1"};
inline constexpr std::string_view kOnlyV1[] = {"/v1"};
inline constexpr std::string_view kOriginalPaths = "Original paths";  // the group of what is not under /v1

// An error in the bridge's shape.
http::Response bridge_error(const base::Error& error);

// Not there, or not beneath the root: the same to a client, who is not told what lies outside.
bool is_missing(const base::Error& error);
// The answer about such a file: 404, with what may have been meant. Never another file instead.
Task<http::Response> no_such_file(Services& services, Context& ctx, std::string path, base::Error error);

// What every answer about the index begins with: ok, which state of the tree it is about, and what keeps it from being
// newer, if anything.
json::Object bridge_head(const search::LiveIndex::View& view);

// The strings of an array in a body, or the one string that stands in its place; its schema has checked that they are.
std::vector<std::string> strings_at(const json::Value& body, std::string_view key);
// `kind`; everything when it is absent.
search::Kind kind_at(const json::Value& body);

}  // namespace promethean::api
