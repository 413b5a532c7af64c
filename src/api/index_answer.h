// What the handlers that ask the index share: a fresh view, work on the pool, an answer that says which state of the
// tree it is about.
#pragma once

#include "api/bridge.h"

namespace promethean::api {

// Takes a view that is as fresh as `patience` allows and runs `work(snapshot, stop)` on the pool; `work` gives the
// members that join the answer's head.
template <class Work>
Task<http::Response> answer(Services& services, Context& ctx, Work work,
                            std::chrono::milliseconds patience = kBridgePatience) {
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

}  // namespace promethean::api
