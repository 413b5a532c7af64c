#include "http/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"

namespace promethean::http {
namespace {

using testing::ElementsAre;

constexpr std::string_view kFindBody = R"({
  "title": "FindRequest", "type": "object", "required": ["q"],
  "properties": {"q": {"type": "string", "minLength": 1}, "n": {"type": "integer", "default": 10}}
})";
constexpr std::string_view kFound = R"({
  "type": "object", "required": ["hits"],
  "properties": {"hits": {"type": "array", "items": {"$ref": "#/$defs/Hit"}}},
  "$defs": {"Hit": {"type": "object", "properties": {
    "size": {"type": ["integer", "null"]}, "children": {"type": "array", "items": {"$ref": "#/$defs/Hit"}}}}}
})";
constexpr std::string_view kViewParameters = R"({
  "type": "object", "required": ["path"],
  "properties": {
    "path": {"type": "string", "description": "A file.", "examples": ["a.c"], "default": "."},
    "line": {"type": "integer", "description": "A line.", "minimum": 1, "default": 1}
  }
})";

class Document : public testing::Test {
 protected:
  Document() {
    options.title = "Test";
    options.version = "1";
    options.description = "What for.";
    options.server_url = "https://x.example";
    options.groups = {{"Repository", "Of the tree."}, {"Unused", ""}};
    Route find;
    find.method = Method::kPost;
    find.path = "/v1/find";
    find.operation_id = "find";
    find.summary = "Find";
    find.description = "When you look for something.";
    find.request_schema = kFindBody;
    find.response_schema = kFound;
    find.for_actions = true;
    add(find);
    find.path = "/find";
    find.operation_id = "findRoot";
    find.for_actions = false;
    add(find);
    Route view;
    view.path = "/v1/view/{path*}";
    view.operation_id = "view";
    view.summary = "View";
    view.parameters = kViewParameters;
    view.response_schema = kFound;
    view.has_etag = true;
    add(view);
    Route chat;
    chat.method = Method::kPost;
    chat.path = "/v1/chat";
    chat.operation_id = "chat";
    chat.family = Family::kOpenAi;
    chat.scope = Scope::kWrite;
    chat.streams = true;
    chat.request_schema = R"({"type": "object"})";
    add(chat);
    Route health;
    health.path = "/health";
    health.operation_id = "health";
    health.scope = Scope::kNone;
    health.response_type = "text/plain; charset=utf-8";
    add(health);
  }
  void add(Route route) { routes.push_back(std::make_unique<const Route>(std::move(route))); }

  json::Value document() {
    auto made = openapi_document(routes, options);
    EXPECT_TRUE(made) << made.error().message();
    return json::Value(std::move(*made));
  }
  // The text of what lies at a JSON pointer.
  static std::string at(const json::Value& document, std::string_view pointer) {
    boost::system::error_code ec;
    const json::Value* found = document.find_pointer(pointer, ec);
    return found == nullptr ? "nothing" : json::write(*found);
  }
  static std::vector<std::string> keys(const json::Value& document, std::string_view pointer) {
    std::vector<std::string> out;
    for (const auto& member : document.at_pointer(pointer).as_object()) out.emplace_back(member.key());
    return out;
  }

  std::vector<std::unique_ptr<const Route>> routes;
  OpenApiOptions options;
};

TEST_F(Document, HasEveryRoute) {
  const auto made = document();
  EXPECT_THAT(keys(made, "/paths"), ElementsAre("/v1/find", "/find", "/v1/view/{path}", "/v1/chat", "/health"));
  EXPECT_EQ(at(made, "/openapi"), R"("3.1.0")");
  EXPECT_EQ(at(made, "/servers"), R"([{"url":"https://x.example"}])");
  EXPECT_EQ(at(made, "/paths/~1v1~1find/post/description"), R"("When you look for something.")");
  EXPECT_EQ(at(made, "/paths/~1v1~1view~1{path}/get/description"), R"("View")");
}

TEST_F(Document, SharesSchemas) {
  const auto made = document();
  EXPECT_THAT(keys(made, "/components/schemas"),
              ElementsAre("FindRequest", "Hit", "FindResponse", "BridgeError", "OpenAIError"));
  const std::string request = R"({"$ref":"#/components/schemas/FindRequest"})";
  EXPECT_EQ(at(made, "/paths/~1v1~1find/post/requestBody/content/application~1json/schema"), request);
  EXPECT_EQ(at(made, "/paths/~1find/post/requestBody/content/application~1json/schema"), request);
  EXPECT_EQ(at(made, "/components/schemas/FindResponse/properties/hits/items"),
            R"({"$ref":"#/components/schemas/Hit"})");
  EXPECT_EQ(at(made, "/components/schemas/Hit/properties/children/items"), R"({"$ref":"#/components/schemas/Hit"})");
}

TEST_F(Document, DescribesParameters) {
  const auto made = document();
  const std::string place = "/paths/~1v1~1view~1{path}/get/parameters";
  EXPECT_EQ(at(made, place + "/0"), R"({"name":"path","in":"path","description":"A file.","required":true,)"
                                    R"("schema":{"type":"string","examples":["a.c"]}})");
  EXPECT_EQ(at(made, place + "/1"), R"({"name":"line","in":"query","description":"A line.","required":false,)"
                                    R"("schema":{"type":"integer","minimum":1,"default":1}})");
}

TEST_F(Document, SaysWhoMayAndWhatItChanges) {
  const auto made = document();
  EXPECT_EQ(at(made, "/security"), R"([{"bearerAuth":[]},{"piToken":[]},{"apiKey":[]}])");
  EXPECT_EQ(at(made, "/paths/~1health/get/security"), "[]");
  EXPECT_EQ(at(made, "/paths/~1v1~1chat/post/security"), "nothing");
  EXPECT_EQ(at(made, "/paths/~1v1~1chat/post/x-promethean-scope"), R"("write")");
  EXPECT_EQ(at(made, "/paths/~1v1~1chat/post/x-openai-isConsequential"), "true");
  EXPECT_EQ(at(made, "/paths/~1v1~1find/post/x-openai-isConsequential"), "false");
  options.secured = false;
  EXPECT_EQ(at(document(), "/security"), "nothing");
  EXPECT_EQ(at(document(), "/components/securitySchemes"), "nothing");
  options.secured = true;
  options.cookie = "sid";
  EXPECT_EQ(at(document(), "/components/securitySchemes/cookie"), R"({"type":"apiKey","in":"cookie","name":"sid"})");
}

TEST_F(Document, DescribesAnswers) {
  const auto made = document();
  EXPECT_THAT(keys(made, "/paths/~1v1~1find/post/responses"), ElementsAre("200", "400", "401", "403", "default"));
  EXPECT_THAT(keys(made, "/paths/~1v1~1view~1{path}/get/responses"),
              ElementsAre("200", "304", "400", "401", "403", "default"));
  EXPECT_THAT(keys(made, "/paths/~1health/get/responses"), ElementsAre("200", "default"));
  EXPECT_THAT(keys(made, "/paths/~1v1~1chat/post/responses/200/content"),
              ElementsAre("application/json", "text/event-stream"));
  EXPECT_THAT(keys(made, "/paths/~1health/get/responses/200/content"), ElementsAre("text/plain"));
  EXPECT_EQ(at(made, "/paths/~1v1~1chat/post/responses/401"), R"({"$ref":"#/components/responses/OpenAIError"})");
}

TEST_F(Document, OfActionsIsAPart) {
  options.actions = true;
  const auto made = document();
  EXPECT_THAT(keys(made, "/paths"), ElementsAre("/v1/find"));
  EXPECT_THAT(keys(made, "/components/schemas"), ElementsAre("FindRequest", "Hit", "FindResponse", "BridgeError"));
  EXPECT_EQ(at(made, "/security"), R"([{"bearerAuth":[]}])");
  EXPECT_EQ(at(made, "/tags"), R"([{"name":"Repository","description":"Of the tree."}])");
}

TEST_F(Document, SaysWhetherABodyIsNeeded) {
  EXPECT_EQ(at(document(), "/paths/~1v1~1find/post/requestBody/required"), "true");
  Route optional;
  optional.method = Method::kPost;
  optional.path = "/optional";
  optional.operation_id = "optional";
  optional.request_schema = R"({"type": "object"})";
  optional.body_optional = true;
  add(optional);
  EXPECT_EQ(at(document(), "/paths/~1optional/post/requestBody/required"), "false");
}

TEST_F(Document, IsTheSameEachTime) {
  EXPECT_EQ(json::write(document()), json::write(document()));
}

TEST_F(Document, RefusesTwoSchemasOfOneName) {
  Route other;
  other.path = "/other";
  other.operation_id = "other";
  other.response_schema = R"({"title": "FindRequest", "type": "object"})";
  add(other);
  const auto made = openapi_document(routes, options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), base::Code::kConflict);
  EXPECT_EQ(made.error().message(), "two schemas with the name FindRequest");
}

TEST_F(Document, OfThreeDotZeroHasItsSchemas) {
  auto made = *openapi_document(routes, options);
  to_openapi_30(made);
  const json::Value old(std::move(made));
  EXPECT_EQ(at(old, "/openapi"), R"("3.0.3")");
  EXPECT_EQ(at(old, "/components/schemas/Hit/properties/size"), R"({"type":"integer","nullable":true})");
  EXPECT_EQ(at(old, "/components/schemas/BridgeError/properties/ok"), R"({"enum":[false]})");
  EXPECT_EQ(at(old, "/paths/~1v1~1view~1{path}/get/parameters/0/schema"), R"({"type":"string","example":"a.c"})");
}

// A schema as a component, in the words of 3.0.
std::string in_30(std::string_view schema) {
  json::Object document{{"paths", json::Object()},
                        {"components", json::Object{{"responses", json::Object()},
                                                    {"schemas", json::Object{{"X", *json::parse(schema)}}}}}};
  to_openapi_30(document);
  return json::write(document["components"].at("schemas").at("X"));
}

TEST(OpenApi30, TranslatesWhatItDoesNotKnow) {
  EXPECT_EQ(in_30(R"({"const": 3})"), R"({"enum":[3]})");
  EXPECT_EQ(in_30(R"({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2})"),
            R"({"type":"number","exclusiveMinimum":true,"exclusiveMaximum":true,"minimum":0,"maximum":2})");
  EXPECT_EQ(in_30(R"({"type": ["string", "array", "null"], "maxItems": 4, "items": {"type": ["string", "null"]}})"),
            R"({"maxItems":4,"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string","nullable":true}},)"
            R"({"type":"string","nullable":true,"enum":[null]}]})");
  EXPECT_EQ(in_30(R"({"type": ["string", "array"], "anyOf": [{"minLength": 1}]})"),
            R"({"anyOf":[{"minLength":1}],"allOf":[{"anyOf":[{"type":"string"},{"type":"array","items":{}}]}]})");
  EXPECT_EQ(in_30(R"({"type": "array"})"), R"({"type":"array","items":{}})");
  EXPECT_EQ(in_30(R"({"type": "null"})"), R"({"type":"string","nullable":true,"enum":[null]})");
  EXPECT_EQ(in_30(R"({"properties": {"const": {"const": 1}, "a": true, "b": false}, "examples": [{"a": 1}]})"),
            R"({"properties":{"const":{"enum":[1]},"a":{},"b":{"not":{}}},"example":{"a":1}})");
  EXPECT_EQ(in_30(R"({"additionalProperties": false})"), R"({"additionalProperties":false})");
}

TEST(OpenApi, ErrorsAreAsDescribed) {
  const base::Error error = base::Error(base::Code::kInvalidArgument, "wrong", "mend it").with_field("n");
  for (const Family family : {Family::kOpenAi, Family::kAnthropic, Family::kOllama, Family::kBridge}) {
    const auto schema = json::Schema::compile(error_schema(family));
    ASSERT_TRUE(schema);
    EXPECT_FALSE(schema->check(error_body(family, error))) << json::write(error_body(family, error));
    EXPECT_TRUE(schema->check(json::Object{{"wrong", 1}}));
  }
}

}  // namespace
}  // namespace promethean::http
