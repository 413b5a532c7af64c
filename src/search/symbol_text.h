// What answers about symbols show of a text: lines, windows, comments, enclosing definitions. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "search/content.h"
#include "search/definitions.h"
#include "search/lexical.h"

namespace promethean::search {

// One line without its newline, cut to `limit` bytes at a character border.
std::string line_text(const FileText& text, uint32_t line, size_t limit = 400);

// The comment that belongs to a definition: that above it, in Python what stands first in its body. Without the marks
// of a comment, at most six lines of it.
struct DefinitionLines {
  uint32_t line = 0, start_line = 0, end_line = 0, doc_line = 0;  // as in Definition
};
std::string definition_comment(const FileText& text, Language language, const DefinitionLines& definition);

// "Outer::inner" of the innermost definition of a file around a line; empty at top level.
std::string enclosing_name(const LexicalIndex& index, uint32_t file, uint32_t line);

// How names are joined in a language: "::" or ".".
std::string_view scope_joint(Language language);

}  // namespace promethean::search
