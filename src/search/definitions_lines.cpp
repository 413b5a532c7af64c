// Formats where a line tells everything: Markdown and reStructuredText headings, Makefile and CMake targets, SQL
// objects, Dockerfile stages, TOML tables, Vim functions.
#include <algorithm>

#include "base/strings.h"
#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

struct Line {
  std::string_view text;  // without its newline
  uint32_t number;
  uint32_t begin;
};

std::vector<Line> split_lines(std::string_view text) {
  std::vector<Line> lines;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = text.find('\n', at);
    if (end == std::string_view::npos) end = text.size();
    lines.push_back({text.substr(at, end - at), static_cast<uint32_t>(lines.size() + 1), static_cast<uint32_t>(at)});
    at = end + 1;
  }
  return lines;
}

class LineScanner {
 public:
  LineScanner(Language language, std::string_view text) : language_(language), lines_(split_lines(text)) {}

  std::vector<Definition> run() {
    for (at_ = 0; at_ < lines_.size() && out_.size() < kMaxDefinitions; ++at_) line(lines_[at_]);
    if (!lines_.empty()) close(0, lines_.back().number);
    return std::move(out_);
  }

 private:
  void line(const Line& line) {
    switch (language_) {
      case Language::kMarkdown:
        return markdown(line);
      case Language::kRst:
        return rst(line);
      case Language::kMakefile:
        return makefile(line);
      case Language::kCMake:
        return cmake(line);
      case Language::kSql:
        return sql(line);
      case Language::kDockerfile:
        return keyword(line, "FROM ", " AS ", DefinitionKind::kTarget);
      case Language::kToml:
        return toml(line);
      case Language::kVimScript:
        return vim(line);
      default:
        return;
    }
  }

  // Sections end where one of the same or a higher level starts.
  void close(int level, uint32_t last_line) {
    while (!open_.empty() && open_.back().level >= level) {
      out_[open_.back().position].end_line = last_line;
      open_.pop_back();
    }
  }

  void section(const Line& line, std::string_view name, int level, DefinitionKind kind) {
    name = base::trim(name);
    if (name.empty()) return;
    close(level, line.number > 1 ? line.number - 1 : 1);
    const int parent = open_.empty() ? kNoParent : static_cast<int>(open_.back().position);
    add(line, name, kind, parent);
    open_.push_back({out_.size() - 1, level});
  }

  void add(const Line& line, std::string_view name, DefinitionKind kind, int parent) {
    Definition d;
    d.name = name;
    d.kind = kind;
    d.parent = parent;
    d.line = d.start_line = d.doc_line = d.end_line = line.number;
    d.signature_begin = line.begin;
    d.signature_end = line.begin + static_cast<uint32_t>(line.text.size());
    out_.push_back(d);
  }

  void markdown(const Line& line) {
    if (line.text.starts_with("```") || line.text.starts_with("~~~")) fenced_ = !fenced_;
    if (fenced_) return;
    size_t level = 0;
    while (level < line.text.size() && line.text[level] == '#') ++level;
    if (level > 0 && level < 7 && level < line.text.size() && line.text[level] == ' ') {
      std::string_view name = base::trim(line.text.substr(level));
      while (!name.empty() && name.back() == '#') name.remove_suffix(1);
      return section(line, name, static_cast<int>(level), DefinitionKind::kHeading);
    }
    if (at_ + 1 >= lines_.size() || base::trim(line.text).empty()) return;
    const int underlined = underline(lines_[at_ + 1].text, "=-");
    if (underlined > 0 && line.text.front() != '-' && line.text.front() != '|')
      section(line, line.text, underlined, DefinitionKind::kHeading);
  }

  // 1 for the first of `marks`, 2 for the second, ...; 0 when the line is no underline of three marks or more.
  static int underline(std::string_view text, std::string_view marks) {
    text = base::trim(text);
    if (text.size() < 3 || text.find_first_not_of(text.front()) != std::string_view::npos) return 0;
    const size_t level = marks.find(text.front());
    return level == std::string_view::npos ? 0 : static_cast<int>(level) + 1;
  }

  void rst(const Line& line) {
    if (at_ + 1 >= lines_.size() || base::trim(line.text).empty() || line.text.front() == ' ') return;
    const std::string_view below = lines_[at_ + 1].text;
    const int level = underline(below, "=-~^\"'`#*+.");
    if (level > 0 && underline(line.text, "=-~^\"'`#*+.") == 0)
      section(line, line.text, level, DefinitionKind::kHeading);
  }

  void makefile(const Line& line) {
    if (line.text.empty() || line.text.front() == '\t' || line.text.front() == '#' || line.text.front() == ' ') return;
    const size_t colon = line.text.find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        line.text.substr(0, colon).find_first_of("=$(") != std::string_view::npos)
      return;
    if (colon + 1 < line.text.size() && (line.text[colon + 1] == '=' || line.text.substr(colon + 1).starts_with(":=")))
      return;
    section(line, line.text.substr(0, colon), 1, DefinitionKind::kTarget);
    uint32_t last = line.number;
    for (size_t k = at_ + 1;
         k < lines_.size() && (lines_[k].text.starts_with('\t') || lines_[k].text.starts_with("    ")); ++k)
      last = lines_[k].number;
    close(1, last);
  }

  void cmake(const Line& line) {
    const std::string_view text = base::trim(line.text);
    const size_t open = text.find('(');
    if (open == std::string_view::npos) return;
    const std::string command = base::to_lower(base::trim(text.substr(0, open)));
    const bool target = command == "add_executable" || command == "add_library" || command == "add_custom_target" ||
                        command == "add_test";
    if (!target && command != "function" && command != "macro") return;
    std::string_view name = text.substr(open + 1);
    name = base::trim(name.substr(0, name.find_first_of(" )\t")));
    if (name.empty()) return;
    add(line, name,
        target               ? DefinitionKind::kTarget
        : command == "macro" ? DefinitionKind::kMacro
                             : DefinitionKind::kFunction,
        kNoParent);
    const std::string closer = target ? ")" : "end" + command;
    for (size_t k = at_; k < lines_.size() && k < at_ + 2000; ++k) {
      if (base::to_lower(lines_[k].text).find(closer) == std::string::npos) continue;
      out_.back().end_line = lines_[k].number;
      return;
    }
  }

  // CREATE [OR REPLACE] [TEMP] TABLE|VIEW|FUNCTION|PROCEDURE|INDEX|TRIGGER|TYPE [IF NOT EXISTS] name
  void sql(const Line& line) {
    const std::string lower = base::to_lower(line.text);
    if (!std::string_view(lower).starts_with("create ")) return;
    size_t at = 0;
    DefinitionKind kind = DefinitionKind::kTable;
    bool known = false;
    while (true) {
      const size_t from = lower.find_first_not_of(" \t", at);
      if (from == std::string::npos) return;
      size_t to = lower.find_first_of(" \t(;", from);
      if (to == std::string::npos) to = lower.size();
      const std::string_view word = std::string_view(lower).substr(from, to - from);
      if (known && word != "if" && word != "not" && word != "exists" && word != "concurrently")
        return sql_object(line, line.text.substr(from, to - from), kind);
      if (word == "function" || word == "procedure") kind = DefinitionKind::kFunction;
      known |= word == "table" || word == "view" || word == "function" || word == "procedure" || word == "index" ||
               word == "trigger" || word == "type" || word == "schema";
      if (to == from) return;
      at = to;
    }
  }

  void sql_object(const Line& line, std::string_view name, DefinitionKind kind) {
    const size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
    while (!name.empty() && (name.front() == '"' || name.front() == '`' || name.front() == '[')) name.remove_prefix(1);
    while (!name.empty() && (name.back() == '"' || name.back() == '`' || name.back() == ']')) name.remove_suffix(1);
    if (name.empty()) return;
    add(line, name, kind, kNoParent);
    bool quoted = false;  // $$ bodies hold semicolons
    for (size_t k = at_; k < lines_.size() && k < at_ + 5000; ++k) {
      for (size_t at = lines_[k].text.find("$$"); at != std::string_view::npos; at = lines_[k].text.find("$$", at + 2))
        quoted = !quoted;
      out_.back().end_line = lines_[k].number;
      if (!quoted && base::trim(lines_[k].text).ends_with(';')) return;
    }
  }

  void keyword(const Line& line, std::string_view start, std::string_view before_name, DefinitionKind kind) {
    if (!line.text.starts_with(start)) return;
    const size_t at = line.text.find(before_name);
    if (at != std::string_view::npos) section(line, line.text.substr(at + before_name.size()), 1, kind);
  }

  void toml(const Line& line) {
    if (!line.text.starts_with('[')) return;
    std::string_view name = line.text.substr(0, line.text.find(']'));
    while (name.starts_with('[')) name.remove_prefix(1);
    section(line, name, 1, DefinitionKind::kTable);
  }

  void vim(const Line& line) {
    std::string_view text = base::trim(line.text);
    for (std::string_view start : {"function! ", "function ", "fun! ", "func! ", "def "}) {
      if (!text.starts_with(start)) continue;
      text.remove_prefix(start.size());
      section(line, text.substr(0, text.find('(')), 1, DefinitionKind::kFunction);
      return;
    }
    if (text.starts_with("endf") || text == "enddef") close(1, line.number);
  }

  struct Open {
    size_t position;
    int level;
  };
  const Language language_;
  const std::vector<Line> lines_;
  std::vector<Definition> out_;
  std::vector<Open> open_;
  size_t at_ = 0;
  bool fenced_ = false;
};

}  // namespace

std::vector<Definition> scan_lines(Language language, std::string_view text) {
  return LineScanner(language, text).run();
}

}  // namespace promethean::search
