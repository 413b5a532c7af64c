#include <algorithm>
#include <cmath>

#include "json/schema.h"
#include "llm/local/pattern_grammar.h"
#include "llm/local/schema_merge.h"
#include "llm/local/schema_translator.h"

namespace promethean::llm::local {

namespace {

constexpr std::string_view kCharacter =
    R"([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" ([0-9a-cefA-CEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2})))";
constexpr std::string_view kNumber = R"("-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?)";

std::string_view pattern_of_format(std::string_view format) {
  constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
      {"date", R"(^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$)"},
      {"time", R"(^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$)"},
      {"date-time",
       R"(^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$)"},
      {"uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
      {"email",
       "^[A-Za-z0-9]{1,32}([._+-][A-Za-z0-9]{1,16}){0,4}@[A-Za-z0-9]{1,32}([.-][A-Za-z0-9]{1,16}){0,3}[.][A-Za-z]{2,8}"
       "$"},
      {"hostname", "^[a-z0-9]{1,32}([.-][a-z0-9]{1,16}){0,4}$"},
      {"ipv4", "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"},
      {"ipv6", "^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$"},
      {"uri",
       "^[a-z]{2,10}://[A-Za-z0-9]{1,64}([.-][A-Za-z0-9]{1,64}){0,8}(:[1-9][0-9]{1,3})?(/[A-Za-z0-9._~@-]{0,64}){0,16}"
       "([?][A-Za-z0-9._~=&+-]{0,128})?(#[A-Za-z0-9._~-]{0,64})?$"}};
  for (const auto& [name, pattern] : kFormats) {
    if (name == format) return pattern;
  }
  return {};
}

}  // namespace

std::string SchemaTranslator::character() {
  return rules_.add(std::string(kCharacter));
}

std::string SchemaTranslator::any_number() {
  return rules_.add(std::string(kNumber));
}

SchemaRule SchemaTranslator::any_text() {
  return {rules_.add("\"\\\"\" " + character() + "* \"\\\"\""), 2};
}

SchemaRule SchemaTranslator::constants(const json::Object& schema, const std::string& at) {
  json::Array values;
  if (const json::Value* one = schema.if_contains("const")) values = {*one};
  if (const json::Value* list = schema.if_contains("enum")) {
    if (!list->is_array()) return refuse(at, "enum is a list");
    const json::Array& listed = list->get_array();
    if (!schema.contains("const"))
      values = listed;
    else if (std::ranges::find(listed, values.front()) == listed.end())
      values.clear();
  }
  json::Object rest;
  for (const auto& [keyword, value] : schema_without(schema, {"const", "enum", "format"})) {
    if (!is_annotation(keyword)) rest[keyword] = value;
  }
  if (!rest.empty()) {
    const auto others = json::Schema::compile(json::write(rest));
    if (!others) return refuse(at, "beside constants: " + others.error().message());
    const auto spoilt =
        std::ranges::remove_if(values, [&](const auto& value) { return others->check(value).has_value(); });
    values.erase(spoilt.begin(), spoilt.end());
  }
  if (values.empty()) return refuse(at, "nothing satisfies it");
  std::vector<SchemaRule> rules;
  for (const json::Value& value : values) {
    const std::string written = json::write(value);
    rules.push_back({GrammarRules::literal(written), written.size()});
  }
  return either(rules);
}

std::optional<size_t> SchemaTranslator::count(const json::Object& schema, std::string_view keyword,
                                              const std::string& at) {
  const json::Value* given = schema.if_contains(keyword);
  if (given == nullptr) return std::nullopt;
  const auto value = json::int_at(schema, keyword);
  if (!value || *value < 0) {
    refuse(at, fmt::format("{} is a count", keyword));
    return std::nullopt;
  }
  constexpr int64_t kMost = 1 << 20;  // more than any answer has room for
  if (*value > kMost && keyword.starts_with("min")) refuse(at, fmt::format("{} is more than any answer has", keyword));
  return static_cast<size_t>(std::min(*value, kMost));
}

SchemaRule SchemaTranslator::text(const json::Object& schema, const std::string& at) {
  const json::Value* pattern = schema.if_contains("pattern");
  if (pattern != nullptr && !pattern->is_string()) return refuse(at, "pattern is a text");
  if (pattern != nullptr) return matching(pattern->get_string(), schema, at, false);
  const std::string_view format = pattern_of_format(json::string_at(schema, "format").value_or(""));
  if (!format.empty()) return matching(format, schema, at, true);
  const auto least = count(schema, "minLength", at);
  const auto most = count(schema, "maxLength", at);
  if (!least && !most) return any_text();
  if (most && *most < least.value_or(0)) return refuse(at, "maxLength is below minLength");
  return {rules_.add("\"\\\"\" " + rules_.repeat(character(), least.value_or(0), most) + " \"\\\"\""),
          least.value_or(0) + 2};
}

SchemaRule SchemaTranslator::matching(std::string_view pattern, const json::Object& schema, const std::string& at,
                                      bool may_ignore) {
  const auto rule = pattern_rule(pattern, rules_);
  if (!rule) return refuse(at, "pattern: " + rule.error().message());
  const size_t least = count(schema, "minLength", at).value_or(0);
  const auto most = count(schema, "maxLength", at);
  const bool fits = rule->least >= least && (!most || (rule->most && *rule->most <= *most));
  if (!fits && may_ignore) return text(schema_without(schema, {"format"}), at);
  if (!fits) return refuse(at, "the texts of the pattern may be shorter or longer than the lengths beside it");
  return {rules_.add("\"\\\"\" " + rule->rule + " \"\\\"\""), rule->least + 2};
}

std::optional<NumberRange> SchemaTranslator::range(const json::Object& schema, const std::string& at) {
  for (const std::string_view keyword : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
    const json::Value* value = schema.if_contains(keyword);
    if (value == nullptr || value->is_number() || (value->is_bool() && keyword.starts_with("exclusive"))) continue;
    refuse(at, fmt::format("{} is a number", keyword));
    return std::nullopt;
  }
  NumberRange out{json::number_at(schema, "minimum"), json::number_at(schema, "maximum")};
  // Draft 4 has booleans beside minimum and maximum.
  out.above = json::bool_at(schema, "exclusiveMinimum").value_or(false);
  out.below = json::bool_at(schema, "exclusiveMaximum").value_or(false);
  if (const auto bound = json::number_at(schema, "exclusiveMinimum"); bound && (!out.least || *bound >= *out.least))
    out.least = bound, out.above = true;
  if (const auto bound = json::number_at(schema, "exclusiveMaximum"); bound && (!out.most || *bound <= *out.most))
    out.most = bound, out.below = true;
  return out;
}

SchemaRule SchemaTranslator::integer(const json::Object& schema, const std::string& at) {
  if (const json::Value* step = schema.if_contains("multipleOf"); step != nullptr && *step != 1)
    return refuse(at, "multipleOf cannot be expressed as a grammar");
  const auto bounds = range(schema, at);
  if (!bounds) return {"\"\"", kEndless};
  constexpr double kFar = 9e18;
  const auto bound = [](std::optional<double> value, double inside, bool open, int step) -> std::optional<int64_t> {
    if (!value || std::abs(*value) > kFar) return std::nullopt;
    const auto whole = static_cast<int64_t>(inside);
    return open && static_cast<double>(whole) == *value ? whole + step : whole;
  };
  const auto least = bound(bounds->least, std::ceil(bounds->least.value_or(0)), bounds->above, 1);
  const auto most = bound(bounds->most, std::floor(bounds->most.value_or(0)), bounds->below, -1);
  std::string body = integer_grammar(least, most);
  const bool beyond = bounds->least.value_or(0) > kFar || bounds->most.value_or(0) < -kFar;
  if (body.empty() || beyond) return refuse(at, "there is no integer between its bounds");
  return {rules_.add(std::move(body)), 2};
}

SchemaRule SchemaTranslator::number(const json::Object& schema, const std::string& at) {
  if (schema.contains("multipleOf")) return integer(schema, at);
  const auto bounds = range(schema, at);
  if (!bounds) return {"\"\"", kEndless};
  if (!bounds->least && !bounds->most) return {any_number(), 1};
  std::string body = number_grammar(*bounds);
  if (body.empty()) return refuse(at, "there is no number between its bounds");
  return {rules_.add(std::move(body)), 2};
}

}  // namespace promethean::llm::local
