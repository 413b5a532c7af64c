// A JSON Schema: translating it into a grammar ends, says where it refuses, and keeps to its limits.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "llm/local/schema_grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const auto schema = json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!schema) return 0;
  llm::local::GrammarRules rules;
  const auto rule = llm::local::schema_rule(*schema, "schema", rules);
  if (!rule) {
    CHECK(!rule.error().message().empty());
    CHECK(rule.error().field().starts_with("schema"));
    return 0;
  }
  CHECK(!rules.too_large());
  CHECK(rules.text(rule->rule).starts_with("root ::= "));
  return 0;
}
