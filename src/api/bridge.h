// The bridge: what programs outside the house ask of the repository, under the names of the original service: at the
// root, under /v0 and, consolidated, under /v1. The same handlers answer at all three.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/services.h"

namespace promethean::api {

inline constexpr std::chrono::milliseconds kBridgePatience{5'000};  // for a comparison with the disk under way

using BridgeHandler = Task<http::Response> (*)(Services&, Context&, http::Request&);

// One operation. `path` begins behind the prefix ("/files/list"); `id` is the operation id under /v1, and has "Root" or
// "V0" appended under the other prefixes.
struct BridgeRoute {
  http::Method method = http::Method::kGet;
  std::string_view path;
  std::string_view id;
  std::string_view schema;
  BridgeHandler handler = nullptr;
  std::string_view summary;
  std::string_view description;
  http::Scope scope = http::Scope::kRead;
};

// Registers each route under each prefix ("", "/v0", "/v1").
base::Result<void> add_bridge(http::Router& router, Services& services, std::span<const BridgeRoute> routes,
                              std::span<const std::string_view> prefixes);
inline constexpr std::string_view kAllPrefixes[] = {"", "/v0", "/v1"};
inline constexpr std::string_view kOnlyV1[] = {"/v1"};

// An error in the bridge's shape.
http::Response bridge_error(const base::Error& error);

// What every answer about the index begins with: ok, which state of the tree it is about, and what keeps it from being
// newer, if anything.
json::Object bridge_head(const search::LiveIndex::View& view);

// Query parameters. A value that is no such thing is kInvalidArgument about the parameter; an absent one is `fallback`.
base::Result<std::string> text_query(const http::Request& request, std::string_view name, std::string fallback);
base::Result<int64_t> int_query(const http::Request& request, std::string_view name, int64_t fallback, int64_t least,
                                int64_t most);
base::Result<bool> bool_query(const http::Request& request, std::string_view name, bool fallback);

}  // namespace promethean::api
