// Routes of the Anthropic family and their texts. The handlers themselves are in messages.cpp.
#include "api/messages.h"
#include "api/services.h"
#include "llm/dialect/messages_request.h"

namespace promethean::api {

namespace {

http::Route messages_route(Services& services) {
  http::Route route;
  route.method = http::Method::kPost;
  route.path = "/v1/messages";
  route.operation_id = "createMessage";
  route.family = http::Family::kAnthropic;
  route.limits.deadline = std::chrono::minutes(10);
  route.limits.max_body = services.max_body;
  route.summary = "Answer a conversation about this repository, in Anthropic's dialect";
  route.description =
      "Anthropic's messages, over any model of the table. The last user message is answered with cited excerpts of the "
      "repository; `retrieval_context` in the message lists them. `retrieval: {\"enabled\": false}` asks the model "
      "alone.";
  route.request_schema = llm::messages::request_schema();
  route.streams = true;
  route.handler = [&services](Context& ctx, http::Request& request) { return handle_messages(services, ctx, request); };
  return route;
}

http::Route count_route(Services& services) {
  http::Route route;
  route.method = http::Method::kPost;
  route.path = "/v1/messages/count_tokens";
  route.operation_id = "countMessageTokens";
  route.family = http::Family::kAnthropic;
  route.limits.max_body = services.max_body;
  route.summary = "Count the tokens of a conversation, in Anthropic's dialect";
  route.description = "By the model's own tokenizer where it can be asked, else an estimate from above.";
  route.request_schema = llm::messages::count_schema();
  route.handler = [&services](Context& ctx, http::Request& request) { return handle_count(services, ctx, request); };
  return route;
}

// Clients look here whether anybody is there (HEAD), and people what it is.
http::Route root_route(Services&) {
  http::Route route;
  route.path = "/";
  route.operation_id = "getRoot";
  route.scope = http::Scope::kNone;
  route.limits.rate_cost = 0;
  route.summary = "What this server is";
  route.handler = [](Context&, http::Request&) -> Task<http::Response> {
    co_return http::Response::text(200, "Promethean is running.\n");
  };
  return route;
}

}  // namespace

base::Result<void> add_anthropic_routes(http::Router& router, Services& services) {
  for (auto make : {messages_route, count_route, root_route}) {
    if (auto added = router.add(make(services)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
