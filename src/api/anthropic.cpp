// Routes of the Anthropic family and their texts. The handlers themselves are in messages.cpp.
#include "api/dialect_schemas.h"
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
  route.response_schema = kMessageAnswer;
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
  route.response_schema = kTokenCountAnswer;
  route.handler = [&services](Context& ctx, http::Request& request) { return handle_count(services, ctx, request); };
  return route;
}

// Where clients look whether anybody is there, before they have a credential: Claude Code by HEAD, clients of Ollama
// for the words that its root says. The root is also what people open.
http::Route greeting_route(std::string path, std::string id) {
  http::Route route;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.scope = http::Scope::kNone;
  route.limits.rate_cost = 0;
  route.summary = "Say that the server is there";
  route.description = "For clients that look whether anybody is there before they have a credential.";
  route.group = kOperations;
  route.response_type = "text/plain; charset=utf-8";
  route.handler = [](Context&, http::Request&) -> Task<http::Response> {
    co_return http::Response::text(200, "Promethean is running.\nFor clients of Ollama: Ollama is running\n");
  };
  return route;
}

http::Route root_route(Services&) {
  return greeting_route("/", "getRoot");
}

http::Route hello_route(Services&) {
  return greeting_route("/api/hello", "getHello");
}

}  // namespace

base::Result<void> add_anthropic_routes(http::Router& router, Services& services) {
  for (auto make : {messages_route, count_route, root_route, hello_route}) {
    if (auto added = router.add(make(services)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
