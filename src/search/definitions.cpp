#include "search/definitions.h"

#include <algorithm>
#include <array>

#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

constexpr std::array<std::string_view, kDefinitionKindCount> kKindNames{
    "function", "method", "class",     "struct",      "interface", "trait", "enum",  "union",
    "type",     "module", "namespace", "constant",    "variable",  "field", "macro", "heading",
    "target",   "table",  "property",  "constructor", "impl",      "test"};

enum class Family { kNone, kC, kGo, kRust, kJava, kJavaScript, kPython, kKeywords, kBlocks, kLines };

Family family_of(Language language) {
  switch (language) {
    using enum Language;
    case kC:
    case kCpp:
    case kObjectiveC:
      return Family::kC;
    case kGo:
      return Family::kGo;
    case kRust:
      return Family::kRust;
    case kJava:
    case kCSharp:
      return Family::kJava;
    case kJavaScript:
    case kTypeScript:
    case kVue:
      return Family::kJavaScript;
    case kPython:
      return Family::kPython;
    case kKotlin:
    case kSwift:
    case kScala:
    case kPhp:
    case kZig:
    case kDart:
    case kPerl:
    case kGroovy:
    case kProto:
    case kGraphQl:
    case kShell:
    case kPowerShell:
    case kR:
      return Family::kKeywords;
    case kRuby:
    case kElixir:
    case kLua:
    case kJulia:
    case kCrystal:
    case kHaskell:
    case kOCaml:
    case kFSharp:
    case kNim:
    case kErlang:
    case kClojure:
      return Family::kBlocks;
    case kMarkdown:
    case kRst:
    case kMakefile:
    case kCMake:
    case kSql:
    case kDockerfile:
    case kVimScript:
    case kToml:
      return Family::kLines;
    default:
      return Family::kNone;
  }
}

void scan_family(Family family, Language language, const Tokens& tokens, DefinitionList* out) {
  switch (family) {
    case Family::kC:
      return scan_c(language, tokens, out);
    case Family::kGo:
      return scan_go(tokens, out);
    case Family::kRust:
      return scan_rust(tokens, out);
    case Family::kJava:
      return scan_java(language, tokens, out);
    case Family::kJavaScript:
      return scan_javascript(language, tokens, out);
    case Family::kPython:
      return scan_python(tokens, out);
    case Family::kKeywords:
      return scan_keywords(language, tokens, out);
    case Family::kBlocks:
      return scan_blocks(language, tokens, out);
    case Family::kNone:
    case Family::kLines:
      return;
  }
}

}  // namespace

std::string_view kind_name(DefinitionKind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kKindNames.size() ? kKindNames[index] : kKindNames[0];
}

std::optional<DefinitionKind> parse_definition_kind(std::string_view name) {
  const auto it = std::ranges::find(kKindNames, name);
  if (it == kKindNames.end()) return std::nullopt;
  return static_cast<DefinitionKind>(it - kKindNames.begin());
}

std::string definition_kinds() {
  std::string all;
  for (const std::string_view name : kKindNames) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

bool has_definitions(Language language) {
  return family_of(language) != Family::kNone;
}

bool has_lexer(Language language) {
  return has_definitions(language) && family_of(language) != Family::kLines;
}

std::vector<Definition> scan_definitions(Language language, std::string_view text) {
  const Family family = family_of(language);
  if (family == Family::kNone || text.size() >= UINT32_MAX) return {};
  if (family == Family::kLines) return scan_lines(language, text);
  const Tokens tokens = lex(language, text);
  DefinitionList list(tokens);
  scan_family(family, language, tokens, &list);
  return list.take();
}

std::string definition_scope(Language language, const std::vector<Definition>& definitions, size_t index) {
  const std::string_view joint =
      language == Language::kCpp || language == Language::kRust || language == Language::kC ? "::" : ".";
  std::string scope;
  const auto prepend = [&scope, joint](std::string_view name) {
    if (!name.empty()) scope = scope.empty() ? std::string(name) : std::string(name) + std::string(joint) + scope;
  };
  int32_t at = static_cast<int32_t>(index);
  for (int depth = 0; at >= 0 && static_cast<size_t>(at) < definitions.size() && depth < kMaxNesting; ++depth) {
    const Definition& d = definitions[static_cast<size_t>(at)];
    if (static_cast<size_t>(at) != index) prepend(d.name);
    prepend(d.receiver);
    at = d.parent;
  }
  return scope;
}

std::string definition_signature(std::string_view text, const Definition& definition, size_t limit) {
  if (definition.signature_end > text.size() || definition.signature_begin > definition.signature_end) return {};
  std::string out;
  for (char c : text.substr(definition.signature_begin, definition.signature_end - definition.signature_begin)) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out.push_back(space ? ' ' : c);
    if (out.size() >= limit) break;
  }
  while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80 && out.size() >= limit) out.pop_back();
  if (out.size() >= limit - 4 && !out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace promethean::search
