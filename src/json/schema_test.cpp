#include "json/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace promethean::json {
namespace {

using testing::HasSubstr;

constexpr std::string_view kChat = R"({
  "type": "object", "required": ["model", "messages"], "additionalProperties": false,
  "properties": {
    "model": {"type": "string", "minLength": 1},
    "messages": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/message"}},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "max_tokens": {"type": "integer", "exclusiveMinimum": 0},
    "stop": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 4}]},
    "stream": {"type": "boolean"}
  },
  "definitions": {
    "message": {"type": "object", "required": ["role"], "properties": {
      "role": {"enum": ["system", "user", "assistant", "tool"]},
      "content": {"oneOf": [{"type": "string"}, {"type": "null"}, {"type": "array", "items": {"$ref": "#/definitions/part"}}]}}},
    "part": {"type": "object", "required": ["type"], "properties": {"type": {"const": "text"}, "text": {"type": "string"}}}
  }})";

std::string violation(const Schema& schema, std::string_view document) {
  const auto found = schema.check(*parse(document));
  return found ? found->path + ": " + found->reason : "valid";
}

std::string chat(std::string_view document) {
  static const Schema schema = *Schema::compile(kChat);
  return violation(schema, document);
}

TEST(Schema, AcceptsWhatFits) {
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":null,"max_tokens":3.0})"),
            "valid");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"stop":["a"]})"),
            "valid");
}

TEST(Schema, NamesThePathAndTheReason) {
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"robot"}]})"),
            "messages[0].role: must be one of system, user, assistant, tool");
  EXPECT_EQ(chat(R"({"model":"m"})"), "messages: is required");
  EXPECT_EQ(chat(R"({"model":"m","messages":[]})"), "messages: must not be empty");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"},{"content":"x"}]})"), "messages[1].role: is required");
  EXPECT_EQ(chat(R"({"model":5,"messages":[{"role":"user"}]})"), "model: must be a string");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"temperature":3})"), "temperature: must be at most 2");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"temperature":"x"})"),
            "temperature: must be a number or null");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"max_tokens":0})"), "max_tokens: must be above 0");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"max_tokens":1.5})"),
            "max_tokens: must be a whole number");
  EXPECT_EQ(chat("[]"), ": must be an object");
}

TEST(Schema, SuggestsTheFieldThatWasMeant) {
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"temprature":1})"),
            "temprature: is not a known field, did you mean temperature?");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"a \"b\"":1})"),
            "[\"a \\\"b\\\"\"]: is not a known field");
}

TEST(Schema, OfSeveralFormsTheNearestOneIsExplained) {
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user","content":5}]})"),
            "messages[0].content: must be a string, an array or null");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user","content":[{"type":"text"},{"type":"image"}]}]})"),
            "messages[0].content[1].type: must be text");
  EXPECT_EQ(chat(R"({"model":"m","messages":[{"role":"user"}],"stop":["a","b","c","d","e"]})"),
            "stop: must have at most 4 items, has 5");
}

TEST(Schema, RefusesKeywordsItWouldIgnore) {
  for (const char* keyword : {"unevaluatedProperties", "pattern", "format", "if", "patternProperties", "contains",
                              "dependencies", "prefixItems", "nonsense"}) {
    const auto schema = Schema::compile(std::string("{\"properties\":{\"a\":{\"") + keyword + "\":{}}}}");
    ASSERT_FALSE(schema) << keyword;
    EXPECT_THAT(schema.error().message(), HasSubstr(keyword));
  }
}

TEST(Schema, RefusesMalformedSchemas) {
  for (const char* text :
       {"{", "5", R"({"type":"text"})", R"({"enum":[]})", R"({"required":"a"})", R"({"minLength":-1})",
        R"({"items":[{}]})", R"({"$ref":"#/definitions/none"})", R"({"$ref":"http://x/y"})", R"({"multipleOf":0})",
        R"({"anyOf":[]})", R"({"properties":5})", R"({"minimum":"1"})", R"({"uniqueItems":1})"}) {
    EXPECT_FALSE(Schema::compile(text)) << text;
  }
}

TEST(Schema, RefusesReferencesThatNeverEnd) {
  EXPECT_FALSE(Schema::compile(R"({"$ref":"#"})"));
  EXPECT_FALSE(Schema::compile(R"({"anyOf":[{"type":"string"},{"$ref":"#/definitions/a"}],
                                   "definitions":{"a":{"allOf":[{"$ref":"#"}]}}})"));
}

TEST(Schema, ARecursiveSchemaDescends) {
  const Schema tree = *Schema::compile(
      R"({"type":"object","required":["v"],"properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#"}}}})");
  EXPECT_EQ(violation(tree, R"({"v":1,"kids":[{"v":2,"kids":[]},{"v":3}]})"), "valid");
  EXPECT_EQ(violation(tree, R"({"v":1,"kids":[{"v":2,"kids":[{"v":"x"}]}]})"),
            "kids[0].kids[0].v: must be a whole number");
}

TEST(Schema, CountsCharactersNotBytes) {
  const Schema schema = *Schema::compile(R"({"maxLength":2})");
  EXPECT_EQ(violation(schema, "\"éé\""), "valid");
  EXPECT_EQ(violation(schema, "\"ééé\""), ": must have at most 2 characters, has 3");
}

// The twin: valijson decides the same questions by other code. The schemas and documents are small and drawn from few
// values, so that matches and near misses are frequent.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  Value document(int depth) {
    switch (pick(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return true;
      case 2:
        return static_cast<int>(pick(5)) - 1;
      case 3:
        return 1.5;
      case 4:
        return "a";
      case 5:
        return "bcd";
      case 6: {
        Array array;
        for (unsigned i = pick(4); i > 0; --i) array.push_back(document(depth - 1));
        return array;
      }
      default: {
        Object object;
        for (unsigned i = pick(4); i > 0; --i) object[name()] = document(depth - 1);
        return object;
      }
    }
  }

  Value schema(int depth) {
    Object out;
    for (unsigned i = 1 + pick(2); i > 0; --i) add_keyword(out, depth);
    return out;
  }

 private:
  void add_keyword(Object& out, int depth) {
    constexpr const char* kTypes[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    switch (pick(depth > 0 ? 20 : 13)) {
      case 0:
        out["type"] = kTypes[pick(7)];
        return;
      case 1:
        out["type"] = Array{kTypes[pick(3)], kTypes[3 + pick(4)]};
        return;
      case 2:
        out["enum"] = Array{document(1), document(0), document(1)};
        return;
      case 3:
        out["const"] = document(1);
        return;
      case 4:
        out["minimum"] = static_cast<int>(pick(3));
        return;
      case 5:
        out["exclusiveMaximum"] = static_cast<int>(pick(4));
        return;
      case 6:
        out["minLength"] = 2;
        return;
      case 7:
        out["maxItems"] = static_cast<int>(pick(3));
        return;
      case 8:
        out["minItems"] = static_cast<int>(pick(3));
        return;
      case 9:
        out["required"] = Array{name()};
        return;
      case 10:
        out["maxProperties"] = 2;
        return;
      case 11:
        out["uniqueItems"] = true;
        return;
      case 12:
        out["multipleOf"] = 2;
        return;
      case 13:
        out["items"] = schema(depth - 1);
        return;
      case 14:
        out["additionalProperties"] = false;
        return;
      case 15:
        out["additionalProperties"] = schema(depth - 1);
        return;
      case 16:
        out["not"] = schema(depth - 1);
        return;
      case 17:
        out["anyOf"] = Array{schema(depth - 1), schema(depth - 1)};
        return;
      case 18:
        out["oneOf"] = Array{schema(depth - 1), schema(depth - 1)};
        return;
      default:
        out["properties"] = Object{{"a", schema(depth - 1)}, {"b", schema(depth - 1)}};
        return;
    }
  }
  const char* name() {
    constexpr const char* kNames[] = {"a", "b", "c"};
    return kNames[pick(3)];
  }
  unsigned pick(size_t below) { return static_cast<unsigned>(random_() % below); }

  std::mt19937 random_;
};

bool twin_accepts(const Value& schema, const Value& document) {
  valijson::Schema compiled;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::BoostJsonAdapter(schema), compiled);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  return validator.validate(compiled, valijson::adapters::BoostJsonAdapter(document), nullptr);
}

TEST(SchemaTwin, AgreesWithValijson) {
  Draw draw(11);
  int valid = 0;
  for (int i = 0; i < 2'000; ++i) {
    const Value schema_document = draw.schema(3);
    const Schema schema = *Schema::compile(write(schema_document));
    for (int k = 0; k < 10; ++k) {
      const Value document = draw.document(3);
      const bool accepted = !schema.check(document);
      valid += accepted ? 1 : 0;
      EXPECT_EQ(accepted, twin_accepts(schema_document, document)) << write(schema_document) << "\n" << write(document);
    }
  }
  EXPECT_GT(valid, 2'000);
  EXPECT_LT(valid, 18'000);
}

}  // namespace
}  // namespace promethean::json
