#include "context/citation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "context/suspicion.h"
#include "search/definitions.h"
#include "search/language.h"

namespace promethean::context {

namespace {

constexpr size_t kMaxFile = 16 << 20;

// The innermost definition around the whole range, else the longest one that starts inside it; -1: none.
int enclosing(const std::vector<search::Definition>& definitions, int start, int end) {
  int around = -1;
  int inside = -1;
  uint32_t inside_lines = 0;
  for (size_t i = 0; i < definitions.size(); ++i) {
    const auto& d = definitions[i];
    if (d.kind == search::DefinitionKind::kNamespace) continue;  // says nothing about the lines
    const int first = static_cast<int>(std::min(d.doc_line, d.start_line));
    const int last = static_cast<int>(d.end_line);
    if (first <= start && last >= end) around = static_cast<int>(i);  // later ones lie deeper
    const bool starts_inside = static_cast<int>(d.start_line) >= start && static_cast<int>(d.start_line) <= end;
    if (starts_inside && d.end_line - d.start_line + 1 > inside_lines) {
      inside = static_cast<int>(i);
      inside_lines = d.end_line - d.start_line + 1;
    }
  }
  // A chunk that holds a whole function of a class is about the function, not about the class around it.
  if (inside >= 0 && static_cast<int>(inside_lines) * 2 >= end - start + 1) return inside;
  return around >= 0 ? around : inside;
}

void describe(Citation& citation, std::string_view text) {
  const auto head = text.substr(0, 64 << 10);
  const auto language = search::classify(citation.path, head).language;
  const auto name = search::language_name(language);
  citation.language = name == "unknown" ? "" : std::string(name);
  const auto definitions = search::scan_definitions(language, text);
  const int index = enclosing(definitions, citation.start_line, citation.end_line);
  if (index < 0) return;
  const auto& d = definitions[static_cast<size_t>(index)];
  const std::string scope = search::definition_scope(language, definitions, static_cast<size_t>(index));
  const bool colons = language == search::Language::kCpp || language == search::Language::kRust;
  citation.symbol = scope.empty() ? std::string(d.name) : scope + (colons ? "::" : ".") + std::string(d.name);
  citation.signature = search::definition_signature(text, d);
  citation.symbol_line = static_cast<int>(d.start_line);
  const bool has_doc = d.doc_line > 0 && d.doc_line < d.start_line;
  if (has_doc && static_cast<int>(d.doc_line) >= citation.start_line &&
      static_cast<int>(d.start_line) <= citation.end_line) {
    citation.doc_start_line = static_cast<int>(d.doc_line);
    citation.doc_end_line = static_cast<int>(d.start_line) - 1;
  }
}

// Where `expected` stands in the file now: its old line if it is still there, else the place nearest to it; 0: nowhere.
int locate(std::string_view text, const std::vector<std::string_view>& lines, const Candidate& candidate) {
  const auto at_line = [&](int line) {
    if (line < 1 || line > static_cast<int>(lines.size())) return false;
    const size_t offset = static_cast<size_t>(lines[static_cast<size_t>(line - 1)].data() - text.data());
    return text.substr(offset).starts_with(candidate.expected);
  };
  if (at_line(candidate.start_line)) return candidate.start_line;
  int best = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const int line = static_cast<int>(i) + 1;
    if (std::abs(line - candidate.start_line) < std::abs(best - candidate.start_line) || best == 0) {
      if (at_line(line)) best = line;
    }
  }
  return best;
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

std::string Citation::place() const {
  return fmt::format("{}:{}-{}", path, start_line, end_line);
}
std::string Citation::label() const {
  return place() + "@" + hash;
}

json::Object Citation::to_json() const {
  json::Object out{{"path", path}, {"startLine", start_line}, {"endLine", end_line}, {"hash", hash}, {"why", why}};
  if (!symbol.empty()) out["symbol"] = symbol;
  if (!suspicious.empty()) out["suspicious"] = json::Array(suspicious.begin(), suspicious.end());
  return out;
}

base::Result<Citation> cite(const base::RootDir& root, const Candidate& candidate) {
  auto text = root.read_file(candidate.path, kMaxFile);
  if (!text) return base::fail(std::move(text).error());
  if (search::looks_binary(std::string_view(*text).substr(0, 8 << 10))) {
    return base::fail(base::Code::kInvalidArgument, candidate.path + ": binary");
  }
  const auto lines = split_lines(*text);
  const int total = static_cast<int>(lines.size());
  int start = candidate.start_line;
  int end = candidate.end_line;
  if (!candidate.expected.empty()) {
    start = locate(*text, lines, candidate);
    if (start == 0) return base::fail(base::Code::kConflict, candidate.path + ": the lines have changed");
    end = start + (candidate.end_line - candidate.start_line);
  }
  if (start < 1 || start > total) return base::fail(base::Code::kNotFound, candidate.path + ": no such line");
  if (end == 0) {
    const auto language = search::classify(candidate.path, std::string_view(*text).substr(0, 64 << 10)).language;
    const auto definitions = search::scan_definitions(language, *text);
    const int index = enclosing(definitions, start, start);
    end = start + kMaxLines / 2;
    if (index >= 0) {
      const auto& d = definitions[static_cast<size_t>(index)];
      const int line = start;
      // All of what encloses the line when that is short, else a window with the line in its middle.
      start = std::max(static_cast<int>(d.doc_line > 0 ? d.doc_line : d.start_line), line - kMaxLines / 2);
      end = std::min(static_cast<int>(d.end_line), start + kMaxLines - 1);
    }
  }
  end = std::min({end, total, start + kMaxLines - 1});

  Citation citation;
  citation.path = candidate.path;
  citation.start_line = start;
  citation.end_line = end;
  citation.why = candidate.why;
  citation.score = candidate.score;
  const char* begin = lines[static_cast<size_t>(start - 1)].data();
  const auto& last = lines[static_cast<size_t>(end - 1)];
  citation.text.assign(begin, last.data() + last.size());
  citation.hash = base::hash8(citation.text);
  for (const int line : suspicious_lines(citation.text)) citation.suspicious.push_back(start + line - 1);
  describe(citation, *text);
  return citation;
}

}  // namespace promethean::context
