#include "cli/grep_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/grep_pattern_text.h"
#include "cli/output.h"
#include "cli/server_lookup.h"

namespace promethean::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

search::GrepMatch match(std::string_view path, int line, std::string_view text) {
  return {.path = path, .text = text, .snippet = text, .line = line, .column = 1, .start_line = line, .end_line = line};
}

std::string printed(const std::vector<search::GrepMatch>& matches, const std::string& pattern, GrepStyle style = {},
                    const search::GrepOptions& options = {}) {
  LineMatcher matcher(pattern, options);
  return grep_text(matches, style, matcher);
}

TEST(GrepPrint, PipedLinesCarryPathAndNumber) {
  EXPECT_EQ(printed({match("a.c", 1, "foo"), match("a.c", 9, "foo2"), match("b.c", 3, "foo")}, "foo"),
            "a.c:1:foo\na.c:9:foo2\nb.c:3:foo\n");
}

TEST(GrepPrint, TerminalHasHeadings) {
  EXPECT_EQ(printed({match("a.c", 1, "foo"), match("b.c", 3, "foo")}, "foo", {.heading = true}),
            "a.c\n1:foo\n\nb.c\n3:foo\n");
}

TEST(GrepPrint, OverlappingContextIsShownOnceAndGapsAreMarked) {
  std::vector<search::GrepMatch> matches = {
      {.path = "a", .text = "x2", .snippet = "l1\nx2\nx3", .line = 2, .start_line = 1, .end_line = 3},
      {.path = "a", .text = "x3", .snippet = "x2\nx3\nl4", .line = 3, .start_line = 2, .end_line = 4},
      {.path = "a", .text = "x9", .snippet = "l8\nx9\nl10\n", .line = 9, .start_line = 8, .end_line = 10}};
  EXPECT_EQ(printed(matches, "x", {.before = 1, .after = 1}),
            "a-1-l1\na:2:x2\na:3:x3\na-4-l4\n--\na-8-l8\na:9:x9\na-10-l10\n");
  EXPECT_EQ(printed(matches, "x", {.after = 1}), "a:2:x2\na:3:x3\na-4-l4\n--\na:9:x9\na-10-l10\n");
}

TEST(GrepPrint, MatchOverSeveralLinesIsShownWhole) {
  const search::GrepMatch whole{.path = "a",
                                .text = "begin",
                                .snippet = "begin\nend\nnext",
                                .line = 2,
                                .last_line = 3,
                                .start_line = 2,
                                .end_line = 4};
  EXPECT_EQ(printed({whole}, "begin\nend", {.after = 1}, {.multiline = true}), "a:2:begin\na:3:end\na-4-next\n");
}

TEST(GrepPrint, EveryMatchInALineIsPainted) {
  const std::string text = printed({match("a", 1, "foo bar foo")}, "fo*", {.heading = true, .colour = true});
  EXPECT_THAT(text, HasSubstr("\x1b[1;31mfoo\x1b[0m bar \x1b[1;31mfoo\x1b[0m"));
}

TEST(GrepPrint, MatchesAloneAndColumns) {
  EXPECT_EQ(printed({match("a", 1, "foo bar foo")}, "fo*", {.column = true, .only_matching = true}),
            "a:1:1:foo\na:1:9:foo\n");
  EXPECT_EQ(printed({match("a", 1, "bar foo")}, "fo*", {.column = true}), "a:1:5:bar foo\n");
  EXPECT_EQ(printed({match("a", 1, "bar foo")}, "fo*", {.path = false, .numbers = false}), "bar foo\n");
}

TEST(GrepPrint, PaintingKeepsTheTextWhateverThePattern) {
  const GrepStyle style{.heading = true, .colour = true};
  for (const std::string pattern : {"x*", "", "^", "$", "\\b", "o+", "(", "foo|"}) {
    std::string text = printed({match("p", 7, "foo \xC3\xA4 boo")}, pattern, style);
    for (const std::string code : {"\x1b[1;31m", "\x1b[0m", "\x1b[32m", "\x1b[35m"}) {
      for (size_t at; (at = text.find(code)) != std::string::npos;) text.erase(at, code.size());
    }
    EXPECT_EQ(text, "p\n7:foo \xC3\xA4 boo\n") << pattern;
  }
}

TEST(GrepPrint, TextOfARepositoryCannotDriveTheTerminal) {
  const std::string text =
      printed({match("a\x1b[2J", 1, "foo\x1b]0;title\x07")}, "foo", {.heading = true, .terminal = true});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
}

TEST(GrepPrint, CountsLinesOfEachFile) {
  EXPECT_EQ(grep_counts_text({{"a", 2}, {"b", 1}}, {}), "a:2\nb:1\n");
  EXPECT_EQ(grep_files_text({{"a", 1}, {"b", 1}}, {.nul = true}), std::string("a\0b\0", 4));
}

TEST(GrepPattern, SmartCaseLooksAtLetters) {
  const auto ignores = [](const std::string& pattern) {
    return pattern_text({.smart_case = true}, {pattern}).ignore_case;
  };
  EXPECT_TRUE(ignores("foo"));
  EXPECT_TRUE(ignores("foo\\W\\p{Lu}"));
  EXPECT_FALSE(ignores("Foo"));
  EXPECT_FALSE(ignores("\xC3\x89"));  // É
  EXPECT_FALSE(ignores("1"));
}

TEST(GrepPattern, SeveralPatternsAndWholeLines) {
  EXPECT_EQ(pattern_text({}, {"a"}).pattern, "a");
  EXPECT_EQ(pattern_text({.line_regexp = true}, {"a|b"}).pattern, "^(?:(?:a|b))$");
  EXPECT_EQ(pattern_text({.fixed = true}, {"a.", "b"}).pattern, "(?:a\\.)|(?:b)");
}

TEST(Output, ControlCharactersBecomeQuestionMarks) {
  EXPECT_EQ(printable("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(printable("\x1b[31m\x7f\r"), "?[31m??");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");
  EXPECT_EQ(printable("\xC3\xA9"), "\xC3\xA9");
}

TEST(Output, ProgressSaysHowFarAndHowLong) {
  EXPECT_EQ(progress_text({.stage = "walk", .done = 1200}), "looking for files, 1,200 files so far");
  EXPECT_THAT(progress_text({.stage = "read", .done = 1200, .total = 5000, .eta_seconds = 12}),
              HasSubstr("reading 1,200 of 5,000 files, 12"));
}

TEST(ServerLookup, ReadsWhatTheServerAnswers) {
  const auto document =
      json::parse(R"({"ok":true,"generation":7,"as_of":"2026-11-25T00:00:00Z","total":9,"truncated":true,
    "results":[{"path":"a.c","line":3,"column":2,"lineText":"foo","snippet":"foo","startLine":3,"endLine":3}]})");
  const auto answer = read_grep_answer(*document);
  ASSERT_EQ(answer.matches.size(), 1U);
  EXPECT_EQ(answer.matches[0].path, "a.c");
  EXPECT_EQ(answer.matches[0].line, 3);
  EXPECT_EQ(answer.total, 9U);
  EXPECT_EQ(answer.cut, "maxMatches");
  EXPECT_EQ(answer.freshness.generation, 7U);
}

TEST(ServerLookup, AnswersOfAnotherShapeAreEmpty) {
  for (const auto text : {"{}", "[]", "1", R"({"results":{}})", R"({"results":[1,null,{"path":3}]})"}) {
    const auto document = json::parse(text);
    for (const auto& hit : read_search_answer(*document).hits) EXPECT_EQ(hit.path, "");
    for (const auto& found : read_grep_answer(*document).matches) EXPECT_EQ(found.path, "");
    for (const auto& symbol : read_symbols_answer(*document).symbols) EXPECT_EQ(symbol.path, "");
  }
}

}  // namespace
}  // namespace promethean::cli
