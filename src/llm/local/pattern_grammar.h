// A regular expression -> GBNF for the inside of a JSON string: what a `pattern` of JSON Schema lets through, with
// quotes, backslashes and line ends written as JSON writes them.
//
// The language is ECMA-262's without what needs more than a finite automaton or an eye on the neighbours: no
// backreferences, look-arounds, word boundaries, no anchors but at the ends of an alternative. Where the dialects of
// validators differ (what \W or \s is outside of ASCII) the grammar keeps to what all of them take: it may say less
// than the expression, never more.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "llm/local/grammar_rules.h"

namespace promethean::llm::local {

struct PatternRule {
  std::string rule;
  size_t least = 0;            // characters
  std::optional<size_t> most;  // unset: any number
};

// Without an anchor at an end, anything may stand there. kInvalidArgument says what cannot be expressed, kTooLarge for
// one nested deeper than 32 groups.
base::Result<PatternRule> pattern_rule(std::string_view pattern, GrammarRules& rules);

}  // namespace promethean::llm::local
