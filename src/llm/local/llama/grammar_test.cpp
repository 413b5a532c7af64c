// Grammars of schemas and patterns, with the engine that follows them; a validator that knows nothing of grammars looks
// at what comes out.
#include "llm/local/llama/grammar_testing.h"

namespace promethean::llm::local {
namespace {

using testing::HasSubstr;

struct Case {
  const char* schema;
  std::vector<const char*> yes;
  std::vector<const char*> no;
};

TEST_F(GrammarTest, TakesWhatSatisfiesTheSchemaAndNothingElse) {
  const std::vector<Case> cases = {
      {R"({"type": "string", "minLength": 2, "maxLength": 3})",
       {R"("ab")", R"("éab")", R"("\n\"")"},
       {R"("a")", R"("abcd")", "\"a\nb\""}},
      {R"({"type": "string", "maxLength": 1000})", {R"("")", R"("abc")"}, {"abc"}},
      {R"({"enum": ["a", 1, null, {"b": [true]}]})", {R"("a")", "1", "null", R"({"b":[true]})"}, {R"("b")", "true"}},
      {R"({"type": "string", "enum": ["a", 1]})", {R"("a")"}, {"1"}},
      {R"({"const": "x\ny"})", {R"("x\ny")"}, {R"("x")"}},
      {R"({"type": "integer", "minimum": -3, "exclusiveMaximum": 12})",
       {"-3", "-1", "0", "7", "11"},
       {"-4", "12", "01", "1.5", "-0"}},
      {R"({"type": "integer", "minimum": 95, "maximum": 1203})",
       {"95", "99", "100", "987", "1203"},
       {"94", "1204", "9"}},
      {R"({"type": "integer", "minimum": 0.5})", {"1", "100000"}, {"0", "-1"}},
      {R"({"type": "number", "minimum": 0, "maximum": 2})",
       {"0", "0.7", "1.999", "2", "2.0", "0.000001"},
       {"2.1", "-0.1", "2.001", "3", ".5"}},
      {R"({"type": "number", "exclusiveMinimum": 0.1, "maximum": 0.25})",
       {"0.2", "0.25", "0.101"},
       {"0.1", "0.10", "0.3", "0"}},
      {R"({"type": "number", "minimum": -90, "maximum": 90})", {"-90", "59.913869", "-0.5", "0"}, {"90.1", "-91"}},
      {R"({"type": "number"})", {"1", "-2.5e3", "0.1"}, {"+1", "1.", "01"}},
      {R"({"type": ["integer", "null"]})", {"3", "null"}, {"\"3\""}},
      {R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})",
       {"[true]", "[true, false]"},
       {"[]", "[true,true,true]", "[1]"}},
      {R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false, "minItems": 2})",
       {R"(["a", 1])"},
       {R"(["a"])", R"(["a",1,2])"}},
      {R"({"type": "object", "required": ["b"], "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}, "c": {"type": "null"}}})",
       {R"({"b":true})", R"({"a": 1, "b": false})", R"({"a":1,"b":true,"c":null})", R"({"b":true,"c":null})"},
       {"{}", R"({"a":1})", R"({"b":true,"d":1})", R"({"b":true,})"}},
      {R"({"type": "object", "properties": {"a": {}, "b": {}}})",
       {"{}", R"({"a":[1,{"x":"y"}]})", R"({"b":2})"},
       {R"({"c":1})"}},
      {R"({"type": "object", "additionalProperties": {"type": "integer"}})",
       {"{}", R"({"x":1,"y":2})"},
       {R"({"x":"1"})"}},
      {R"({"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}, "additionalProperties": {"type": "integer"}})",
       {R"({"ab":1})"},
       {R"({"A":1})"}},
      {R"({"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": false})",
       {R"({"x1":1})"},
       {R"({"y":1})"}},
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "minProperties": 1})",
       {R"({"a":1})"},
       {"{}"}},
      {R"({"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 1}]})", {"1", R"("a")"}, {R"("ab")"}},
      {R"({"oneOf": [{"type": "object", "required": ["k"], "properties": {"k": {"const": "a"}}},
                     {"type": "object", "required": ["k", "n"], "properties": {"k": {"const": "b"}, "n": {"type": "integer"}}}]})",
       {R"({"k":"a"})", R"({"k":"b","n":1})"},
       {R"({"k":"b"})", R"({"k":"c"})"}},
      {R"({"type": "object", "properties": {"a": {"type": "integer"}}, "anyOf": [{"required": ["a"]}]})",
       {R"({"a":1})"},
       {"{}"}},
      {R"({"allOf": [{"$ref": "#/$defs/p"}, {"properties": {"a": {"maximum": 5}}}], "$defs": {"p": {"type": "object",
          "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 3}}}}})",
       {R"({"a":4})"},
       {R"({"a":6})", R"({"a":2})", "{}"}},
      {R"({"$ref": "#/definitions/tree", "definitions": {"tree": {"type": "object", "required": ["v"], "properties":
          {"v": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#/definitions/tree"}}}}}})",
       {R"({"v":1})", R"({"v":1,"kids":[{"v":2,"kids":[]}]})"},
       {R"({"kids":[]})", R"({"v":1,"kids":[1]})"}},
      {R"({"type": "string", "format": "date"})", {R"("2024-02-28")"}, {R"("2024-13-01")", R"("today")"}},
      {R"({"type": "string", "format": "ipv4"})", {R"("192.168.0.255")"}, {R"("256.1.1.1")"}},
      {R"({"type": "string", "format": "email", "maxLength": 3})", {R"("abc")"}, {R"("abcd")"}},
      {R"({"type": "string", "format": "no-such-format"})", {R"("x")"}, {"1"}},
      {R"({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}})", {"[]", "[[1],[]]"}, {"[1]"}},
      {"true", {"1", R"({"a":[null]})", R"("x")"}, {"", "x"}},
      {R"({"description": "anything"})", {"[1]"}, {"["}},
      {R"({"type": "object", "required": ["x"], "additionalProperties": true})", {R"({"x":1})"}, {"{}"}},
  };
  for (const Case& one : cases) {
    const std::string rules = grammar(one.schema);
    for (const char* text : one.yes)
      EXPECT_TRUE(accepts(rules, text)) << text << " for " << one.schema << "\n" << rules;
    for (const char* text : one.no) EXPECT_FALSE(accepts(rules, text)) << text << " for " << one.schema;
  }
}

TEST_F(GrammarTest, RefusesWhatItCannotHoldAndSaysWhere) {
  EXPECT_THAT(refusal(R"({"properties": {"a": {"items": {"not": {}}}}})"), HasSubstr("schema.properties.a.items: "));
  for (const char* schema :
       {R"({"if": {}, "then": {}})",
        R"({"type": "array", "contains": {}})",
        R"({"type": "array", "uniqueItems": true})",
        R"({"type": "integer", "multipleOf": 3})",
        R"({"type": "wish"})",
        R"({"$ref": "other.json"})",
        R"({"$ref": "#/$defs/x"})",
        R"({"$ref": "#"})",
        R"({"anyOf": [{"$ref": "#"}, {"type": "null"}]})",
        R"({"oneOf": [{"type": "number"}, {"type": "integer"}]})",
        R"({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}})",
        R"({"type": "integer", "minimum": 3, "maximum": 2})",
        R"({"type": "string", "pattern": "(?=a)b"})",
        R"({"type": "string", "pattern": "^a{2}$", "minLength": 3})",
        R"({"enum": []})",
        R"({"enum": ["a"], "type": "integer"})",
        R"({"type": "object", "required": ["a"], "properties": {}, "additionalProperties": false})",
        R"({"allOf": [{"type": "string"}, {"type": "integer"}]})",
        R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}]})",
        "false",
        "5",
        R"({"type": "object", "properties": {"a": {}}, "patternProperties": {"a": {}}})",
        R"({"properties": 5})",
        R"({"minItems": -1})",
        R"({"dependentRequired": {"a": ["b"]}})",
        R"({"type": "object", "minProperties": 2})"})
    EXPECT_NE(refusal(schema), "accepted") << schema;
}

TEST_F(GrammarTest, HasLimits) {
  std::string deep = R"({"type": "integer"})";
  for (int i = 0; i < 40; ++i) deep = R"({"type": "array", "items": )" + deep + "}";
  EXPECT_THAT(refusal(deep), HasSubstr("nested deeper than 32"));
  json::Object properties;
  for (int i = 0; i < 5000; ++i) properties["p" + std::to_string(i)] = json::Object{{"type", "integer"}};
  EXPECT_THAT(refusal(json::write(json::Object{{"properties", properties}})), HasSubstr("too large"));
  // Doubles with every level.
  std::string wide = R"({"type": "integer"})";
  for (int i = 0; i < 14; ++i) wide = R"({"anyOf": [)" + wide + "," + wide + "]}";
  EXPECT_THAT(refusal(wide), HasSubstr("too large"));
}

TEST_F(GrammarTest, SpellsPatternsAsJsonDoes) {
  struct Pattern {
    const char* expression;
    std::vector<const char*> yes;
    std::vector<const char*> no;
  };
  const std::vector<Pattern> cases = {
      {"^a.c$", {"abc", R"(a\"c)", R"(a\\c)"}, {"a\"c", "ac", R"(a\nc)"}},
      {"^[^a]$", {"b", R"(\n)", R"(\")"}, {"a", "\"", "bb"}},
      {R"(^[^\s\w]$)", {"!"}, {"\u00a0", "é", "_"}},
      {R"(^\d{3}-\w+$)", {"123-ab_1"}, {"12-a", "123-"}},
      {"^(foo|ba[rz]){1,2}$", {"foo", "barbaz"}, {"ba", "foofoofoo"}},
      {"^a$|^b$", {"a", "b"}, {"ab"}},
      {"b", {"b", "abc"}, {"ac"}},
      {R"(^\S+$)", {"abc"}, {"a c", ""}},
      {R"(^[A-Z\-\]]+$)", {"A-]"}, {"a"}},
      {R"(^a\.b\/c$)", {"a.b/c"}, {"axb/c"}},
      {"^x{2}y{1,}z{0,3}$", {"xxy", "xxyyzzz"}, {"xy", "xxyzzzz"}},
      {"^a{b$", {"a{b"}, {"ab"}},
      {R"(^[\u00e0-\u00ff]$)", {"é"}, {"e"}},
      {"^(?:a)(?<name>b)?$", {"a", "ab"}, {"b"}},
      {R"(^\t$)", {R"(\t)"}, {"\t"}},
      {"^é+?$", {"éé"}, {"e"}},
  };
  for (const auto& one : cases) {
    const std::string rules = pattern(one.expression);
    ASSERT_THAT(rules, testing::StartsWith("root")) << one.expression;
    for (const char* text : one.yes)
      EXPECT_TRUE(accepts(rules, text)) << text << " for " << one.expression << "\n" << rules;
    for (const char* text : one.no) EXPECT_FALSE(accepts(rules, text)) << text << " for " << one.expression;
  }
  for (const char* expression :
       {"(a", "a)", "[a", "a**", "*a", R"(\1)", R"(\bword\b)", "(?!a)b", "(?<=a)b", "(a*)*", "a^b", "[b-a]", "a{3,2}",
        R"(\p{Greek})", "\\", "a{99999}", "^[^\\s\\S]$", "((((a{9999}){9999}){9999}){9999})"})
    EXPECT_THAT(pattern(expression), testing::StartsWith("refused")) << expression;
}

TEST_F(GrammarTest, InventsOnlyWhatAValidatorTakes) {
  const std::vector<const char*> schemas = {
      R"({"type": "object", "required": ["city"], "properties": {"city": {"type": "string", "minLength": 1, "maxLength": 4},
          "days": {"type": "integer", "minimum": 1, "maximum": 14}, "unit": {"enum": ["c", "f"]}}, "additionalProperties": false})",
      R"({"type": "number", "minimum": -1.5, "exclusiveMaximum": 0.25})",
      R"({"type": "integer", "exclusiveMinimum": -1000, "maximum": 87654})",
      R"({"type": "array", "items": {"type": "number", "minimum": 0.001, "maximum": 0.002}, "minItems": 1, "maxItems": 3})",
      R"({"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 2})",
      R"({"anyOf": [{"type": "null"}, {"type": "array", "items": {}, "maxItems": 2}]})"};
  std::mt19937 random(7);
  for (const char* schema : schemas) {
    const auto validator = json::Schema::compile(schema);
    ASSERT_TRUE(validator) << validator.error().message();
    const std::string rules = grammar(schema);
    int whole = 0;
    for (int i = 0; i < 12; ++i) {
      const std::string text = invent(rules, random);
      if (text.empty()) continue;
      ++whole;
      const auto value = json::parse(text);
      ASSERT_TRUE(value) << text << " for " << schema;
      const auto wrong = validator->check(*value);
      EXPECT_FALSE(wrong) << text << ": " << (wrong ? wrong->path + " " + wrong->reason : "") << " for " << schema;
    }
    EXPECT_GT(whole, 0) << schema;
  }
}

TEST_F(GrammarTest, InventsTextsThatMatchTheirPattern) {
  const auto all = [](std::string_view text, std::string_view of) {
    return text.find_first_not_of(of) == std::string_view::npos;
  };
  using Fits = std::function<bool(std::string_view)>;
  const std::vector<std::pair<const char*, Fits>> cases = {
      {R"(^[AB]{2,3}-\d+$)",
       [&](std::string_view text) {
         const size_t dash = text.find('-');
         return (dash == 2 || dash == 3) && all(text.substr(0, dash), "AB") && text.size() > dash + 1 &&
                all(text.substr(dash + 1), "0123456789");
       }},
      {R"(^(a|bc)*["0-9\\]$)", [&](std::string_view text) {
         return !text.empty() && all(text.substr(text.size() - 1), "\"\\0123456789") &&
                all(text.substr(0, text.size() - 1), "abc");
       }}};
  std::mt19937 random(11);
  for (const auto& [expression, fits] : cases) {
    int whole = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string text = invent(pattern(expression), random);
      if (text.empty()) continue;
      ++whole;
      const auto value = json::parse("\"" + text + "\"");
      ASSERT_TRUE(value) << text << " for " << expression;
      EXPECT_TRUE(fits(value->as_string())) << text << " for " << expression;
    }
    EXPECT_GT(whole, 0) << expression;
  }
}

}  // namespace
}  // namespace promethean::llm::local
