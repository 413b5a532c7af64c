// Which nodes of which grammar are definitions: data for the walker.
#pragma once

#include <tree_sitter/api.h>

#include <span>
#include <string_view>
#include <vector>

#include "search/definitions.h"

namespace promethean::search::syntax {

struct Rule {
  static constexpr uint8_t kNeedsBody = 1;    // only with a body, else it is a mention of the type
  static constexpr uint8_t kOuter = 2;        // not inside of functions: variables there are nobody's business
  static constexpr uint8_t kMember = 4;       // a function that is a method inside of a type
  static constexpr uint8_t kDeclarators = 8;  // one definition for each of its declarators (C, C++, Java)
  static constexpr uint8_t kNames = 16;       // one definition for each of its names (Go)
  static constexpr uint8_t kValue = 32;       // what it is depends on its value (JavaScript, TypeScript, Python)

  std::string_view type;
  DefinitionKind kind = DefinitionKind::kFunction;
  uint8_t flags = 0;
};

// A grammar with its rules by symbol. Made once, kept for ever.
class Grammar {
 public:
  Grammar(Language language, const TSLanguage* parser, std::span<const Rule> rules);
  Language language() const { return language_; }
  const TSLanguage* parser() const { return parser_; }
  const Rule* rule(TSSymbol symbol) const { return symbol < by_symbol_.size() ? by_symbol_[symbol] : nullptr; }

 private:
  Language language_;
  const TSLanguage* parser_;
  std::vector<const Rule*> by_symbol_;
};

// Null for a language without one. `path` tells .tsx from .ts.
const Grammar* grammar_of(Language language, std::string_view path);

}  // namespace promethean::search::syntax
