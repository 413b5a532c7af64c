#include "search/grep_file.h"

#include <algorithm>
#include <cstring>

#include "search/newlines.h"

namespace promethean::search {

namespace {

constexpr size_t kPollEvery = 4096;  // matches between two looks at the clock, within one file

// Line numbers of rising offsets: counts on from the last one when that is near, else asks the blocks.
class LineCounter {
 public:
  explicit LineCounter(const FileText& file) : file_(file) {}

  uint32_t line(size_t offset) {
    const std::string_view text = file_.text();
    if (offset < at_ || offset - at_ > kBlockBytes) {
      line_ = file_.line_at(offset);
    } else {
      line_ += static_cast<uint32_t>(count_newlines(text.substr(at_, offset - at_)));
    }
    at_ = offset;
    return line_;
  }

 private:
  const FileText& file_;
  size_t at_ = 0;
  uint32_t line_ = 1;
};

size_t line_begin(std::string_view text, size_t at) {
  const void* newline = ::memrchr(text.data(), '\n', at);
  return newline == nullptr ? 0 : static_cast<size_t>(static_cast<const char*>(newline) - text.data()) + 1;
}

// Behind the newline of the line that `at` is on.
size_t line_end(std::string_view text, size_t at) {
  const size_t newline = text.find('\n', at);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

}  // namespace

FileGrep::FileGrep(const GrepPattern& pattern, const GrepOptions& options, const GrepStop& stop)
    : options_(options), stop_(stop), by_line_(pattern.plan().by_line), search_(pattern, stop) {}

template <class Take>
void FileGrep::spans_by_line(const FileText& file, Take take) {
  const std::string_view text = file.text();
  LineCounter lines(file);
  size_t steps = 0;
  for (size_t from = 0; from < text.size();) {
    const auto found = search_.next_line(from);
    if (!found) return;
    const uint32_t line = lines.line(found->begin);
    const size_t last = std::max(found->begin + 1, found->end) - 1;
    const size_t begin = from + line_begin(text.substr(from), found->begin - from);
    from = line_end(text, found->begin);
    if (!take(Span{*found, found->begin, last, line, line, begin, from})) return;
    if (++steps % kPollEvery == 0 && stop_.stopped()) return;
  }
}

// A match that begins on a line which an earlier one covers extends that one.
template <class Take>
void FileGrep::spans_by_text(const FileText& file, Take take) {
  const std::string_view text = file.text();
  LineCounter lines(file);
  Span open;
  size_t steps = 0;
  for (size_t from = 0; from <= text.size(); ++steps) {
    const auto found = search_.next(from);
    if (!found) break;
    Span span{*found, found->begin, std::max(found->begin + 1, found->end) - 1, lines.line(found->begin), 0};
    span.last_line = std::max(span.first_line, file.line_at(span.last));
    span.begin = line_begin(text, span.first);
    span.end = line_end(text, span.last);
    if (span.first_line <= open.last_line) {
      open.last = std::max(open.last, span.last);
      open.last_line = std::max(open.last_line, span.last_line);
      open.end = std::max(open.end, span.end);
    } else {
      if (open.last_line > 0 && !take(open)) return;
      open = span;
    }
    from = found->end > found->begin ? found->end : found->end + 1;
    if (steps % kPollEvery == 0 && stop_.stopped()) break;
  }
  if (open.last_line > 0) take(open);
}

// The lines that no match touches, each as one. As in ripgrep, a search goes on behind the last line of a match, in a
// text that begins there.
template <class Take>
void FileGrep::spans_without(const FileText& file, Take take) {
  const std::string_view text = file.text();
  const bool ascii = file.ascii();
  size_t at = 0, steps = 0;
  uint32_t line = 1;
  const auto give_until = [&](size_t end) {
    for (; at < end; ++line) {
      const size_t next = line_end(text, at);
      if (!take(Span{{at, at}, at, next - 1, line, line, at, next})) return false;
      at = next;
    }
    return true;
  };
  while (at < text.size()) {
    if (!by_line_) search_.begin(text.substr(at), ascii);
    auto found = by_line_ ? search_.next_line(at) : search_.next(0);
    if (!found || stop_.stopped()) break;
    if (!by_line_) found = TextMatch{found->begin + at, found->end + at};
    if (!give_until(line_begin(text, found->begin))) return;
    const size_t end = line_end(text, std::max(found->begin + 1, found->end) - 1);
    line += static_cast<uint32_t>(count_newlines(text.substr(at, end - at)));
    at = end;
    if (++steps % kPollEvery == 0 && stop_.stopped()) return;
  }
  if (!stop_.stopped()) give_until(text.size());
}

template <class Take>
void FileGrep::spans(const FileText& file, Take take) {
  search_.begin(file.text(), file.ascii());
  if (options_.invert) return spans_without(file, take);
  return by_line_ ? spans_by_line(file, take) : spans_by_text(file, take);
}

void FileGrep::run(const File& file, size_t limit, std::vector<GrepMatch>* matches) {
  if (limit == 0) return;
  const size_t end = matches->size() + limit;
  spans(file.text, [&](const Span& span) {
    matches->push_back(make(file, span));
    return matches->size() < end;
  });
}

// Of a pattern over several lines the matches are counted, as ripgrep does.
uint64_t FileGrep::count(const File& file, size_t limit) {
  uint64_t count = 0;
  if (by_line_ || options_.invert) {
    spans(file.text, [&](const Span&) { return ++count < limit; });
    return count;
  }
  search_.begin(file.text.text(), file.text.ascii());
  for (size_t from = 0; count < limit;) {
    const auto found = search_.next(from);
    if (!found) break;
    from = found->end > found->begin ? found->end : found->end + 1;
    if (++count % kPollEvery == 0 && stop_.stopped()) break;
  }
  return count;
}

GrepMatch FileGrep::make(const File& file, const Span& span) const {
  const std::string_view text = file.text.text();
  const size_t end = span.last_line == span.first_line ? span.end : line_end(text, span.first);
  std::string_view line = text.substr(span.begin, end - span.begin);
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  GrepMatch match;
  match.path = file.path;
  match.line = static_cast<int>(span.first_line);
  match.last_line = static_cast<int>(span.last_line);
  match.column = static_cast<int>(span.first - span.begin) + 1;
  match.match_length = static_cast<int>(span.match.end - span.match.begin);
  match.text = line;
  set_window(text, span, &match);
  return match;
}

// The lines of the span with the context asked for, cut to the file.
void FileGrep::set_window(std::string_view text, const Span& span, GrepMatch* match) const {
  size_t begin = span.begin, end = span.end;
  uint32_t start_line = span.first_line, end_line = span.last_line;
  for (int i = 0; i < options_.context && begin > 0; ++i, --start_line) begin = line_begin(text, begin - 1);
  for (int i = 0; i < options_.context && end < text.size(); ++i, ++end_line) end = line_end(text, end);
  match->start_line = static_cast<int>(start_line);
  match->end_line = static_cast<int>(end_line);
  match->snippet = text.substr(begin, end - begin);
}

}  // namespace promethean::search
