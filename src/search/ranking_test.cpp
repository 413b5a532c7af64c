#include "search/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/ranking_query.h"
#include "search/terms.h"

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Source {
  std::string path, text;
};

// One segment of an index, with its bytes.
class Segment {
 public:
  explicit Segment(const std::vector<Source>& sources) {
    LexicalBuilder builder;
    for (const Source& s : sources) {
      const FileClass c = classify(s.path, s.text);
      const auto definitions = scan_definitions(c.language, s.text);
      const auto chunks = chunk_file(s.text, definitions);
      builder.add({.path = s.path, .text = s.text, .file_class = c, .definitions = definitions, .chunks = chunks});
    }
    bytes_ = std::move(builder).finish();
    index_ = *LexicalIndex::open(bytes_);
  }
  Segment(const Segment&) = delete;
  const LexicalIndex& index() const { return *index_; }

 private:
  std::string bytes_;
  std::optional<LexicalIndex> index_;
};

std::vector<std::string> paths(std::span<const RankSegment> segments, std::string_view query,
                               const RankOptions& options = {}) {
  std::vector<std::string> out;
  for (const RankedChunk& hit : rank(segments, query, options, async::StopFlag())) {
    out.emplace_back(segments[hit.segment].index->file(hit.file).path);
  }
  return out;
}

std::vector<std::string> paths(const Segment& segment, std::string_view query, const RankOptions& options = {}) {
  const RankSegment one{&segment.index(), {}};
  return paths({&one, 1}, query, options);
}

const std::vector<Source>& sources() {
  static const std::vector<Source> kSources{
      {"src/walk/ignore.cpp",
       "// Patterns of .gitignore files.\nbool matches_ignore(const Pattern& p) {\n  return p.matches();\n}\n"},
      {"src/net/router.cpp", "class Router {\n public:\n  void add(Route r) { routes.push_back(r); }\n};\n"},
      {"src/net/server.cpp",
       "#include \"router.h\"\nvoid serve(Router& router) {\n  router.add(Route());\n  listen(router);\n}\n"},
      {"tests/router_test.cpp",
       "TEST(Router, Adds) {\n  Router router;\n  router.add(Route());\n  router.add(Route());\n}\n"},
      {"docs/routing.md", "# Routing\nThe router adds routes. A router is a Router.\n"},
  };
  return kSources;
}

TEST(Ranking, AQuestionFindsTheFileThatImplementsIt) {
  const Segment segment(sources());
  EXPECT_EQ(paths(segment, "Where is gitignore matching implemented?").front(), "src/walk/ignore.cpp");
}

TEST(Ranking, ABareSymbolLeadsToItsDefinition) {
  const Segment segment(sources());
  EXPECT_EQ(paths(segment, "Router").front(), "src/net/router.cpp");
  EXPECT_EQ(paths(segment, "Router::add").front(), "src/net/router.cpp");
  EXPECT_EQ(paths(segment, "`matches_ignore()`").front(), "src/walk/ignore.cpp");
}

TEST(Ranking, TestsComeLastUnlessAskedFor) {
  const Segment segment(sources());
  const auto plain = paths(segment, "router adds a route");
  EXPECT_NE(plain.front(), "tests/router_test.cpp");
  EXPECT_EQ(paths(segment, "test that the router adds a route").front(), "tests/router_test.cpp");
  EXPECT_THAT(paths(segment, "router", {.kind = RankKind::kTests}), ElementsAre("tests/router_test.cpp"));
}

TEST(Ranking, KindDocsGivesOnlyProse) {
  const Segment segment(sources());
  EXPECT_THAT(paths(segment, "how does the router work", {.kind = RankKind::kDocs}), ElementsAre("docs/routing.md"));
}

TEST(Ranking, AcceptLimitsThePaths) {
  const Segment segment(sources());
  const RankOptions only_net{.accept = [](std::string_view path) { return path.starts_with("src/net/"); }};
  for (const std::string& path : paths(segment, "router gitignore", only_net))
    EXPECT_TRUE(path.starts_with("src/net/")) << path;
}

TEST(Ranking, NothingForNothing) {
  const Segment segment(sources());
  EXPECT_THAT(paths(segment, ""), IsEmpty());
  EXPECT_THAT(paths(segment, "zzzz qqqq"), IsEmpty());
  EXPECT_THAT(paths(segment, "?!"), IsEmpty());
  EXPECT_THAT(rank({}, "router", {}, async::StopFlag()), IsEmpty());
}

TEST(Ranking, LimitCutsAndOrderIsByScore) {
  const Segment segment(sources());
  const RankSegment one{&segment.index(), {}};
  const auto all = rank({&one, 1}, "router", {.limit = 100}, async::StopFlag());
  const auto two = rank({&one, 1}, "router", {.limit = 2}, async::StopFlag());
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].chunk, all[0].chunk);
  for (size_t i = 1; i < all.size(); ++i) EXPECT_GE(all[i - 1].score, all[i].score);
}

// Files spread over segments, some replaced, answer as one segment with the same files would.
TEST(Ranking, SegmentsAnswerAsOne) {
  const Segment whole(sources());
  const Segment first({sources()[0], sources()[1]}), second({sources()[2], sources()[3], sources()[4]});
  const std::vector<RankSegment> split{{&first.index(), {}}, {&second.index(), {}}};
  for (std::string_view query : {"router", "gitignore patterns", "how is a route added", "Route", "listen"}) {
    EXPECT_EQ(paths(split, query), paths(whole, query)) << query;
  }
}

TEST(Ranking, RemovedFilesGiveNoHits) {
  const Segment segment(sources());
  const uint64_t removed[] = {1u << 1};
  const std::vector<RankSegment> segments{{&segment.index(), removed}};
  EXPECT_THAT(paths(segments, "Router"), testing::Not(testing::Contains("src/net/router.cpp")));
}

TEST(Ranking, RepeatsOfAFileCountLess) {
  std::string large;
  for (int f = 0; f < 8; ++f) {
    large += "void parse_config_" + std::to_string(f) + "() {\n";
    for (int i = 0; i < 40; ++i) large += "  config.parse(value);\n";
    large += "}\n\n";
  }
  const Segment segment({{"src/large.cpp", large}, {"src/other.cpp", "void other() {\n  config.parse(value);\n}\n"}});
  const auto found = paths(segment, "parse config", {.limit = 4});
  EXPECT_EQ(found.front(), "src/large.cpp");
  EXPECT_THAT(found, testing::Contains("src/other.cpp"));
}

TEST(Query, DropsTheWordsOfQuestions) {
  const Query query = analyze("Where is gitignore matching implemented?");
  ASSERT_EQ(query.terms.size(), 2u);
  EXPECT_EQ(query.terms[0].text, stem("gitignore"));
  EXPECT_EQ(query.terms[1].text, "match");
  EXPECT_FALSE(query.bare);
}

TEST(Query, KeepsStopWordsWhenThereIsNothingElse) {
  EXPECT_FALSE(analyze("what is this").terms.empty());
  EXPECT_TRUE(analyze("use").bare);
}

TEST(Query, FindsIdentifiersInProse) {
  const Query query = analyze("how does `open` differ from read_file, HttpServer::listen() and foo.bar?");
  std::vector<std::string> sure;
  for (const QueryIdentifier& i : query.identifiers) {
    if (i.sure) sure.push_back(i.scope + "/" + i.name);
  }
  EXPECT_THAT(sure, ElementsAre("/open", "/read_file", "HttpServer/listen", "foo/bar"));
}

TEST(Query, SaysWhatKindOfFileIsWanted) {
  EXPECT_TRUE(analyze("tests of the parser").wants_tests);
  EXPECT_TRUE(analyze("documentation for the CLI").wants_docs);
  EXPECT_TRUE(analyze("an example of a plugin").wants_aside);
  EXPECT_FALSE(analyze("the latest parser").wants_tests);
}

TEST(Query, IsBoundedForHugeText) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "word" + std::to_string(i) + " ";
  const Query query = analyze(text);
  EXPECT_LE(query.terms.size(), kMaxQueryTerms);
  EXPECT_LE(query.identifiers.size(), kMaxQueryTerms);
}

}  // namespace
}  // namespace promethean::search
