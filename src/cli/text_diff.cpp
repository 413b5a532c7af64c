#include "cli/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace promethean::cli {

namespace {

constexpr size_t kAround = 3;
constexpr size_t kMaxTable = 4 << 20;  // cells; 16 MiB

using Lines = std::vector<std::string_view>;

struct Edit {
  char mark = ' ';  // ' ', '-', '+'
  std::string_view line;
  size_t before = 0;  // lines of each text that came before it
  size_t after = 0;
};

// With their line breaks, so that a last line without one is another line.
Lines diff_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// Which lines go and which come, by the longest common subsequence.
std::string marks_of(const Lines& a, const Lines& b) {
  if (a.size() * b.size() > kMaxTable) return std::string(a.size(), '-') + std::string(b.size(), '+');
  const size_t width = b.size() + 1;
  std::vector<uint32_t> longest((a.size() + 1) * width);  // of the tails from (i, j) on
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      const uint32_t skip = std::max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
      longest[i * width + j] = a[i] == b[j] ? longest[(i + 1) * width + j + 1] + 1 : skip;
    }
  }
  std::string marks;
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i] == b[j]) {
      marks += ' ', ++i, ++j;
    } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
      marks += '-', ++i;
    } else {
      marks += '+', ++j;
    }
  }
  return marks + std::string(a.size() - i, '-') + std::string(b.size() - j, '+');
}

std::vector<Edit> edits_of(const Lines& a, const Lines& b) {
  size_t head = 0;
  while (head < std::min(a.size(), b.size()) && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const Lines from(a.begin() + static_cast<ptrdiff_t>(head), a.end() - static_cast<ptrdiff_t>(tail));
  const Lines to(b.begin() + static_cast<ptrdiff_t>(head), b.end() - static_cast<ptrdiff_t>(tail));
  const std::string marks = std::string(head, ' ') + marks_of(from, to) + std::string(tail, ' ');
  std::vector<Edit> edits;
  size_t i = 0;
  size_t j = 0;
  for (const char mark : marks) {
    edits.push_back({mark, mark == '+' ? b[j] : a[i], i, j});
    i += mark == '+' ? 0 : 1;
    j += mark == '-' ? 0 : 1;
  }
  return edits;
}

// "12,3", "12" for one line, "11,0" for none after line 11.
std::string range_of(size_t before, size_t count) {
  if (count == 1) return std::to_string(before + 1);
  return fmt::format("{},{}", count == 0 ? before : before + 1, count);
}

std::string hunk_of(const std::vector<Edit>& edits, size_t begin, size_t end) {
  size_t removed = 0;
  size_t added = 0;
  std::string body;
  for (size_t i = begin; i < end; ++i) {
    removed += edits[i].mark == '+' ? 0 : 1;
    added += edits[i].mark == '-' ? 0 : 1;
    body += edits[i].mark;
    body += edits[i].line;
    if (!edits[i].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
  }
  return fmt::format("@@ -{} +{} @@\n{}", range_of(edits[begin].before, removed), range_of(edits[begin].after, added),
                     body);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view old_name,
                         std::string_view new_name) {
  if (before == after) return {};
  const auto edits = edits_of(diff_lines(before), diff_lines(after));
  std::string out = fmt::format("--- {}\n+++ {}\n", old_name, new_name);
  const auto is_change = [&edits](size_t i) { return edits[i].mark != ' '; };
  size_t at = 0;
  while (at < edits.size()) {
    if (!is_change(at)) {
      ++at;
      continue;
    }
    const size_t begin = at - std::min(at, kAround);
    size_t last = at;  // the last change of this hunk
    for (size_t i = at; i < edits.size() && i <= last + 2 * kAround + 1; ++i) last = is_change(i) ? i : last;
    const size_t end = std::min(last + kAround + 1, edits.size());
    out += hunk_of(edits, begin, end);
    at = end;
  }
  return out;
}

}  // namespace promethean::cli
