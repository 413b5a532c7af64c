#include "search/grep.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "repo/test_tree.h"
#include "search/content.h"
#include "search/grep_parse.h"
#include "search/grep_vm.h"

namespace promethean::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Grep : public ::testing::Test {
 protected:
  void build() {
    auto index = Index::open({.root = tree_.path(), .state_dir = state_.path()}, base::Log());
    ASSERT_TRUE((*index)->update({}, async::StopFlag()).has_value());
    snapshot_ = (*index)->snapshot();
  }
  GrepResult grep(std::string_view pattern, const GrepOptions& options = {}) {
    auto result = snapshot_->grep(pattern, options, async::StopFlag());
    EXPECT_TRUE(result.has_value()) << pattern;
    return result.value_or(GrepResult{});
  }
  // "path:line:column+length" of every match.
  std::vector<std::string> places(std::string_view pattern, const GrepOptions& options = {}) {
    std::vector<std::string> all;
    for (const GrepMatch& match : grep(pattern, options).matches) {
      all.push_back(std::string(match.path) + ":" + std::to_string(match.line) + ":" + std::to_string(match.column) +
                    "+" + std::to_string(match.match_length));
    }
    return all;
  }
  base::Error error(std::string_view pattern, const GrepOptions& options = {}) {
    auto result = snapshot_->grep(pattern, options, async::StopFlag());
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? base::Error(base::Code::kInternal, "") : result.error();
  }

  repo::TestTree tree_, state_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(Grep, FindsLinesWithColumns) {
  tree_.write("a.txt", "one two\nthree\nno end two");
  build();
  EXPECT_THAT(places("two"), ElementsAre("a.txt:1:5+3", "a.txt:3:8+3"));
  EXPECT_THAT(places("t[wh]"), ElementsAre("a.txt:1:5+2", "a.txt:2:1+2", "a.txt:3:8+2"));
  EXPECT_THAT(places("TWO"), IsEmpty());
  EXPECT_THAT(places("TWO", {.ignore_case = true}), ElementsAre("a.txt:1:5+3", "a.txt:3:8+3"));
  EXPECT_THAT(places("(?i)TWO"), ElementsAre("a.txt:1:5+3", "a.txt:3:8+3"));
}

TEST_F(Grep, EmptyMatchesAreOnePerLineAndNoneBehindTheLastNewline) {
  tree_.write("a.txt", "x\n\ny\n");
  tree_.write("b.txt", "");
  tree_.write("c.txt", "\n");
  build();
  EXPECT_THAT(places(""), ElementsAre("a.txt:1:1+0", "a.txt:2:1+0", "a.txt:3:1+0", "c.txt:1:1+0"));
  EXPECT_THAT(places("^$"), ElementsAre("a.txt:2:1+0", "c.txt:1:1+0"));
  EXPECT_THAT(places("$"), ElementsAre("a.txt:1:2+0", "a.txt:2:1+0", "a.txt:3:2+0", "c.txt:1:1+0"));
  EXPECT_THAT(places("z*", {.multiline = true}).size(), 4u);
}

TEST_F(Grep, NothingMatchesAcrossLinesUnlessAsked) {
  tree_.write("a.txt", "foo\nbar\n");
  build();
  EXPECT_THAT(places("foo[^x]bar"), IsEmpty());
  EXPECT_THAT(places("foo\\sbar"), IsEmpty());
  EXPECT_EQ(error("foo\\nbar").code(), base::Code::kInvalidArgument);
  const auto result = grep("foo\\nbar", {.multiline = true});
  ASSERT_EQ(result.matches.size(), 1u);
  EXPECT_EQ(result.matches[0].start_line, 1);
  EXPECT_EQ(result.matches[0].end_line, 2);
  EXPECT_EQ(result.matches[0].text, "foo");
  EXPECT_EQ(result.matches[0].snippet, "foo\nbar\n");
  EXPECT_EQ(grep("foo\n", {.multiline = true, .fixed = true}).matches[0].end_line, 1);
}

TEST_F(Grep, CarriageReturnsBelongToTheLineButNotToItsText) {
  tree_.write("a.txt", "one\r\ntwo\r\n");
  build();
  EXPECT_THAT(places("one$"), IsEmpty());  // as ripgrep without --crlf
  EXPECT_THAT(places("one\\s$"), ElementsAre("a.txt:1:1+4"));
  EXPECT_EQ(grep("two").matches[0].text, "two");
}

TEST_F(Grep, WordsAreUnicodeWords) {
  tree_.write("a.txt",
              "foo\nfoobar\n(foo)\n\xC3\xA9"
              "foo\nfoo_\nfoo\xC3\xA9\n\xE2\x82\xAC"
              "foo\nxfoo foo\n");
  build();
  EXPECT_THAT(places("foo", {.word = true}), ElementsAre("a.txt:1:1+3", "a.txt:3:2+3", "a.txt:7:4+3", "a.txt:8:6+3"));
  EXPECT_THAT(places("foo|foobar", {.word = true}).size(), 5u);
}

TEST_F(Grep, ClassesAreUnicode) {
  tree_.write("a.txt", "a\xC3\xA9z\na\xE2\x82\xACz\na\xC2\xA0z\na\xD9\xA3z\naxz\na-z\n");  // é, €, nbsp, Arabic 3, x, -
  build();
  EXPECT_THAT(places("a\\wz"), ElementsAre("a.txt:1:1+4", "a.txt:4:1+4", "a.txt:5:1+3"));
  EXPECT_THAT(places("a\\Wz").size(), 3u);
  EXPECT_THAT(places("a\\sz"), ElementsAre("a.txt:3:1+4"));
  EXPECT_THAT(places("a\\dz"), ElementsAre("a.txt:4:1+4"));
  EXPECT_THAT(places("a[\\d-]z").size(), 2u);
  EXPECT_THAT(places("a[^\\W\\d]z"), ElementsAre("a.txt:1:1+4", "a.txt:5:1+3"));
  EXPECT_THAT(places("a[\\W]z").size(), 3u);
}

TEST_F(Grep, InvalidUtf8IsMatchedByFixedBytesOnly) {
  tree_.write("a.txt", "a\xFFz\nplain\n");
  build();
  EXPECT_THAT(places("a.z"), IsEmpty());
  EXPECT_THAT(places("a\xFFz", {.fixed = true}), ElementsAre("a.txt:1:1+3"));
  EXPECT_THAT(places("z$"), ElementsAre("a.txt:1:3+1"));
  EXPECT_EQ(error("a\xFF").code(), base::Code::kInvalidArgument);
}

TEST_F(Grep, CaseFoldsBeyondAscii) {
  tree_.write("a.txt",
              "\xE2\x84\xAA"
              "ey\nmi\xC5\xBF"
              "t\nKEY mist\n");  // the Kelvin sign, the long s
  build();
  EXPECT_THAT(places("key", {.ignore_case = true}).size(), 2u);
  EXPECT_THAT(places("MIST", {.ignore_case = true}).size(), 2u);
  EXPECT_THAT(places("key", {.ignore_case = true, .fixed = true}).size(), 2u);
}

TEST_F(Grep, AByteOrderMarkIsNoPartOfTheLine) {
  tree_.write("a.txt",
              "\xEF\xBB\xBF"
              "foo\nfoo\n");
  build();
  EXPECT_THAT(places("^foo"), ElementsAre("a.txt:1:4+3", "a.txt:2:1+3"));
  EXPECT_THAT(places("^foo", {.multiline = true}).size(), 2u);
}

TEST_F(Grep, FixedMeansNoOperators) {
  tree_.write("a.txt", "a.b\naxb\n(\n");
  build();
  EXPECT_THAT(places("a.b", {.fixed = true}), ElementsAre("a.txt:1:1+3"));
  EXPECT_THAT(places("A.B", {.ignore_case = true, .fixed = true}), ElementsAre("a.txt:1:1+3"));
  EXPECT_THAT(places("(", {.fixed = true}), ElementsAre("a.txt:3:1+1"));
}

TEST_F(Grep, ContextWindowsEndAtTheFile) {
  tree_.write("a.txt", "1\n2\n3\n4\n5");
  build();
  const GrepMatch match = grep("2|5", {.context = 2}).matches[0];
  EXPECT_EQ(match.start_line, 1);
  EXPECT_EQ(match.end_line, 4);
  EXPECT_EQ(match.snippet, "1\n2\n3\n4\n");
  EXPECT_EQ(grep("5", {.context = 2}).matches[0].snippet, "3\n4\n5");
}

TEST_F(Grep, KeepsTheFirstMatchesInPathOrder) {
  for (int i = 0; i < 300; ++i) tree_.write("f" + std::to_string(1000 + i), std::string(9000, 'x') + "\nhit\nhit\n");
  build();
  const GrepResult some = grep("hit", {.max_matches = 101});
  EXPECT_EQ(some.cut, GrepCut::kMaxMatches);
  ASSERT_EQ(some.matches.size(), 101u);
  for (size_t i = 0; i < 101; ++i) EXPECT_EQ(some.matches[i].path, "f" + std::to_string(1000 + i / 2));
  const GrepResult all = grep("hit", {.max_matches = 600});
  EXPECT_FALSE(all.truncated());
  EXPECT_EQ(all.total, 600u);
  EXPECT_EQ(all.files_searched, 300u);
}

TEST_F(Grep, PathsAndKindsNarrow) {
  tree_.write("src/a.cpp", "hit\n");
  tree_.write("src/a_test.cpp", "hit\n");
  tree_.write("srcx/b.cpp", "hit\n");
  tree_.write("README.md", "hit\n");
  tree_.write(".github/x.yml", "hit\n");
  build();
  const auto files = [this](GrepOptions options) {
    std::vector<std::string> all;
    for (const auto& match : grep("hit", options).matches) all.emplace_back(match.path);
    return all;
  };
  EXPECT_THAT(files({.paths = {"src"}}), ElementsAre("src/a.cpp", "src/a_test.cpp"));
  EXPECT_THAT(files({.paths = {"./src/a.cpp"}}), ElementsAre("src/a.cpp"));
  EXPECT_THAT(files({.paths = {"README.md", "srcx/"}}), ElementsAre("README.md", "srcx/b.cpp"));
  EXPECT_THAT(files({.paths = {"*.{md,yml}"}}), ElementsAre(".github/x.yml", "README.md"));
  EXPECT_THAT(files({.paths = {"src", "*.cpp", "*.md"}}), ElementsAre("src/a.cpp", "src/a_test.cpp"));
  EXPECT_THAT(files({.paths = {tree_.path() + "/srcx"}}), ElementsAre("srcx/b.cpp"));
  EXPECT_THAT(files({.paths = {"src/**", "!*_test.cpp"}}), ElementsAre("src/a.cpp"));
  EXPECT_THAT(files({.kind = Kind::kTests}), ElementsAre("src/a_test.cpp"));
  EXPECT_THAT(files({.kind = Kind::kDocs}), ElementsAre("README.md"));
  EXPECT_EQ(files({.hidden = false}).size(), 4u);
  EXPECT_EQ(files({.paths = {"."}}).size(), 5u);
}

TEST_F(Grep, BadPatternsAreRefusedWithTheReason) {
  build();
  EXPECT_EQ(error("a(").code(), base::Code::kInvalidArgument);
  EXPECT_THAT(error("a(").message(), ::testing::HasSubstr("unclosed group"));
  EXPECT_EQ(error("(?=x)", {.engine = GrepEngine::kDefault}).code(), base::Code::kInvalidArgument);
  EXPECT_EQ(error("((a{1000}){1000}){1000}").code(), base::Code::kInvalidArgument);
  EXPECT_EQ(error(std::string(20'000, 'x')).code(), base::Code::kInvalidArgument);
}

// --- random patterns on random text -------------------------------------------------------------------------------

class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::string text() {
    std::string out;
    for (unsigned n = below(400); n > 0; --n) out += kText[below(std::size(kText))];
    return out;
  }

  std::string pattern() {
    std::string out;
    for (unsigned n = 1 + below(4); n > 0; --n) out += part(2);
    return out;
  }

  unsigned below(size_t limit) { return static_cast<unsigned>(random_() % limit); }

 private:
  std::string part(int depth) {
    std::string out = kParts[below(std::size(kParts))];
    if (depth > 0 && below(4) == 0) out = "(?:" + part(depth - 1) + (below(2) ? "|" : "") + part(depth - 1) + ")";
    if (depth > 0 && below(6) == 0) out = "(" + part(depth - 1) + "|" + part(depth - 1) + ")";
    static constexpr const char* kRepeats[] = {"*", "+", "?", "{2}", "{0,2}", "+?"};
    if (!out.empty() && below(5) == 0) out += kRepeats[below(std::size(kRepeats))];
    return out;
  }

  static constexpr const char* kText[] = {
      "a", "b",        "ab",           "foo",  "bar", "A", "FOO",          "_", " ", "\n", "\n", "\r\n", "-", "1",
      ".", "\xC3\xA9", "\xE2\x82\xAC", "\xFF", "k",   "s", "\xE2\x84\xAA", "\t"};
  static constexpr const char* kParts[] = {"a",
                                           "b",
                                           "ab",
                                           "foo",
                                           "bar",
                                           "k",
                                           "s",
                                           ".",
                                           "\\w",
                                           "\\d",
                                           "\\s",
                                           "\\W",
                                           "[ab]",
                                           "[^a]",
                                           "[\\w-]",
                                           "\\.",
                                           "-",
                                           "^",
                                           "$",
                                           "fo",
                                           "\xC3\xA9",
                                           "1",
                                           " ",
                                           "[[:alpha:]]",
                                           "[^\\s]",
                                           "\\b",
                                           "\\B",
                                           "\\<",
                                           "\\>",
                                           "\\b{start-half}",
                                           "\\b{end-half}",
                                           "(?-u:\\b)",
                                           "(?-u:.)",
                                           "(?-u:\\xC3)",
                                           "[\\w&&[^a]]",
                                           "\\p{L}",
                                           "\\P{Lu}",
                                           "(?i:k)",
                                           "(?:)",
                                           "\\A",
                                           "\\z",
                                           "\\x{e9}",
                                           "[a-c--b]"};
  std::mt19937 random_;
};

// The slow twin: every line by itself, without RE2 and without a filter.
std::vector<std::string> line_by_line(const std::map<std::string, std::string>& files, const std::string& pattern,
                                      const GrepOptions& options) {
  auto parsed = parse_pattern(pattern, {.ignore_case = options.ignore_case});
  if (!parsed || !forbid_newlines(&parsed->root)) return {};
  const auto vm = GrepVm::compile(parsed->root);
  GrepVm::Scratch scratch;
  std::vector<std::string> found;
  for (const auto& [path, text] : files) {
    size_t begin = 0;
    for (int line = 1; begin < text.size(); ++line) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const auto match = vm->find(std::string_view(text).substr(begin, end - begin), 0, &scratch, [] { return false; });
      if (match) {
        found.push_back(path + ":" + std::to_string(line) + ":" + std::to_string(match->begin + 1) + "+" +
                        std::to_string(match->end - match->begin));
      }
      begin = end + 1;
    }
  }
  return found;
}

TEST_F(Grep, FindsWhatALineByLineScanFinds) {
  constexpr unsigned kSeed = 20261125;
  RandomText random(kSeed);
  std::map<std::string, std::string> files;
  for (int i = 0; i < 30; ++i) files["f" + std::to_string(100 + i)] = random.text();
  files["large"] = "";
  while (files["large"].size() < 5 * kBlockBytes) files["large"] += random.text();
  for (const auto& [path, text] : files) tree_.write(path, text);
  build();
  for (int i = 0; i < 200; ++i) {
    const std::string pattern = random.pattern();
    const GrepOptions options{.ignore_case = i % 3 == 0, .max_matches = 1'000'000};
    ASSERT_EQ(places(pattern, options), line_by_line(files, pattern, options)) << pattern;
  }
}

std::string ripgrep_program() {
  return PROMETHEAN_RIPGREP;
}

// "path:line" of every line that ripgrep prints.
std::set<std::string> ripgrep(const std::string& root, const std::string& pattern, const std::string& flags) {
  std::string quoted;
  for (const char c : pattern) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::string command = "cd '" + root + "' && " + ripgrep_program() +
                              " --no-config --no-heading --hidden --no-ignore -n -0 " + flags + " -e '" + quoted +
                              "' . 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::set<std::string> lines;
  std::string line;
  for (int c; (c = std::fgetc(pipe.get())) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const size_t nul = line.find('\0');
    const size_t colon = line.find(':', nul);
    if (nul != std::string::npos) lines.insert(line.substr(2, nul - 2) + ":" + line.substr(nul + 1, colon - nul - 1));
    line.clear();
  }
  return lines;
}

TEST_F(Grep, FindsTheLinesThatRipgrepFinds) {
  if (std::system((ripgrep_program() + " --version >/dev/null").c_str()) != 0)
    FAIL() << "ripgrep is not installed: scripts/bootstrap test";
  RandomText random(77);
  for (int i = 0; i < 12; ++i) tree_.write("f" + std::to_string(100 + i), random.text());
  build();
  for (int i = 0; i < 100; ++i) {
    const std::string pattern = random.pattern();
    GrepOptions options{.ignore_case = random.below(3) == 0, .word = random.below(4) == 0, .max_matches = 1'000'000};
    options.multiline = random.below(5) == 0;
    const std::string flags =
        std::string(options.ignore_case ? "-i " : "") + (options.word ? "-w " : "") + (options.multiline ? "-U " : "");
    std::set<std::string> lines;
    for (const GrepMatch& match : grep(pattern, options).matches) {
      for (int line = match.start_line; line <= match.end_line; ++line) {
        lines.insert(std::string(match.path) + ":" + std::to_string(line));
      }
    }
    EXPECT_EQ(lines, ripgrep(tree_.path(), pattern, flags)) << pattern << " " << flags;
  }
}

}  // namespace
}  // namespace promethean::search
