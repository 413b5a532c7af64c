#include "cli/grep_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "cli/output.h"

namespace promethean::cli {

std::vector<ShownLine> lines_of(const std::vector<search::GrepMatch>& matches, int before, int after) {
  std::map<int, ShownLine> lines;
  for (const auto& match : matches) {
    const int last = std::max(match.line, match.last_line);
    int number = match.start_line;
    for (const auto text : base::split(match.snippet, '\n')) {
      if (number > match.end_line) break;
      const bool own = number >= match.line && number <= last;
      if (own || (number >= match.line - before && number <= last + after)) {
        auto& line = lines[number];
        line.number = number;
        line.text = text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
        line.match = line.match || own;
      }
      ++number;
    }
    auto& own = lines[match.line];
    own = {match.line, std::string(match.text), true};
  }
  std::vector<ShownLine> shown;
  for (auto& [number, line] : lines) shown.push_back(std::move(line));
  return shown;
}

LineMatcher::LineMatcher(const std::string& pattern, search::GrepOptions options) {
  auto compiled = search::GrepPattern::compile(pattern, options);
  if (!compiled) return;
  pattern_ = *std::move(compiled);
  search_ = std::make_unique<search::GrepSearch>(*pattern_, stop_);
}

std::vector<search::TextMatch> LineMatcher::matches_in(std::string_view line) {
  std::vector<search::TextMatch> found;
  if (search_ == nullptr) return found;
  const auto high = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  search_->begin(line, std::ranges::none_of(line, high));
  for (size_t from = 0; from <= line.size();) {
    const auto match = search_->next(from);
    if (!match) break;
    if (match->end > match->begin) found.push_back(*match);
    from = match->end > match->begin ? match->end : match->end + 1;
  }
  return found;
}

namespace {

using Matches = std::vector<search::GrepMatch>;

class GrepPrinter {
 public:
  GrepPrinter(const GrepStyle& style, LineMatcher& matcher) : style_(style), matcher_(matcher) {}

  std::string print(const Matches& matches);

 private:
  void print_file(const Matches& matches);
  void print_line(std::string_view path, const ShownLine& line);
  void print_match(std::string_view path, const ShownLine& line, const search::TextMatch& match);
  void head(std::string_view path, const ShownLine& line, size_t column);
  std::string painted(const ShownLine& line);
  std::string shown(std::string_view text) const { return style_.terminal ? printable(text) : std::string(text); }

  const GrepStyle& style_;
  LineMatcher& matcher_;
  std::string out_;
};

std::string GrepPrinter::print(const Matches& matches) {
  for (size_t begin = 0; begin < matches.size();) {
    size_t end = begin;
    while (end < matches.size() && matches[end].path == matches[begin].path) ++end;
    if (!out_.empty() && style_.heading && style_.path) out_ += "\n";
    if (!out_.empty() && !style_.heading && style_.before + style_.after > 0) out_ += "--\n";
    print_file(Matches(matches.begin() + static_cast<std::ptrdiff_t>(begin),
                       matches.begin() + static_cast<std::ptrdiff_t>(end)));
    begin = end;
  }
  return std::move(out_);
}

void GrepPrinter::print_file(const Matches& matches) {
  const std::string_view path = matches.front().path;
  if (style_.heading && style_.path) out_ += paint(shown(path), Colour::kPath, style_.colour) + "\n";
  int previous = 0;
  for (const auto& line : lines_of(matches, style_.before, style_.after)) {
    if (style_.before + style_.after > 0 && previous > 0 && line.number > previous + 1) out_ += "--\n";
    previous = line.number;
    print_line(path, line);
  }
}

void GrepPrinter::print_line(std::string_view path, const ShownLine& line) {
  const bool split = line.match && (style_.only_matching || style_.line_a_match);
  if (split) {
    for (const auto& match : matcher_.matches_in(line.text)) print_match(path, line, match);
    return;
  }
  size_t column = 0;
  if (line.match && style_.column) {
    const auto found = matcher_.matches_in(line.text);
    column = found.empty() ? 1 : found[0].begin + 1;
  }
  head(path, line, column);
  out_ += painted(line) + "\n";
}

void GrepPrinter::print_match(std::string_view path, const ShownLine& line, const search::TextMatch& match) {
  head(path, line, style_.column ? match.begin + 1 : 0);
  const std::string text = shown(std::string_view(line.text).substr(match.begin, match.end - match.begin));
  out_ += (style_.only_matching ? paint(text, Colour::kMatch, style_.colour) : painted(line)) + "\n";
}

// "path:line:column:", of which not all may be wanted; column 0: none.
void GrepPrinter::head(std::string_view path, const ShownLine& line, size_t column) {
  const char mark = line.match ? ':' : '-';
  if (!style_.heading && style_.path) {
    out_ += paint(shown(path), Colour::kPath, style_.colour);
    out_ += style_.nul ? '\0' : mark;
  }
  if (style_.numbers) out_ += paint(std::to_string(line.number), Colour::kLine, style_.colour) + mark;
  if (column > 0) out_ += std::to_string(column) + mark;
}

std::string GrepPrinter::painted(const ShownLine& line) {
  if (!style_.colour || !line.match) return shown(line.text);
  const std::string_view text = line.text;
  std::string out;
  size_t done = 0;
  for (const auto& match : matcher_.matches_in(text)) {
    out += shown(text.substr(done, match.begin - done));
    out += paint(shown(text.substr(match.begin, match.end - match.begin)), Colour::kMatch, true);
    done = match.end;
  }
  return out + shown(text.substr(done));
}

}  // namespace

std::string grep_text(const Matches& matches, const GrepStyle& style, LineMatcher& matcher) {
  return GrepPrinter(style, matcher).print(matches);
}

std::string grep_counts_text(const std::vector<search::GrepFileCount>& files, const GrepStyle& style) {
  std::string out;
  for (const auto& file : files) {
    if (style.path) {
      out += paint(style.terminal ? printable(file.path) : std::string(file.path), Colour::kPath, style.colour);
      out += style.nul ? '\0' : ':';
    }
    out += std::to_string(file.count) + "\n";
  }
  return out;
}

std::string grep_files_text(const std::vector<search::GrepFileCount>& files, const GrepStyle& style) {
  std::string out;
  for (const auto& file : files) {
    out += paint(style.terminal ? printable(file.path) : std::string(file.path), Colour::kPath, style.colour);
    out += style.nul ? '\0' : '\n';
  }
  return out;
}

}  // namespace promethean::cli
