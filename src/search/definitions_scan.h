// What the scanners of the language families share: the list they fill, and the families themselves.
//
// A scanner walks the tokens once and calls DefinitionList::add in source order, an enclosing definition before its
// members. Depth is bounded by kMaxNesting; beyond it things are skipped, not recursed into.
#pragma once

#include <string_view>
#include <vector>

#include "search/definitions.h"
#include "search/definitions_lexer.h"

namespace promethean::search {

inline constexpr int kMaxNesting = 100;
inline constexpr int kNoParent = -1;

// One declaration, as positions of tokens.
struct Found {
  DefinitionKind kind = DefinitionKind::kFunction;
  size_t name = 0;
  size_t first = 0;  // where the declaration starts
  size_t body = 0;   // where its signature ends (exclusive): '{', '=', ';', ...
  size_t last = 0;   // its last token
  int parent = kNoParent;
  std::string_view receiver = {};
  std::string_view name_text = {};  // when the name is not exactly the token
};

class DefinitionList {
 public:
  explicit DefinitionList(const Tokens& tokens) : tokens_(tokens) {}

  // Returns its position, to be the parent of what it encloses; kNoParent when the file's bound is reached.
  int add(const Found& found);

  // The end of a definition that was added before its end was known.
  void set_last(int position, size_t last_token);
  void set_end_line(int position, uint32_t line);

  DefinitionKind kind(int position) const { return list_[static_cast<size_t>(position)].kind; }
  std::string_view name(int position) const { return list_[static_cast<size_t>(position)].name; }

  // Puts everything in order of start and fills in doc comments.
  std::vector<Definition> take();

 private:
  void attach_comments();
  const Tokens& tokens_;
  std::vector<Definition> list_;
};

// First token behind a balanced <...> that opens at `i`; i + 1 when it does not look like one.
size_t skip_angles(const Tokens& tokens, size_t i);

// The last token of the bracket that opens at `i`, or the last of the file.
size_t partner(const Tokens& tokens, size_t i);

// The last token of the line-oriented block that token `i` (first on its line) opens: everything indented deeper, and
// a closer (`end`, `}`, ...) or continuation (`else`, `rescue`, ...) at the same column.
size_t indented_block_end(const Tokens& tokens, size_t i);
uint32_t column(const Tokens& tokens, size_t i);  // of the first token of i's line; tabs count as 8

void scan_c(Language language, const Tokens& tokens, DefinitionList* out);
void scan_go(const Tokens& tokens, DefinitionList* out);
void scan_rust(const Tokens& tokens, DefinitionList* out);
void scan_java(Language language, const Tokens& tokens, DefinitionList* out);        // Java, C#
void scan_javascript(Language language, const Tokens& tokens, DefinitionList* out);  // with TypeScript
void scan_python(const Tokens& tokens, DefinitionList* out);
void scan_keywords(Language language, const Tokens& tokens,
                   DefinitionList* out);                                         // Kotlin, Swift, Scala, PHP, Zig, ...
void scan_blocks(Language language, const Tokens& tokens, DefinitionList* out);  // Ruby, Elixir, Lua, Julia, ...
std::vector<Definition> scan_lines(Language language, std::string_view text);    // Markdown, Makefile, CMake, SQL, ...

}  // namespace promethean::search
