#include "search/outline.h"

#include <algorithm>

#include "base/strings.h"
#include "repo/views.h"
#include "search/content.h"
#include "search/symbol_text.h"
#include "search/syntax.h"

namespace promethean::search {

namespace {

constexpr size_t kTitleBytes = 120;
constexpr size_t kMaxBlockDepth = 3;  // of textual blocks

struct FilledLine {
  uint32_t number = 0;
  uint32_t indent = 0;
  std::string_view text;  // trimmed
};

std::vector<FilledLine> filled_lines(std::string_view text) {
  std::vector<FilledLine> lines;
  uint32_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const std::string_view trimmed = base::trim(row);
    if (trimmed.empty()) continue;
    uint32_t indent = 0;
    for (const char c : row) {
      if (c != ' ' && c != '\t') break;
      indent += c == '\t' ? 8 - indent % 8 : 1;
    }
    lines.push_back({number, indent, trimmed});
  }
  return lines;
}

bool all_of(std::string_view text, std::string_view marks) {
  return text.size() >= 3 && text.find_first_not_of(marks) == std::string_view::npos;
}

// A title without any block: [section], # title, label:, or a line that the next one underlines.
bool is_heading(const FilledLine& line, const FilledLine* next) {
  const std::string_view text = line.text;
  if (text.starts_with('[') && text.ends_with(']')) return true;
  if (line.indent > 0) return false;
  if (text.starts_with("# ") || text.starts_with("== ") || text.starts_with("## ")) return true;
  if (text.ends_with(':') && text.find(' ') == std::string_view::npos) return true;
  const bool underlined = next != nullptr && next->number == line.number + 1 && all_of(next->text, "=-~^#*");
  return underlined && !all_of(text, "=-~^#*");
}

// What opens a block that is indented deeper, headings, and, where there is neither, the first lines of paragraphs.
class TextualOutline {
 public:
  explicit TextualOutline(std::string_view text) : lines_(filled_lines(text)) {}

  void fill(std::string_view path, Outline* out) {
    mark(false);
    if (chosen_.empty()) mark(true);
    for (size_t i = 0; i < chosen_.size(); ++i) {
      ++out->total;
      if (out->entries.size() < kMaxOutline) out->entries.push_back(entry(path, i));
    }
  }

 private:
  struct Chosen {
    size_t line;
    size_t depth;
    bool opens;  // a block that is indented deeper
  };

  void mark(bool paragraphs) {
    std::vector<uint32_t> open;  // indents of the blocks around
    for (size_t i = 0; i < lines_.size(); ++i) {
      const FilledLine& line = lines_[i];
      const FilledLine* next = i + 1 < lines_.size() ? &lines_[i + 1] : nullptr;
      while (!open.empty() && open.back() >= line.indent) open.pop_back();
      const bool punctuation = line.text.find_first_not_of("{}[]()<>;,-=*#/\\\"'`") == std::string_view::npos;
      const bool opens = next != nullptr && next->indent > line.indent && !punctuation;
      const bool starts = paragraphs && line.indent == 0 && (i == 0 || lines_[i - 1].number + 1 < line.number);
      if (open.size() < kMaxBlockDepth && (opens || starts || is_heading(line, next)))
        chosen_.push_back({i, open.size(), opens});
      if (opens) open.push_back(line.indent);
    }
  }

  // A block to its last deeper line; the rest to the last line before the next entry of the same depth or less.
  uint32_t end_of(size_t chosen) const {
    if (chosen_[chosen].opens) {
      size_t last = chosen_[chosen].line;
      const uint32_t indent = lines_[last].indent;
      while (last + 1 < lines_.size() && lines_[last + 1].indent > indent) ++last;
      return lines_[last].number;
    }
    for (size_t k = chosen + 1; k < chosen_.size(); ++k) {
      if (chosen_[k].depth <= chosen_[chosen].depth) return lines_[chosen_[k].line - 1].number;
    }
    return lines_.back().number;
  }

  OutlineEntry entry(std::string_view path, size_t chosen) const {
    const FilledLine& line = lines_[chosen_[chosen].line];
    std::string title(line.text.substr(0, kTitleBytes));
    const auto number = static_cast<int>(line.number);
    OutlineEntry entry;
    entry.depth = static_cast<int>(chosen_[chosen].depth);
    entry.symbol.path = path;
    entry.symbol.kind = "text";
    entry.symbol.line = entry.symbol.start_line = number;
    entry.symbol.end_line = static_cast<int>(end_of(chosen));
    entry.symbol.tier = Tier::kTextual;
    entry.symbol.signature = title;
    entry.symbol.name = std::move(title);
    return entry;
  }

  const std::vector<FilledLine> lines_;
  std::vector<Chosen> chosen_;
};

OutlineEntry entry_of(std::string_view path, Language language, std::string_view text,
                      const std::vector<Definition>& definitions, size_t i, const std::vector<int>& depths) {
  const Definition& d = definitions[i];
  OutlineEntry entry;
  entry.depth = depths[i];
  entry.symbol = {.path = std::string(path),
                  .name = std::string(d.name),
                  .kind = std::string(kind_name(d.kind)),
                  .scope = definition_scope(language, definitions, i),
                  .line = static_cast<int>(d.line),
                  .start_line = static_cast<int>(d.start_line),
                  .end_line = static_cast<int>(d.end_line),
                  .signature = definition_signature(text, d),
                  .comment = {}};
  return entry;
}

}  // namespace

base::Result<SourceFile> read_source(const base::RootDir& root, std::string_view path) {
  auto normal = repo::normalise_path(path);
  if (!normal) return base::fail(std::move(normal).error());
  auto text = root.read_file(*normal, kMaxOutlineBytes);
  if (!text) return base::fail(std::move(text).error());
  if (looks_binary(*text)) return base::bad_field("path", *normal + " is a binary file");
  return SourceFile{std::move(*normal), std::move(*text)};
}

Outline outline_of(std::string_view path, std::string_view text, const OutlineOptions& options,
                   const async::StopFlag& stop) {
  Outline out;
  out.language = detect_language(path, text.substr(0, 64 << 10));
  const SyntaxBudget budget(options.scan_only ? std::chrono::milliseconds(0) : options.syntax_time);
  const ReadDefinitions read = read_definitions(out.language, path, text, budget, stop);
  const auto& definitions = read.list;
  out.tier = read.syntax ? Tier::kSyntax : Tier::kScan;
  std::vector<int> depths(definitions.size(), 0);
  ContentBuilder builder;  // gives lines to the comments
  if (options.comments) builder.add(0, text);
  const FileText lines(text, 0, builder.blocks(), static_cast<uint32_t>(std::ranges::count(text, '\n')) + 1);
  for (size_t i = 0; i < definitions.size() && !stop.stopped(); ++i) {
    const Definition& d = definitions[i];
    if (d.parent >= 0) depths[i] = depths[static_cast<size_t>(d.parent)] + 1;
    ++out.total;
    if (out.entries.size() >= kMaxOutline) continue;
    out.entries.push_back(entry_of(path, out.language, text, definitions, i, depths));
    out.entries.back().symbol.tier = out.tier;
    if (options.comments)
      out.entries.back().symbol.comment =
          definition_comment(lines, out.language, {d.line, d.start_line, d.end_line, d.doc_line});
  }
  if (!definitions.empty()) return out;
  out.tier = Tier::kTextual;
  TextualOutline(text).fill(path, &out);
  out.note = has_definitions(out.language)
                 ? "no definition was found: headings and blocks"
                 : "definitions in " + std::string(language_name(out.language)) + " are not known: headings and blocks";
  return out;
}

}  // namespace promethean::search
