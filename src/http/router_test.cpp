#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "async/testing.h"
#include "base/hash.h"

namespace promethean::http {
namespace {

using base::Code;
using testing::HasSubstr;

Task<Response> echo(Context&, Request& request) {
  co_return Response::json(
      200, json::Object{{"who", request.principal.id}, {"id", request.param("id")}, {"got", request.json}});
}
Task<Response> throws(Context&, Request&) {
  throw std::runtime_error("boom");
}

class Routes : public testing::Test {
 protected:
  Routes() : Routes(options()) {}
  explicit Routes(RouterOptions options) {
    Authenticator::Options auth;
    auth.extra_tokens = {"good"};
    authenticator = std::make_shared<Authenticator>(auth, "/nonexistent");
    router = std::make_unique<Router>(std::move(options), authenticator);
    add(Method::kGet, "/health", Family::kBridge, Scope::kNone);
    add(Method::kGet, "/v1/models/{id*}", Family::kOpenAi, Scope::kRead);
    add(Method::kPost, "/v1/chat/completions", Family::kOpenAi, Scope::kRead,
        R"({"type":"object","required":["model"],"properties":{"model":{"type":"string"},"n":{"type":"integer"}}})");
    add(Method::kPost, "/v1/messages", Family::kAnthropic, Scope::kRead, R"({"type":"object"})");
    add(Method::kPost, "/api/chat", Family::kOllama, Scope::kRead, R"({"type":"object"})");
    add(Method::kGet, "/boom", Family::kBridge, Scope::kRead, "", throws);
  }
  static RouterOptions options() {
    RouterOptions out;
    out.allowed_hosts = {"127.0.0.1"};
    out.allowed_origins = {"https://app.example"};
    return out;
  }
  void add(Method method, std::string path, Family family, Scope scope, std::string schema = "",
           Handler handler = echo) {
    Route route;
    route.method = method;
    route.operation_id = "op" + std::to_string(router->routes().size());
    route.path = std::move(path);
    route.family = family;
    route.scope = scope;
    route.request_schema = std::move(schema);
    route.handler = std::move(handler);
    if (route.path == "/health") route.limits.rate_cost = 0;
    ASSERT_TRUE(router->add(std::move(route)));
  }

  using Fields = std::vector<Headers::Field>;
  static Request request(Method method, std::string path, const Fields& more = {{"authorization", "Bearer good"}}) {
    Request out;
    out.method = method;
    out.path = std::move(path);
    out.remote = "10.0.0.1:5000";
    out.headers.add("host", "127.0.0.1:3210");
    for (const auto& [name, value] : more) out.headers.set(name, value);
    return out;
  }
  // The whole way of one request; the body's length is announced as a client would.
  Response send(Request request, std::string body = "") {
    if (!body.empty()) {
      request.headers.set("content-length", std::to_string(body.size()));
      if (!request.headers.get("content-type")) request.headers.set("content-type", "application/json");
    }
    Admission admission = router->admit(request);
    if (admission.rejection) return std::move(*admission.rejection);
    request.body = std::move(body);
    request.principal = admission.principal;
    request.params = admission.params;
    Context ctx(loop.core());
    return loop.run(router->dispatch(ctx, *admission.route, std::move(request)));
  }
  static const std::string& text(const Response& response) { return std::get<std::string>(response.body); }

  async::TestLoop loop;
  std::shared_ptr<Authenticator> authenticator;
  std::unique_ptr<Router> router;
};

TEST_F(Routes, AnAdmittedRequestReachesItsHandler) {
  const Response response = send(request(Method::kPost, "/v1/chat/completions"), R"({"model":"m"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(text(response), R"({"who":"env_1","id":"","got":{"model":"m"}})");
  EXPECT_EQ(text(send(request(Method::kGet, "/v1/models/org/m"))), R"({"who":"env_1","id":"org/m","got":null})");
}

TEST_F(Routes, AnOpenRouteNeedsNoCredentialButItsHostAndOrigin) {
  EXPECT_EQ(send(request(Method::kGet, "/health", {})).status, 200);
  EXPECT_EQ(send(request(Method::kHead, "/health", {})).status, 200);
  EXPECT_EQ(send(request(Method::kGet, "/health", {{"host", "evil.example"}})).status, 403);
  EXPECT_EQ(send(request(Method::kGet, "/health", {{"origin", "http://evil.example"}})).status, 403);
  EXPECT_EQ(send(request(Method::kPost, "/health", {})).status, 405);
}

TEST_F(Routes, TheFirstFailedCheckDecides) {
  // Each request breaks one check more than the one before it, from the last check to the first.
  Fields fields = {{"authorization", "Bearer good"}};
  const auto status = [&](std::string body) {
    return send(request(Method::kPost, "/v1/chat/completions", fields), std::move(body)).status;
  };
  EXPECT_EQ(status("{"), 400);
  EXPECT_EQ(status(std::string(3 << 20, ' ')), 413);
  fields = {};
  EXPECT_EQ(status("{"), 401);
  fields.emplace_back("content-type", "text/plain");
  EXPECT_EQ(status("{"), 415);
  fields.emplace_back("origin", "null");
  EXPECT_EQ(status("{"), 403);
  fields.emplace_back("host", "evil.example");
  EXPECT_THAT(text(send(request(Method::kPost, "/v1/chat/completions", fields), "{")), HasSubstr("Host"));
}

TEST_F(Routes, AMissingTokenIsAskedForAndRevealsNothing) {
  const Response known = send(request(Method::kGet, "/v1/models/x", {}));
  const Response unknown = send(request(Method::kGet, "/v1/nothing", {}));
  EXPECT_EQ(known.status, 401);
  EXPECT_EQ(known.headers.get("www-authenticate"), "Bearer realm=\"promethean\"");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(text(known), text(unknown));
  EXPECT_EQ(send(request(Method::kDelete, "/v1/models/x", {})).status, 401);
  const Response wrong = send(request(Method::kGet, "/v1/models/x", {{"authorization", "Bearer bad"}}));
  EXPECT_THAT(std::string(*wrong.headers.get("www-authenticate")), HasSubstr("invalid_token"));
}

TEST_F(Routes, AnUnknownPathNamesTheNearest) {
  const Response response = send(request(Method::kPost, "/v1/chat/completion"), "{}");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(text(response), HasSubstr("did you mean /v1/chat/completions?"));
}

TEST_F(Routes, AWrongMethodNamesTheRightOnes) {
  const Response response = send(request(Method::kPut, "/v1/models/x"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD");
  EXPECT_EQ(send(request(Method::kOther, "/health")).status, 405);
}

TEST_F(Routes, AScopeThatIsMissingIsNamed) {
  const std::string dir = std::filesystem::temp_directory_path() / ("router_test_" + base::random_hex(6));
  const std::string token = TokenStore(dir).create("reader", {Scope::kRead}, 0)->token;
  router = std::make_unique<Router>(options(), std::make_shared<Authenticator>(Authenticator::Options(), dir));
  add(Method::kPost, "/exec/run", Family::kBridge, Scope::kExec);
  add(Method::kGet, "/files/tree", Family::kBridge, Scope::kRead);
  const Fields credential = {{"authorization", "Bearer " + token}};
  EXPECT_EQ(send(request(Method::kGet, "/files/tree", credential)).status, 200);
  const Response refused = send(request(Method::kPost, "/exec/run", credential));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(text(refused), HasSubstr("lacks the scope exec"));
  EXPECT_THAT(std::string(*refused.headers.get("www-authenticate")), HasSubstr("insufficient_scope"));
  std::filesystem::remove_all(dir);
}

TEST_F(Routes, ErrorsHaveTheShapeOfTheirFamily) {
  EXPECT_EQ(text(send(request(Method::kPost, "/v1/chat/completions"), R"({"n":1})")),
            R"({"error":{"message":"model: is required","type":"invalid_request_error","param":"model","code":null}})");
  EXPECT_EQ(
      text(send(request(Method::kPost, "/v1/messages"), "[]")),
      R"({"type":"error","error":{"type":"invalid_request_error","message":"the request body: must be an object"}})");
  EXPECT_EQ(text(send(request(Method::kPost, "/api/chat"), "[]")),
            R"({"error":"the request body: must be an object"})");
  EXPECT_THAT(text(send(request(Method::kGet, "/nothing"))),
              HasSubstr(R"({"ok":false,"statusCode":404,"error":"no such path","code":"not_found")"));
  EXPECT_THAT(text(send(request(Method::kGet, "/v1/messages/x"))), HasSubstr(R"("type":"not_found_error")"));
  EXPECT_THAT(text(send(request(Method::kGet, "/api/x"))), testing::StartsWith(R"({"error":"no such path)"));
  EXPECT_THAT(text(send(request(Method::kGet, "/v1/x", {}))), HasSubstr(R"("code":"invalid_api_key")"));
}

TEST_F(Routes, AMalformedBodySaysWhere) {
  EXPECT_THAT(text(send(request(Method::kPost, "/v1/chat/completions"), "{\"model\":\n x}")),
              HasSubstr("line 2, column 2"));
  Request empty = request(Method::kPost, "/v1/chat/completions");
  EXPECT_THAT(text(send(std::move(empty))), HasSubstr("body is empty"));

  Route optional;
  optional.method = Method::kPost;
  optional.path = "/reindex";
  optional.operation_id = "reindex";
  optional.request_schema = R"({"type": "object", "properties": {"path": {"type": "string"}}})";
  optional.body_optional = true;
  optional.handler = echo;
  ASSERT_TRUE(router->add(optional));
  EXPECT_THAT(text(send(request(Method::kPost, "/reindex"))), HasSubstr(R"("got":{})"));
  EXPECT_EQ(send(request(Method::kPost, "/reindex"), R"({"path": 3})").status, 400);
}

TEST_F(Routes, AHandlerThatThrowsIsA500WithoutItsSecrets) {
  const Response response = send(request(Method::kGet, "/boom"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(text(response), testing::Not(HasSubstr("boom")));
}

TEST_F(Routes, AListedOriginIsAllowedEverywhere) {
  Request preflight = request(Method::kOptions, "/v1/chat/completions",
                              {{"origin", "https://app.example"}, {"access-control-request-method", "POST"}});
  const Response allowed = send(std::move(preflight));
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.headers.get("access-control-allow-origin"), "https://app.example");
  EXPECT_THAT(std::string(*allowed.headers.get("access-control-allow-headers")), HasSubstr("authorization"));
  const Response answer = send(request(Method::kGet, "/health", {{"origin", "https://app.example"}}));
  EXPECT_EQ(answer.headers.get("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(answer.headers.get("vary"), "origin");
  const Response error = send(request(Method::kGet, "/v1/models/x", {{"origin", "https://app.example"}}));
  EXPECT_EQ(error.status, 401);
  EXPECT_EQ(error.headers.get("access-control-allow-origin"), "https://app.example");
  const Response own = send(request(Method::kGet, "/health", {{"origin", "http://127.0.0.1:3210"}}));
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.headers.get("access-control-allow-origin"), std::nullopt);
  const Response foreign =
      send(request(Method::kOptions, "/health", {{"origin", "http://evil"}, {"access-control-request-method", "GET"}}));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.headers.get("access-control-allow-origin"), std::nullopt);
}

class SlowRoutes : public Routes {
 protected:
  static RouterOptions slow() {
    RouterOptions out = options();
    out.rate_per_second = 0.001;
    out.rate_burst = 2;
    return out;
  }
  SlowRoutes() : Routes(slow()) {}
};

TEST_F(SlowRoutes, ACallerOverItsRateWaits) {
  EXPECT_EQ(send(request(Method::kGet, "/v1/models/x")).status, 200);
  EXPECT_EQ(send(request(Method::kGet, "/v1/models/x")).status, 200);
  const Response limited = send(request(Method::kGet, "/v1/models/x"));
  EXPECT_EQ(limited.status, 429);
  EXPECT_THAT(text(limited), HasSubstr(R"("code":"rate_limit_exceeded")"));
  EXPECT_EQ(limited.headers.get("retry-after"), "1000");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(send(request(Method::kGet, "/health", {})).status, 200);
}

TEST_F(Routes, RefusesRoutesThatClash) {
  Route route;
  route.path = "/health";
  route.operation_id = "other";
  EXPECT_EQ(router->add(route).error().code(), Code::kConflict);
  route.path = "/fresh";
  route.operation_id = "op0";
  EXPECT_EQ(router->add(route).error().code(), Code::kConflict);
  route.operation_id = "fresh";
  for (auto member : {&Route::parameters, &Route::request_schema, &Route::response_schema}) {
    Route wrong = route;
    wrong.*member = R"({"format":"x"})";
    EXPECT_EQ(router->add(wrong).error().code(), Code::kInvalidArgument);
  }
}

TEST_F(Routes, RefusesTextsThatAModelsToolCannotHave) {
  Route route;
  route.path = "/fresh";
  for (const char* id : {"", "1a", "a b", "a.b", "größe"}) {
    route.operation_id = id;
    EXPECT_EQ(router->add(route).error().code(), Code::kInvalidArgument) << id;
  }
  route.operation_id = std::string(65, 'a');
  EXPECT_FALSE(router->add(route));
  route.operation_id = "good_Name-2";
  route.description = std::string(301, 'x');
  EXPECT_FALSE(router->add(route));
  route.description = std::string(300, 'x');
  EXPECT_TRUE(router->add(route));
}

TEST_F(Routes, ArgumentsAreCheckedBeforeTheHandler) {
  Route route;
  route.path = "/view/{path*}";
  route.operation_id = "view";
  route.parameters = R"({"type":"object","properties":{
    "path":{"type":"string"},"line":{"type":"integer","minimum":1,"default":1}}})";
  route.handler = [](Context&, Request& request) -> Task<Response> {
    co_return Response::json(200, request.arguments);
  };
  ASSERT_TRUE(router->add(route));
  Request good = request(Method::kGet, "/view/a/b");
  good.query = "line=7";
  EXPECT_EQ(text(send(std::move(good))), R"({"path":"a/b","line":7})");
  Request bad = request(Method::kGet, "/view/a/b");
  bad.query = "line=0";
  const Response refused = send(std::move(bad));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(text(refused), HasSubstr(R"("param":"line")"));
}

TEST_F(Routes, WhatTheClientKnowsIsNotSentAgain) {
  Route route;
  route.path = "/tagged";
  route.operation_id = "tagged";
  route.has_etag = true;
  route.handler = [](Context&, Request&) -> Task<Response> {
    Response response = Response::text(200, "text");
    response.headers.add("etag", "\"x\"");
    co_return response;
  };
  ASSERT_TRUE(router->add(route));
  EXPECT_EQ(send(request(Method::kGet, "/tagged")).status, 200);
  const Response known =
      send(request(Method::kGet, "/tagged", {{"authorization", "Bearer good"}, {"if-none-match", "\"x\""}}));
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.headers.get("etag"), "\"x\"");
}

TEST_F(Routes, AnyCredentialIsEnoughWhereNoScopeIsNamed) {
  const std::string dir = std::filesystem::temp_directory_path() / ("router_test_" + base::random_hex(6));
  const std::string token = TokenStore(dir).create("runner", {Scope::kExec}, 0)->token;
  router = std::make_unique<Router>(options(), std::make_shared<Authenticator>(Authenticator::Options(), dir));
  add(Method::kGet, "/auth/me", Family::kBridge, Scope::kAny);
  EXPECT_EQ(send(request(Method::kGet, "/auth/me", {})).status, 401);
  EXPECT_THAT(text(send(request(Method::kGet, "/auth/me", {}))), HasSubstr(R"("error":"unauthorized")"));
  EXPECT_EQ(send(request(Method::kGet, "/auth/me", {{"authorization", "Bearer " + token}})).status, 200);
  std::filesystem::remove_all(dir);
}

TEST_F(Routes, RejectUsesTheShapeOfThePath) {
  const base::Error error(Code::kTooLarge, "the head is too large");
  EXPECT_THAT(text(router->reject("/v1/messages", error)), HasSubstr("request_too_large"));
  EXPECT_THAT(text(router->reject("", error)), HasSubstr(R"("ok":false)"));
}

TEST(ErrorShape, StatusAndCodeOfEachFamily) {
  struct Case {
    Code code;
    const char* param;
    int openai, anthropic;
    const char* type;
    const char* openai_code;
  };
  const Case cases[] = {
      {Code::kInvalidArgument, "n", 400, 400, "invalid_request_error", "null"},
      {Code::kUnauthenticated, "", 401, 401, "authentication_error", "\"invalid_api_key\""},
      {Code::kPermissionDenied, "", 403, 403, "insufficient_permissions", "\"insufficient_scope\""},
      {Code::kNotFound, "model", 404, 404, "not_found", "\"model_not_found\""},
      {Code::kTooLarge, "", 413, 413, "invalid_request_error", "\"request_too_large\""},
      {Code::kTooLarge, "messages", 400, 400, "invalid_request_error", "\"context_length_exceeded\""},
      {Code::kRateLimited, "", 429, 429, "rate_limit_exceeded", "\"rate_limit_exceeded\""},
      {Code::kUnavailable, "", 503, 529, "server_error", "\"unavailable\""},
      {Code::kInternal, "", 500, 500, "server_error", "\"server_error\""},
  };
  for (const Case& one : cases) {
    const base::Error error(one.code, "message", "hint");
    const Response openai = error_response(Family::kOpenAi, error, one.param);
    EXPECT_EQ(openai.status, one.openai);
    EXPECT_THAT(std::get<std::string>(openai.body), HasSubstr(std::string("\"type\":\"") + one.type + "\""));
    EXPECT_THAT(std::get<std::string>(openai.body), HasSubstr(std::string("\"code\":") + one.openai_code));
    EXPECT_EQ(error_response(Family::kAnthropic, error, one.param).status, one.anthropic);
  }
  EXPECT_EQ(error_response(Family::kOpenAi, base::Error(Code::kRateLimited, "x")).headers.get("retry-after"), "1");
  EXPECT_EQ(error_response(Family::kOpenAi, base::Error(Code::kUnsupported, "x")).headers.get("x-should-retry"),
            "false");
}

TEST(ErrorShape, AnAnthropicErrorNamesItsRequest) {
  Response response =
      error_response(Family::kAnthropic, base::Error(Code::kInvalidArgument, "wrong", "mend it"), "tools");
  name_request(response, "a\"b");
  EXPECT_EQ(
      std::get<std::string>(response.body),
      R"({"type":"error","error":{"type":"invalid_request_error","message":"tools: wrong; mend it"},"request_id":"a\"b"})");
  EXPECT_EQ(response.headers.get("request-id"), "a\"b");
  EXPECT_EQ(response.headers.get("x-request-id"), "a\"b");

  Response other = error_response(Family::kOpenAi, base::Error(Code::kInvalidArgument, "wrong"));
  const std::string before = std::get<std::string>(other.body);
  name_request(other, "id");
  EXPECT_EQ(std::get<std::string>(other.body), before);
  EXPECT_FALSE(other.headers.get("request-id"));
}

TEST(ErrorShape, AnthropicsClientsKnowAPromptThatIsTooLongByItsWords) {
  const base::Error error = base::Error(Code::kTooLarge, "the prompt has about 9 tokens").with_field("messages");
  EXPECT_THAT(json::write(error_body(Family::kAnthropic, error)),
              HasSubstr("\"prompt is too long: the prompt has about 9"));
}

}  // namespace
}  // namespace promethean::http
