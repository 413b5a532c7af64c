// Tier-1 definitions: what a file defines and where, found by a hand-written scanner that needs no grammar and no
// build.
//
//   for (const Definition& d : scan_definitions(Language::kCpp, text)) ...
//
// Definitions come in the order of their start; an enclosing definition comes before what it encloses. Broken code
// gives fewer definitions, never an error. Lines are 1-based and inclusive, offsets are bytes into `text`.
// Threads: pure. Bounds: time and memory linear in the text; at most kMaxDefinitions a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/language.h"

namespace promethean::search {

// Stored as one byte: append only.
enum class DefinitionKind : uint8_t {
  kFunction,
  kMethod,
  kClass,
  kStruct,
  kInterface,
  kTrait,
  kEnum,
  kUnion,
  kType,
  kModule,
  kNamespace,
  kConstant,
  kVariable,
  kField,
  kMacro,
  kHeading,
  kTarget,
  kTable,
  kProperty,
  kConstructor,
  kImpl,
  kTest,
};
inline constexpr uint8_t kDefinitionKindCount = static_cast<uint8_t>(DefinitionKind::kTest) + 1;

std::string_view kind_name(DefinitionKind kind);  // "function", "class", ...
std::optional<DefinitionKind> parse_definition_kind(std::string_view name);
std::string definition_kinds();  // all names, for messages

struct Definition {
  std::string_view name;  // a view into the text that was scanned
  DefinitionKind kind = DefinitionKind::kFunction;
  int32_t parent = -1;      // position of the enclosing definition in the same list, -1 at top level
  uint32_t line = 0;        // where the name stands
  uint32_t start_line = 0;  // where the declaration starts, with its decorators, attributes and template head
  uint32_t end_line = 0;    // its closing brace, `end` or last statement
  uint32_t doc_line = 0;    // first line of the comment right above (or start_line when there is none)
  uint32_t signature_begin = 0;
  uint32_t signature_end = 0;  // the declaration up to its body, untrimmed; may span lines
  std::string_view
      receiver;  // the type an out-of-line method belongs to: "A" of `void A::f()`, "T" of Go's `func (t *T) f()`
};

inline constexpr size_t kMaxDefinitions = 200'000;

// How well a language is known: its definitions can be found, and its code told from comments and literals.
bool has_definitions(Language language);
bool has_lexer(Language language);

std::vector<Definition> scan_definitions(Language language, std::string_view text);

// "Outer.inner" names of what encloses definitions[index], with its receiver; joined by "::" in C++ and Rust, "."
// elsewhere.
std::string definition_scope(Language language, const std::vector<Definition>& definitions, size_t index);

// The signature on one line: white space folded, trimmed, at most `limit` bytes (cut at a character border).
std::string definition_signature(std::string_view text, const Definition& definition, size_t limit = 240);

}  // namespace promethean::search
