#include "cli/grep_print.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <map>
#include <memory>

#include "base/strings.h"
#include "cli/output.h"

namespace promethean::cli {

std::vector<ShownLine> lines_of(const std::vector<search::GrepMatch>& matches, int context) {
  std::map<int, ShownLine> lines;
  for (const auto& match : matches) {
    // A match over several lines fills its window but for the context behind it.
    const int last = std::max(match.line, match.end_line - context);
    int number = match.start_line;
    for (const auto text : base::split(match.snippet, '\n')) {
      if (number > match.end_line) break;
      auto& line = lines[number];
      line.number = number;
      line.text = text;
      if (context == 0 && number >= match.line && number <= last) line.match = true;
      ++number;
    }
    auto& own = lines[match.line];
    own = {match.line, match.text, true};
  }
  std::vector<ShownLine> shown;
  for (auto& [number, line] : lines) shown.push_back(std::move(line));
  return shown;
}

namespace {

size_t next_character(std::string_view text, size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

// Paints every match within a line. The pattern has been accepted by the search, so a failure only means no colour.
class Highlighter {
 public:
  Highlighter(const GrepOptions& options, bool on) {
    if (!on) return;
    std::string pattern = options.fixed ? RE2::QuoteMeta(options.pattern) : options.pattern;
    if (options.word) pattern = "\\b(?:" + pattern + ")\\b";
    RE2::Options re2;
    re2.set_case_sensitive(!options.ignore_case);
    re2.set_log_errors(false);
    regex_ = std::make_unique<RE2>(pattern, re2);
  }

  std::string paint_matches(std::string_view line) const {
    if (regex_ == nullptr || !regex_->ok()) return printable(line);
    std::string out;
    size_t shown = 0;  // what is before it is in `out`
    size_t from = 0;
    re2::StringPiece found;
    const re2::StringPiece whole(line.data(), line.size());
    while (from <= line.size() && regex_->Match(whole, from, line.size(), RE2::UNANCHORED, &found, 1)) {
      const size_t start = static_cast<size_t>(found.data() - line.data());
      if (found.empty()) {
        from = next_character(line, start);
        continue;
      }
      out += printable(line.substr(shown, start - shown));
      out += paint(printable(line.substr(start, found.size())), Colour::kMatch, true);
      shown = from = start + found.size();
    }
    return out + printable(line.substr(shown));
  }

 private:
  std::unique_ptr<RE2> regex_;
};

std::string line_text(const std::string& path, const ShownLine& line, const Highlighter& highlighter,
                      const GrepStyle& style) {
  const char mark = line.match ? ':' : '-';
  const std::string number = paint(std::to_string(line.number), Colour::kLine, style.colour);
  const std::string text = style.colour && line.match ? highlighter.paint_matches(line.text) : line.text;
  if (style.heading) return fmt::format("{}{}{}\n", number, mark, style.colour ? text : printable(line.text));
  return fmt::format("{}{}{}{}{}\n", paint(path, Colour::kPath, style.colour), mark, number, mark, text);
}

std::string file_text(const std::vector<search::GrepMatch>& matches, const GrepOptions& options,
                      const Highlighter& highlighter, const GrepStyle& style) {
  const std::string& path = matches.front().path;
  std::string out = style.heading ? paint(printable(path), Colour::kPath, style.colour) + "\n" : "";
  int previous = 0;
  for (const auto& line : lines_of(matches, static_cast<int>(options.context))) {
    if (options.context > 0 && previous > 0 && line.number > previous + 1) out += "--\n";
    previous = line.number;
    out += line_text(path, line, highlighter, style);
  }
  return out;
}

std::vector<std::vector<search::GrepMatch>> by_file(const std::vector<search::GrepMatch>& matches) {
  std::vector<std::vector<search::GrepMatch>> files;
  for (const auto& match : matches) {
    if (files.empty() || files.back().front().path != match.path) files.emplace_back();
    files.back().push_back(match);
  }
  return files;
}

}  // namespace

std::string grep_text(const std::vector<search::GrepMatch>& matches, const GrepOptions& options,
                      const GrepStyle& style) {
  const Highlighter highlighter(options, style.colour);
  std::string out;
  for (const auto& file : by_file(matches)) {
    if (!out.empty() && style.heading) out += "\n";
    if (!out.empty() && !style.heading && options.context > 0) out += "--\n";
    out += file_text(file, options, highlighter, style);
  }
  return out;
}

std::string grep_counts_text(const std::vector<search::GrepMatch>& matches, const GrepStyle& style) {
  std::string out;
  for (const auto& file : by_file(matches)) {
    out += fmt::format("{}:{}\n", paint(file.front().path, Colour::kPath, style.colour), file.size());
  }
  return out;
}

}  // namespace promethean::cli
