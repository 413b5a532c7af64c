// JSON Schema -> GBNF: a grammar whose every text is JSON that satisfies the schema.
//
// It may be narrower than the schema, never wider: members that are not declared are not written where some are, all of
// a tuple's items are, declared members come in the schema's order. What cannot be held is refused with its place, not
// left out: not, if, contains, uniqueItems, dependencies, patternProperties beside properties, multipleOf other than 1,
// oneOf whose alternatives may overlap, references out of the document, look-arounds in a pattern. Limits: 32 levels,
// 4,096 subschemas, 256 KiB of grammar. `format` is followed for dates, times, uuid, email, hostname, ipv4, ipv6 and
// uri, and says nothing otherwise, as the standard has it. Source: JSON Schema 2020-12 and draft 7.
#pragma once

#include <string>

#include "json/json.h"
#include "llm/local/grammar_rules.h"

namespace promethean::llm::local {

struct SchemaRule {
  std::string rule;
  size_t shortest = 0;  // bytes of the shortest text, near enough
};

// kInvalidArgument about a place beneath `field`, the schema's own place in the request.
base::Result<SchemaRule> schema_rule(const json::Value& schema, const std::string& field, GrammarRules& rules);

}  // namespace promethean::llm::local
