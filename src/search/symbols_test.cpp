// find and refs over a real index of a small tree.
#include <gmock/gmock.h>

#include "repo/test_tree.h"
#include "search/index.h"

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SymbolsTest : public ::testing::Test {
 protected:
  void take_in() {
    index_ = std::move(*Index::open({.root = tree_.path(), .state_dir = state_.path()}, base::Log()));
    ASSERT_TRUE(index_->update({}, async::StopFlag()).has_value());
  }
  SymbolsFound find(const SymbolQuery& query) const { return index_->snapshot()->find_symbols(query, {}); }
  ReferencesFound refs(const ReferenceQuery& query) const { return index_->snapshot()->find_references(query, {}); }

  static std::vector<std::string> names(const SymbolsFound& found) {
    std::vector<std::string> out;
    for (const Symbol& s : found.symbols) out.push_back(std::string(match_name(s.match)) + " " + s.name);
    return out;
  }
  static std::vector<std::string> places(const ReferencesFound& found) {
    std::vector<std::string> out;
    for (const Reference& r : found.references) {
      out.push_back(r.path + ":" + std::to_string(r.line) + ":" + std::to_string(r.column) + " " +
                    std::string(r.within) + " " + std::string(relation_name(r.relation)));
    }
    return out;
  }

  repo::TestTree tree_, state_;
  std::unique_ptr<Index> index_;
};

TEST_F(SymbolsTest, RanksExactPrefixPartAndLooksAlike) {
  tree_.write("a.py", "def router(): pass\ndef router_options(): pass\ndef http_router(): pass\nclass Router: pass\n");
  tree_.write("b.py", "def ruoter(): pass\ndef other(): pass\n");
  take_in();
  EXPECT_THAT(names(find({.name = "Router"})),
              ElementsAre("exact Router", "exact router", "prefix router_options", "substring http_router"));
  EXPECT_THAT(names(find({.name = "Router", .loosest = NameMatch::kExact})),
              ElementsAre("exact Router", "exact router"));
  EXPECT_THAT(
      names(find({.name = "Router", .loosest = NameMatch::kFuzzy})),
      ElementsAre("exact Router", "exact router", "prefix router_options", "substring http_router", "fuzzy ruoter"));
  EXPECT_THAT(names(find({.name = "Router", .best_only = true})), ElementsAre("exact Router", "exact router"));
  const auto similar = find({.name = "rooter", .fuzzy_if_none = true});
  EXPECT_EQ(similar.symbols[0].match, NameMatch::kFuzzy);
  EXPECT_THAT(similar.note, HasSubstr("similar"));
}

TEST_F(SymbolsTest, FiltersBeforeItCuts) {
  for (int i = 0; i < 30; ++i) tree_.write("many/f" + std::to_string(i) + ".c", "int get(void)\n{\n  return 1;\n}\n");
  tree_.write("z/last.py", "class get:\n  pass\n");
  take_in();
  const auto all = find({.name = "get", .limit = 5});
  EXPECT_EQ(all.total, 31u);
  EXPECT_THAT(all.symbols, SizeIs(5));
  const auto classes = find({.name = "get", .kind = DefinitionKind::kClass, .limit = 5});
  EXPECT_EQ(classes.total, 1u);
  EXPECT_EQ(classes.symbols[0].path, "z/last.py");
  EXPECT_EQ(find({.name = "get", .files = {.language = Language::kPython}, .limit = 5}).total, 1u);
  EXPECT_EQ(find({.name = "get", .files = {.path_part = "f1"}, .limit = 5}).total, 11u);
  EXPECT_EQ(find({.name = "get", .files = {.paths = {"many", "!many/f1*"}}, .limit = 5}).total, 19u);
}

TEST_F(SymbolsTest, AQualifiedNameNeedsItsScope) {
  tree_.write("src/router.cpp", "namespace http {\nclass Router {\n public:\n  void add() {\n  }\n};\n}\n");
  tree_.write("other.cpp", "void add() {\n}\nvoid Other::add_all() {\n}\n");
  take_in();
  const auto qualified = find({.name = "Router::add"});
  ASSERT_THAT(names(qualified), ElementsAre("exact add"));
  EXPECT_EQ(qualified.symbols[0].path, "src/router.cpp");
  EXPECT_EQ(qualified.symbols[0].line, 4);
  EXPECT_EQ(qualified.symbols[0].scope, "http::Router");
  EXPECT_THAT(names(find({.name = "other.add"})), ElementsAre("prefix add_all"));
  EXPECT_EQ(find({.name = "Nobody::add"}).total, 0u);
}

TEST_F(SymbolsTest, ANameMayHoldWhatJoinsNames) {
  tree_.write("guide.md", "# 3.1 Setup of foo.bar\n");
  take_in();
  EXPECT_THAT(names(find({.name = "foo.bar"})), ElementsAre("substring 3.1 Setup of foo.bar"));
}

TEST_F(SymbolsTest, WithoutADefinitionTheWordItself) {
  tree_.write("deploy.yaml", "service:\n  flux_capacitor: on\n  other: flux_capacitor_x\n");
  tree_.write("a.py", "flux_capacitor()\n");
  take_in();
  const auto found = find({.name = "flux_capacitor", .textual_if_none = true});
  ASSERT_EQ(found.total, 2u);
  EXPECT_EQ(found.symbols[0].path, "a.py");
  EXPECT_EQ(found.symbols[1].tier, Tier::kTextual);
  EXPECT_EQ(found.symbols[1].line, 2);
  EXPECT_THAT(found.note, HasSubstr("yaml"));
  EXPECT_EQ(find({.name = "FLUX_CAPACITOR", .textual_if_none = true}).total, 2u);

  const auto yaml = find({.name = "flux_capacitor", .textual_if_none = true, .files = {.language = Language::kYaml}});
  EXPECT_EQ(yaml.total, 1u);
  const auto nothing = find({.name = "no_such_word", .textual_if_none = true, .files = {.language = Language::kYaml}});
  EXPECT_EQ(nothing.total, 0u);
  EXPECT_THAT(nothing.note, HasSubstr("definitions in yaml are not known"));
}

TEST_F(SymbolsTest, AnUnknownLanguageJoinsSimilarDefinitions) {
  tree_.write("entry.S", "entry_syscall:\n  ret\n");
  tree_.write("a.c", "int entry_syscall_table(void)\n{\n  return 1;\n}\n");
  take_in();
  EXPECT_THAT(names(find({.name = "entry_syscall", .textual_if_none = true})),
              ElementsAre("prefix entry_syscall_table", "text entry_syscall"));
}

TEST_F(SymbolsTest, GivesComments) {
  tree_.write("a.cpp", "/**\n * Adds two numbers.\n * Slowly.\n */\nint add(int a, int b) {\n  return a + b;\n}\n");
  tree_.write("b.py", "def add(\n    a, b):\n    \"\"\"Adds in Python.\n\n    Quickly.\n    \"\"\"\n    return 1\n");
  take_in();
  const auto found = find({.name = "add", .comments = true});
  ASSERT_THAT(found.symbols, SizeIs(2));
  EXPECT_EQ(found.symbols[0].comment, "Adds two numbers.\nSlowly.");
  EXPECT_EQ(found.symbols[1].comment, "Adds in Python.\nQuickly.");
  EXPECT_EQ(find({.name = "add"}).symbols[0].comment, "");
}

TEST_F(SymbolsTest, UsesAreWholeWordsOutsideOfDefinitions) {
  tree_.write("lib/router.h", "int route(int x);\n");
  tree_.write("lib/router.c",
              "#include \"router.h\"\nint route(int x)\n{\n  return x ? route(x - 1) : 0; /* route ends */\n}\n");
  tree_.write("lib/help.c", "int help(void)\n{\n  return route(1) + reroute(2);\n}\n");
  tree_.write("app/main.c",
              "#include \"lib/router.h\"\nint main(void)\n{\n  puts(\"route\");\n  return route(3);\n}\n");
  tree_.write("a.c", "int a(void)\n{\n  return route(4);\n}\n");
  tree_.write("README.md", "# Use\nCall route to route.\n");
  take_in();
  const auto found = refs({.name = "route"});
  EXPECT_THAT(places(found),
              ElementsAre("lib/router.c:4:14 code same_file", "lib/help.c:3:10 code same_folder",
                          "lib/router.h:1:5 code same_folder", "app/main.c:5:10 code importer", "a.c:3:10 code other",
                          "lib/router.c:4:35 comment same_file", "app/main.c:4:9 literal importer",
                          "README.md:2:6 text other", "README.md:2:15 text other"));
  EXPECT_EQ(found.total, 9u);
  EXPECT_EQ(found.files, 6u);
  ASSERT_THAT(found.definitions, SizeIs(1));
  EXPECT_EQ(found.definitions[0].path, "lib/router.c");
  EXPECT_EQ(found.references[1].scope, "help");
  EXPECT_TRUE(found.references[0].syntactic);
  EXPECT_FALSE(found.references[6].syntactic);

  const auto few = refs({.name = "route", .files = {.path_part = "lib/"}, .limit = 2, .context = 1});
  EXPECT_EQ(few.total, 4u);
  ASSERT_THAT(few.references, SizeIs(2));
  EXPECT_EQ(few.references[0].snippet, "{\n  return x ? route(x - 1) : 0; /* route ends */\n}\n");
  EXPECT_EQ(few.references[0].start_line, 3);
}

TEST_F(SymbolsTest, CodeThatThePreprocessorLeavesOutIsCode) {
  tree_.write("a.c", "#if 0\nint f(void) { return used(); }\n#endif\n#define USE used /* used */\n");
  take_in();
  EXPECT_THAT(places(refs({.name = "used"})),
              ElementsAre("a.c:2:22 code other", "a.c:4:13 code other", "a.c:4:21 comment other"));
}

TEST_F(SymbolsTest, ShortAndOddNamesAreFoundToo) {
  tree_.write("a.js", "const $x = q;\nq($x);\n");
  take_in();
  EXPECT_EQ(refs({.name = "q"}).total, 2u);
  EXPECT_EQ(refs({.name = "$x"}).total, 1u);  // its definition does not count
  const auto none = refs({.name = "nowhere"});
  EXPECT_EQ(none.total, 0u);
  EXPECT_THAT(none.note, HasSubstr("does not stand"));
  EXPECT_THAT(refs({.name = "::"}).note, HasSubstr("no name"));
}

TEST_F(SymbolsTest, CountsWhatGlobsHold) {
  tree_.write("a.py", "def f(): pass\ndef g(): pass\n");
  tree_.write("sub/b.py", "def f(): pass\n");
  tree_.write("c.txt", "x\n");
  take_in();
  const auto snapshot = index_->snapshot();
  EXPECT_EQ(snapshot->count_symbols({}).files, 3u);
  EXPECT_EQ(snapshot->count_symbols({"*.py"}).symbols, 3u);
  EXPECT_EQ(snapshot->count_symbols({"*.py", "!sub/*"}).symbols, 2u);
}

}  // namespace
}  // namespace promethean::search
