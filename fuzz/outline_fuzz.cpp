// Outlines, by grammar, by the scanner and of plain text, on arbitrary bytes: the first one chooses how the file is
// called. Whatever comes, lines lie in the text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "search/definitions_lexer.h"
#include "search/outline.h"
#include "search/syntax.h"

using namespace promethean::search;

namespace {

constexpr std::string_view kPaths[] = {"a.c",   "a.cpp", "a.go", "a.java", "a.js",  "a.ts",
                                       "a.tsx", "a.py",  "a.rs", "a.yaml", "a.txt", "a.rb"};

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Outline& outline, std::string_view text) {
  const auto lines = static_cast<int>(std::ranges::count(text, '\n')) + 1;
  for (const OutlineEntry& entry : outline.entries) {
    const Symbol& s = entry.symbol;
    require(s.start_line >= 1 && s.start_line <= s.line && s.line <= s.end_line && s.end_line <= lines);
    require(entry.depth >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view path = kPaths[data[0] % std::size(kPaths)];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const promethean::async::StopFlag stop;
  const Outline best = outline_of(path, text, {.comments = true}, stop);
  check(best, text);
  check(outline_of(path, text, {.scan_only = true}, stop), text);

  size_t end = 0;
  for (const QuietSpan& span : quiet_spans(best.language, text)) {
    require(span.begin >= end && span.end >= span.begin && span.end <= text.size());
    end = span.end;
  }
  const SyntaxBudget budget(std::chrono::milliseconds(1000));
  if (const auto tree = SyntaxTree::parse(best.language, path, text, budget, stop)) {
    for (size_t at = 0; at < text.size(); at += 1 + text.size() / 16) tree->within(at);
  }
  return 0;
}
