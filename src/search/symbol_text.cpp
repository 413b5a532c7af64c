#include "search/symbol_text.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::search {

namespace {

constexpr int kCommentLines = 6;
constexpr uint32_t kHeadLines = 40;  // of a Python function's parameters
constexpr std::string_view kOpeners[] = {"/**", "/*", "///", "//!", "//", "\"\"\"", "'''",
                                         "##",  "#",  "--",  ";;",  "*",  "%",      "(*"};
constexpr std::string_view kClosers[] = {"*/", "\"\"\"", "'''", "*)"};

std::string_view without_marks(std::string_view line) {
  line = base::trim(line);
  for (const std::string_view closer : kClosers) {
    if (line.ends_with(closer)) line = base::trim(line.substr(0, line.size() - closer.size()));
  }
  for (const std::string_view opener : kOpeners) {
    if (!line.starts_with(opener)) continue;
    line.remove_prefix(opener.size());
    break;
  }
  return base::trim(line);
}

// The line of a Python docstring's beginning, 0 when there is none.
uint32_t docstring_line(const FileText& text, const DefinitionLines& d) {
  const uint32_t last = std::min(d.end_line, d.line + kHeadLines);
  bool head_ended = false;
  for (uint32_t line = d.line; line <= last; ++line) {
    const std::string_view row = base::trim(text.lines(line, line));
    if (head_ended && !row.empty()) {
      const size_t quote = row.find_first_of("\"'");
      return quote != std::string_view::npos && quote <= 2 && row.substr(quote).size() > 2 ? line : 0;
    }
    head_ended = head_ended || row.ends_with(':');
  }
  return 0;
}

}  // namespace

std::string line_text(const FileText& text, uint32_t line, size_t limit) {
  std::string_view row = text.lines(line, line);
  while (row.ends_with('\n') || row.ends_with('\r')) row.remove_suffix(1);
  if (row.size() > limit) {
    row = row.substr(0, limit);
    while (!row.empty() && (static_cast<unsigned char>(row.back()) & 0xC0) == 0x80) row.remove_suffix(1);
    if (!row.empty() && static_cast<unsigned char>(row.back()) >= 0xC0) row.remove_suffix(1);
  }
  return std::string(row);
}

std::string definition_comment(const FileText& text, Language language, const DefinitionLines& d) {
  uint32_t first = d.doc_line, end = d.start_line;  // [first, end)
  bool in_body = false;
  if (first >= end) {
    const uint32_t line = language == Language::kPython ? docstring_line(text, d) : 0;
    if (line == 0) return {};
    first = line, end = d.end_line + 1, in_body = true;
  }
  std::string out;
  int taken = 0;
  for (uint32_t line = first; line < end && taken < kCommentLines; ++line) {
    const std::string row = line_text(text, line);
    const std::string_view words = without_marks(row);
    const std::string_view written = base::trim(row);
    if (!words.empty()) {
      out.append(out.empty() ? "" : "\n").append(words);
      ++taken;
    }
    const bool closes = written.ends_with("\"\"\"") || written.ends_with("'''") || written.ends_with('"');
    if (in_body && closes && (line > first || written.size() > 6)) break;
  }
  return out;
}

std::string enclosing_name(const LexicalIndex& index, uint32_t file, uint32_t line) {
  const LexicalFileInfo info = index.file(file);
  std::optional<uint32_t> innermost;
  for (uint32_t i = 0; i < info.definition_count; ++i) {
    const LexicalDefinitionInfo d = index.definition(info.first_definition + i);
    if (d.start_line > line) break;  // they come in the order of their start
    if (d.end_line >= line) innermost = info.first_definition + i;
  }
  if (!innermost) return {};
  const std::string scope = index.scope(*innermost);
  const std::string name(index.definition(*innermost).name);
  return scope.empty() ? name : scope + std::string(scope_joint(info.file_class.language)) + name;
}

std::string_view scope_joint(Language language) {
  const bool colons = language == Language::kC || language == Language::kCpp || language == Language::kRust;
  return colons ? "::" : ".";
}

}  // namespace promethean::search
