// What the bridge's routes over the index share: a fresh view, work on the pool, and parameters of one kind.
#pragma once

#include <string>
#include <vector>

#include "api/bridge.h"

namespace promethean::api {

// Takes a view that is as fresh as `patience` allows and runs `work(snapshot, stop)` on the pool; `work` gives the
// members that join the answer's head. `work` must live until this has ended.
template <class Work>
Task<http::Response> answer_from_index(Services& services, Context& ctx, std::chrono::milliseconds patience,
                                       Work work) {
  auto view = co_await services.index.fresh(ctx, patience);
  if (!view) co_return bridge_error(view.error());
  const auto stop = ctx.stop_flag();
  const auto job = [&work, &view, stop]() -> base::Result<json::Object> { return work(*view->snapshot, stop); };
  auto members = co_await services.pool.run(ctx, job);
  if (!members) co_return bridge_error(members.error());
  json::Object body = bridge_head(*view);
  for (auto& member : *members) body[member.key()] = std::move(member.value());
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

// The strings of an array, or the one string that stands in its place.
std::vector<std::string> strings_at(const json::Value& body, std::string_view key);

// `kind`; everything when it is absent. The schema has seen to it that it is one.
search::Kind kind_at(const json::Value& body);

// grep.cpp; called by add_search_routes.
base::Result<void> add_grep_routes(http::Router& router, Services& services);

}  // namespace promethean::api
