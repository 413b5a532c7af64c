// Routes of the Responses API and their texts. What one call does is in responses_call.cpp.
#include "api/dialect_schemas.h"
#include "api/responses_call.h"

namespace promethean::api {

namespace {

namespace responses = llm::responses;

http::Route make_route(http::Method method, std::string path, std::string id, std::string summary) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.family = http::Family::kOpenAi;
  route.summary = std::move(summary);
  return route;
}

Task<http::Response> handle_create(Services& services, Context& ctx, http::Request& request) {
  auto call = co_await make_call(services, ctx, request, request.json);
  if (!call) co_return openai_error(call.error());
  auto response = co_await answer_call(services, ctx, std::move(*call));
  co_return response;
}

// Tokens of the whole conversation as the model would read it, by its own tokenizer where it can be asked.
Task<http::Response> handle_count(Services& services, Context& ctx, http::Request& request) {
  auto call = co_await make_call(services, ctx, request, request.json);
  if (!call) co_return openai_error(call.error());
  request.answer_headers = {};  // nothing is asked, so there is no exchange
  std::string text;
  for (const std::string_view key : {"messages", "tools"}) {
    if (const json::Value* part = call->question.body.if_contains(key)) text += json::write(*part);
  }
  auto count = co_await count_tokens(services, ctx, *call->question.model, std::move(text));
  if (!count) co_return openai_error(count.error());
  const json::Value body = json::Object{{"object", "response.input_tokens"}, {"input_tokens", *count}};
  co_return http::Response::json(200, body);
}

// The request with a last item that asks for a summary, in the form that has an array of items.
json::Value compaction_request(json::Object body) {
  json::Value& input = body["input"];
  if (!input.is_array()) {
    const json::Value text = input.is_null() ? json::Value("") : input;
    input = json::Array{json::Object{{"type", "message"}, {"role", "user"}, {"content", text}}};
  }
  input.as_array().emplace_back(json::Object{{"type", "compaction_trigger"}});
  body["store"] = false;
  return json::Value(std::move(body));
}

Task<http::Response> handle_compact(Services& services, Context& ctx, http::Request& request) {
  if (!json::string_at(request.json, "model")) {
    const base::Error error(base::Code::kInvalidArgument, "the request names no model");
    co_return openai_error(error.with_field("model"));
  }
  const json::Value body = compaction_request(request.json.as_object());
  auto call = co_await make_call(services, ctx, request, body);
  if (!call) co_return openai_error(call.error());
  auto response = co_await whole_response(services, ctx, std::move(*call));
  if (!response) co_return openai_error(response.error());
  const json::Value compacted = json::Object{{"id", (*response)["id"]},
                                             {"object", "response.compaction"},
                                             {"created_at", (*response)["created_at"]},
                                             {"output", (*response)["output"]},
                                             {"usage", (*response)["usage"]}};
  co_return http::Response::json(200, compacted);
}

Task<http::Response> handle_get(Services& services, Context& ctx, http::Request& request) {
  auto stored = co_await services.store.response(ctx, std::string(request.param("id")), request.principal.id);
  if (!stored) co_return openai_error(stored.error());
  co_return http::Response::text(200, std::move(stored->body), "application/json");
}

Task<http::Response> handle_delete(Services& services, Context& ctx, http::Request& request) {
  const std::string id(request.param("id"));
  auto removed = co_await services.store.remove_response(ctx, id, request.principal.id);
  if (!removed) co_return openai_error(removed.error());
  const json::Value body(responses::deleted_response(id));
  co_return http::Response::json(200, body);
}

responses::ListQuery list_query(const json::Object& arguments) {
  responses::ListQuery query;
  query.after = json::string_at(arguments, "after").value_or("");
  query.descending = json::string_at(arguments, "order") != "asc";
  query.limit = *json::int_at(arguments, "limit");
  return query;
}

Task<http::Response> handle_items(Services& services, Context& ctx, http::Request& request) {
  auto stored = co_await services.store.response(ctx, std::string(request.param("id")), request.principal.id);
  if (!stored) co_return openai_error(stored.error());
  auto items = json::parse(stored->items);
  if (!items || !items->is_array())
    co_return openai_error(base::Error(base::Code::kInternal, "the stored items cannot be read"));
  auto page = responses::item_list(items->as_array(), list_query(request.arguments));
  if (!page) co_return openai_error(page.error());
  const json::Value body(std::move(*page));
  co_return http::Response::json(200, body);
}

// Some clients try a WebSocket first; 426 sends them to POST at once and silently, other statuses cost them retries.
Task<http::Response> handle_upgrade() {
  const base::Error error(base::Code::kUnsupported, "this server answers POST /v1/responses, not WebSockets");
  http::Response response = http::error_response(http::Family::kOpenAi, error);
  response.status = 426;
  response.headers.set("upgrade", "HTTP/1.1");
  co_return response;
}

http::Route create_route(Services& services) {
  auto route = make_route(http::Method::kPost, "/v1/responses", "createResponse", "Answer with text or tool calls");
  route.limits.deadline = std::chrono::minutes(30);
  route.limits.max_body = services.max_body;
  route.description =
      "OpenAI's Responses API, as Codex and the SDKs speak it, over any backend. A question of a person is answered "
      "with cited excerpts of the repository; `retrieval: {\"enabled\": false}` asks the model alone.";
  route.request_schema = responses::kResponsesRequestSchema;
  route.response_schema = kResponseAnswer;
  route.streams = true;
  route.handler = [&services](Context& ctx, http::Request& request) { return handle_create(services, ctx, request); };
  return route;
}

}  // namespace

base::Result<void> add_responses_routes(http::Router& router, Services& services) {
  using http::Method;
  std::vector<http::Route> routes;
  routes.push_back(create_route(services));
  routes.push_back(make_route(Method::kGet, "/v1/responses", "upgradeResponses", "Not a WebSocket: use POST"));
  routes.back().description = "Sends clients that try a WebSocket to POST, at once and silently.";
  routes.back().success = 426;
  routes.back().response_schema = http::error_schema(http::Family::kOpenAi);
  routes.back().handler = [](Context&, http::Request&) { return handle_upgrade(); };
  routes.push_back(
      make_route(Method::kPost, "/v1/responses/input_tokens", "countInputTokens", "Count a request's tokens"));
  routes.back().request_schema = responses::kResponsesRequestSchema;
  routes.back().limits.max_body = services.max_body;
  routes.back().description =
      "Before a long request: the tokens of the whole conversation, as its model would read it.";
  routes.back().response_schema = kInputTokensAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) { return handle_count(services, ctx, r); };
  routes.push_back(make_route(Method::kPost, "/v1/responses/compact", "compactResponse",
                              "A conversation as one item that stands for it"));
  routes.back().request_schema = responses::kResponsesRequestSchema;
  routes.back().limits.max_body = services.max_body;
  routes.back().limits.deadline = std::chrono::minutes(10);
  routes.back().description = "When a conversation has become too long: the model makes a summary to go on from.";
  routes.back().response_schema = kCompactionAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) { return handle_compact(services, ctx, r); };
  routes.push_back(make_route(Method::kGet, "/v1/responses/{id}", "getResponse", "A stored answer"));
  routes.back().description = "For an answer of /v1/responses that was stored, by the credential that asked for it.";
  routes.back().parameters = kResponseParameter;
  routes.back().response_schema = kResponseAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) { return handle_get(services, ctx, r); };
  routes.push_back(make_route(Method::kDelete, "/v1/responses/{id}", "deleteResponse", "Forget a stored answer"));
  routes.back().description = "The answer can no longer be read or gone on from.";
  routes.back().parameters = kResponseParameter;
  routes.back().response_schema = kDeletedAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) { return handle_delete(services, ctx, r); };
  routes.push_back(make_route(Method::kGet, "/v1/responses/{id}/input_items", "listInputItems",
                              "What a stored answer was made from"));
  routes.back().description = "The items that an answer of /v1/responses was given for, a page at a time.";
  routes.back().parameters = kItemsParameters;
  routes.back().response_schema = kItemsAnswer;
  routes.back().handler = [&services](Context& ctx, http::Request& r) { return handle_items(services, ctx, r); };
  for (auto& route : routes) {
    if (auto added = router.add(std::move(route)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
