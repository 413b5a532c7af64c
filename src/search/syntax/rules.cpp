#include "search/syntax/rules.h"

#include "base/check.h"

extern "C" {
const TSLanguage* tree_sitter_c();
const TSLanguage* tree_sitter_cpp();
const TSLanguage* tree_sitter_go();
const TSLanguage* tree_sitter_java();
const TSLanguage* tree_sitter_javascript();
const TSLanguage* tree_sitter_python();
const TSLanguage* tree_sitter_rust();
const TSLanguage* tree_sitter_typescript();
const TSLanguage* tree_sitter_tsx();
}

namespace promethean::search::syntax {

namespace {

using enum DefinitionKind;

constexpr Rule kCRules[] = {
    {"function_definition", kFunction, Rule::kMember},
    {"struct_specifier", kStruct, Rule::kNeedsBody},
    {"union_specifier", kUnion, Rule::kNeedsBody},
    {"enum_specifier", kEnum, Rule::kNeedsBody},
    {"class_specifier", kClass, Rule::kNeedsBody},
    {"enumerator", kConstant, 0},
    {"field_declaration", kField, Rule::kDeclarators},
    {"declaration", kVariable, Rule::kOuter | Rule::kDeclarators},
    {"type_definition", kType, Rule::kDeclarators},
    {"alias_declaration", kType, 0},
    {"concept_definition", kType, 0},
    {"namespace_definition", kNamespace, 0},
    {"preproc_def", kMacro, 0},
    {"preproc_function_def", kMacro, 0},
};

constexpr Rule kGoRules[] = {
    {"function_declaration", kFunction, 0},
    {"method_declaration", kMethod, 0},
    {"method_elem", kMethod, 0},
    {"type_spec", kType, 0},
    {"type_alias", kType, 0},
    {"field_declaration", kField, Rule::kNames},
    {"const_spec", kConstant, Rule::kOuter | Rule::kNames},
    {"var_spec", kVariable, Rule::kOuter | Rule::kNames},
};

constexpr Rule kJavaRules[] = {
    {"class_declaration", kClass, 0},
    {"record_declaration", kClass, 0},
    {"interface_declaration", kInterface, 0},
    {"annotation_type_declaration", kInterface, 0},
    {"enum_declaration", kEnum, 0},
    {"enum_constant", kConstant, 0},
    {"method_declaration", kMethod, 0},
    {"annotation_type_element_declaration", kMethod, 0},
    {"constructor_declaration", kConstructor, 0},
    {"compact_constructor_declaration", kConstructor, 0},
    {"field_declaration", kField, Rule::kDeclarators},
    {"constant_declaration", kConstant, Rule::kDeclarators},
};

constexpr Rule kJavaScriptRules[] = {
    {"function_declaration", kFunction, 0},
    {"generator_function_declaration", kFunction, 0},
    {"function_signature", kFunction, 0},
    {"class_declaration", kClass, 0},
    {"abstract_class_declaration", kClass, 0},
    {"interface_declaration", kInterface, 0},
    {"enum_declaration", kEnum, 0},
    {"type_alias_declaration", kType, 0},
    {"internal_module", kNamespace, 0},
    {"module", kModule, 0},
    {"method_definition", kMethod, 0},
    {"method_signature", kMethod, 0},
    {"abstract_method_signature", kMethod, 0},
    {"property_signature", kProperty, 0},
    {"public_field_definition", kProperty, Rule::kValue},
    {"field_definition", kProperty, Rule::kValue},
    {"variable_declarator", kVariable, Rule::kOuter | Rule::kValue},
    {"assignment_expression", kVariable, Rule::kValue},
};

constexpr Rule kPythonRules[] = {
    {"function_definition", kFunction, Rule::kMember},
    {"class_definition", kClass, 0},
    {"assignment", kVariable, Rule::kOuter | Rule::kValue},
};

constexpr Rule kRustRules[] = {
    {"function_item", kFunction, Rule::kMember},
    {"function_signature_item", kFunction, Rule::kMember},
    {"struct_item", kStruct, 0},
    {"union_item", kUnion, 0},
    {"enum_item", kEnum, 0},
    {"enum_variant", kConstant, 0},
    {"field_declaration", kField, 0},
    {"trait_item", kTrait, 0},
    {"impl_item", kImpl, 0},
    {"mod_item", kModule, 0},
    {"const_item", kConstant, Rule::kOuter},
    {"static_item", kVariable, Rule::kOuter},
    {"type_item", kType, 0},
    {"macro_definition", kMacro, 0},
};

}  // namespace

Grammar::Grammar(Language language, const TSLanguage* parser, std::span<const Rule> rules)
    : language_(language), parser_(parser), by_symbol_(ts_language_symbol_count(parser), nullptr) {
  const uint32_t version = ts_language_version(parser);
  CHECK(version >= TREE_SITTER_MIN_COMPATIBLE_LANGUAGE_VERSION && version <= TREE_SITTER_LANGUAGE_VERSION);
  for (uint32_t symbol = 0; symbol < by_symbol_.size(); ++symbol) {
    const auto number = static_cast<TSSymbol>(symbol);
    if (ts_language_symbol_type(parser, number) != TSSymbolTypeRegular) continue;
    const std::string_view name = ts_language_symbol_name(parser, number);
    for (const Rule& rule : rules) {
      if (rule.type == name) by_symbol_[symbol] = &rule;
    }
  }
}

const Grammar* grammar_of(Language language, std::string_view path) {
  switch (language) {
    case Language::kC: {
      static const Grammar grammar(Language::kC, tree_sitter_c(), kCRules);
      return &grammar;
    }
    case Language::kCpp: {
      static const Grammar grammar(Language::kCpp, tree_sitter_cpp(), kCRules);
      return &grammar;
    }
    case Language::kGo: {
      static const Grammar grammar(Language::kGo, tree_sitter_go(), kGoRules);
      return &grammar;
    }
    case Language::kJava: {
      static const Grammar grammar(Language::kJava, tree_sitter_java(), kJavaRules);
      return &grammar;
    }
    case Language::kJavaScript: {
      static const Grammar grammar(Language::kJavaScript, tree_sitter_javascript(), kJavaScriptRules);
      return &grammar;
    }
    case Language::kTypeScript: {
      static const Grammar plain(Language::kTypeScript, tree_sitter_typescript(), kJavaScriptRules);
      static const Grammar with_tags(Language::kTypeScript, tree_sitter_tsx(), kJavaScriptRules);
      return path.ends_with(".tsx") ? &with_tags : &plain;
    }
    case Language::kPython: {
      static const Grammar grammar(Language::kPython, tree_sitter_python(), kPythonRules);
      return &grammar;
    }
    case Language::kRust: {
      static const Grammar grammar(Language::kRust, tree_sitter_rust(), kRustRules);
      return &grammar;
    }
    default:
      return nullptr;
  }
}

}  // namespace promethean::search::syntax
