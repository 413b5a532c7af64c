#include "search/syntax.h"

#include <gmock/gmock.h>

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;

constexpr std::chrono::milliseconds kPatient{60'000};

SyntaxTree tree_of(Language language, std::string_view text, std::string_view path = "") {
  auto tree = SyntaxTree::parse(language, path, text, SyntaxBudget(kPatient), async::StopFlag());
  EXPECT_TRUE(tree.has_value());
  return std::move(*tree);
}

// "kind scope/name start-end" of every definition.
std::vector<std::string> read_tree(Language language, std::string_view text, std::string_view path = "") {
  const auto definitions = tree_of(language, text, path).definitions();
  std::vector<std::string> out;
  for (size_t i = 0; i < definitions.size(); ++i) {
    const Definition& d = definitions[i];
    std::string scope = definition_scope(language, definitions, i);
    if (!scope.empty()) scope += "/";
    out.push_back(std::string(kind_name(d.kind)) + " " + scope + std::string(d.name) + " " +
                  std::to_string(d.start_line) + "-" + std::to_string(d.end_line));
  }
  return out;
}

class SyntaxTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_grammar(Language::kC)) GTEST_SKIP() << "this build has no grammars";
  }
};

TEST_F(SyntaxTest, C) {
  EXPECT_THAT(read_tree(Language::kC, R"(#define MAX(a, b) \
  ((a) > (b) ? (a) : (b))
struct point { int x, y; };
typedef struct { int n; } box;
enum color { RED, GREEN = 2 };
static int (*handler)(int) = NULL;
extern int elsewhere;
int prototype(int a);
static struct point *make(int x,
                          int y)
{
  int local = 1;
  return NULL;
}
)"),
              ElementsAre("macro MAX 1-2", "struct point 3-3", "field point/x 3-3", "field point/y 3-3",
                          "struct box 4-4", "field box/n 4-4", "enum color 5-5", "constant color/RED 5-5",
                          "constant color/GREEN 5-5", "variable handler 6-6", "function make 9-14"));
}

TEST_F(SyntaxTest, Cpp) {
  EXPECT_THAT(read_tree(Language::kCpp, R"(namespace a::b {
template <typename T>
class Box final : public Base<T> {
 public:
  explicit Box(int n) : n_{n} { init(); }
  ~Box() { }
  bool operator==(const Box& o) const { return true; }
  int declared_only() const;
  int n_ = 0;
};
}  // namespace
using Alias = a::b::Box<int>;
void a::b::Box<int>::run(std::vector<int> v) noexcept {
}
)"),
              ElementsAre("namespace a/b 1-11", "class a::b/Box 2-10", "method a::b::Box/Box 5-5",
                          "method a::b::Box/~Box 6-6", "method a::b::Box/operator== 7-7", "field a::b::Box/n_ 9-9",
                          "type Alias 12-12", "method a::b::Box/run 13-14"));
}

TEST_F(SyntaxTest, Go) {
  EXPECT_THAT(
      read_tree(Language::kGo, R"(package a

const (
	A, B = 1, 2
)

type Box[T any] struct {
	n, m int
}

type Reader interface {
	Read(p []byte) (int, error)
}

func (b *Box[T]) Get() int {
	local := 1
	return local
}

func New() *Box[int] { return nil }
)"),
      ElementsAre("constant A 4-4", "constant B 4-4", "struct Box 7-9", "field Box/n 8-8", "field Box/m 8-8",
                  "interface Reader 11-13", "method Reader/Read 12-12", "method Box/Get 15-18", "function New 20-20"));
}

TEST_F(SyntaxTest, Python) {
  EXPECT_THAT(read_tree(Language::kPython, R"(LIMIT = 3
@decorate
class A(B):
    size = 1

    @property
    def f(self):
        local = 1
        def inner(): pass

async def g(): pass
)"),
              ElementsAre("constant LIMIT 1-1", "class A 2-9", "field A/size 4-4", "method A/f 6-9",
                          "function A.f/inner 9-9", "function g 11-11"));
}

TEST_F(SyntaxTest, TypeScript) {
  EXPECT_THAT(
      read_tree(Language::kTypeScript, R"(export interface Shape { area(): number; name: string }
export abstract class Square<T> implements Shape {
  side = 1;
  #secret = () => 2;
  constructor() { super(); }
  abstract grow(): void;
  async area(): Promise<number> { const x = 1; const f = () => x; return f(); }
}
export const make = (n: number) => new Square();
const LIMIT = 3;
type Alias = string | number;
enum Color { Red }
function generic<T>(a: T): T { return a; }
)"),
      ElementsAre("interface Shape 1-1", "method Shape/area 1-1", "property Shape/name 1-1", "class Square 2-8",
                  "property Square/side 3-3", "method Square/#secret 4-4", "constructor Square/constructor 5-5",
                  "method Square/grow 6-6", "method Square/area 7-7", "function Square.area/f 7-7", "function make 9-9",
                  "constant LIMIT 10-10", "type Alias 11-11", "enum Color 12-12", "function generic 13-13"));
  EXPECT_THAT(read_tree(Language::kTypeScript, "export const App = () => <div>{x as any}</div>;\n", "a.tsx"),
              ElementsAre("function App 1-1"));
}

TEST_F(SyntaxTest, Java) {
  EXPECT_THAT(read_tree(Language::kJava, R"(package a;
/** Doc. */
@Annotated
public class A extends B {
  private int x, y;
  A() { }
  @Override
  public <T> T get(T t) { return t; }
  enum Color { RED }
  interface I { int LIMIT = 3; void f(); }
}
)"),
              ElementsAre("class A 3-11", "field A/x 5-5", "field A/y 5-5", "constructor A/A 6-6", "method A/get 7-8",
                          "enum A/Color 9-9", "constant A.Color/RED 9-9", "interface A/I 10-10",
                          "constant A.I/LIMIT 10-10", "method A.I/f 10-10"));
}

TEST_F(SyntaxTest, Rust) {
  EXPECT_THAT(
      read_tree(Language::kRust, R"(mod inner;
pub struct Box<T> { n: T }
impl<T> Shape for Box<T> {
    fn area(&self) -> u32 { let x = 1; x }
}
trait Shape { fn area(&self) -> u32; }
enum Color { Red, Green(u8) }
const LIMIT: u32 = 3;
macro_rules! twice { () => {} }
fn main() {}
)"),
      ElementsAre("module inner 1-1", "struct Box 2-2", "field Box/n 2-2", "impl Box 3-5", "method Box/area 4-4",
                  "trait Shape 6-6", "method Shape/area 6-6", "enum Color 7-7", "constant Color/Red 7-7",
                  "constant Color/Green 7-7", "constant LIMIT 8-8", "macro twice 9-9", "function main 10-10"));
}

TEST_F(SyntaxTest, CommentsRightAboveBelongToADefinition) {
  const std::string_view text =
      "int a; // of a\n// One.\n// Two.\nint f(void) { return 1; }\n\n// Far.\n\nint g(void) { return 2; }\n";
  const auto tree = tree_of(Language::kC, text);
  const auto definitions = tree.definitions();
  ASSERT_EQ(definitions.size(), 3u);
  EXPECT_EQ(definitions[1].doc_line, 2u);
  EXPECT_EQ(definitions[2].doc_line, definitions[2].start_line);
  EXPECT_EQ(definition_signature(text, definitions[1]), "int f(void)");
}

TEST_F(SyntaxTest, TellsCodeFromTheRest) {
  const std::string_view text = "x = f\"x {x} x\"  # x\n";
  const auto tree = tree_of(Language::kPython, text);
  EXPECT_EQ(tree.within(0), "code");
  EXPECT_EQ(tree.within(6), "literal");
  EXPECT_EQ(tree.within(9), "code");
  EXPECT_EQ(tree.within(12), "literal");
  EXPECT_EQ(tree.within(18), "comment");
}

TEST_F(SyntaxTest, KnowsItsLimits) {
  const async::StopFlag stopped;
  stopped.stop();
  EXPECT_FALSE(SyntaxTree::parse(Language::kC, "", "int a;", SyntaxBudget(kPatient), stopped));
  EXPECT_FALSE(SyntaxTree::parse(Language::kC, "", "int a;", SyntaxBudget(kPatient, 3), {}));
  EXPECT_FALSE(SyntaxTree::parse(Language::kC, "", "int a;", SyntaxBudget(std::chrono::milliseconds(0)), {}));
  EXPECT_FALSE(SyntaxTree::parse(Language::kRuby, "", "def a; end", SyntaxBudget(kPatient), {}));
  // Long enough that the time is over before its end.
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "int f(void) { return 1; }\n";
  EXPECT_FALSE(SyntaxTree::parse(Language::kC, "", text, SyntaxBudget(std::chrono::milliseconds(20), 100 << 20), {}));
}

TEST_F(SyntaxTest, WhatDoesNotFitTheGrammarIsLeftToTheScanner) {
  const std::string_view good = "int f(void) { return 1; }\n";
  EXPECT_TRUE(read_definitions(Language::kC, "", good, SyntaxBudget(kPatient), {}).syntax);
  const std::string_view bad =
      "BEGIN(x)\nint f(void) { FOR_EACH(a, b) { } ) }\nSTATIC_FN int __init g(struct x *y MAYBE) HIDDEN\n{\n}\nint "
      "h(void) { return 1; }\n";
  const auto found = read_definitions(Language::kC, "", bad, SyntaxBudget(kPatient), {});
  std::vector<std::string> names;
  for (const Definition& d : found.list) names.emplace_back(d.name);
  EXPECT_THAT(names, IsSupersetOf({"f", "h"}));
}

TEST_F(SyntaxTest, DeepAndBrokenTextIsNoTrouble) {
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "{(";
  deep.insert(0, "int f() ");
  EXPECT_TRUE(tree_of(Language::kC, deep).has_errors());
  tree_of(Language::kC, deep).definitions();
  for (const Language language : {Language::kC, Language::kGo, Language::kPython, Language::kRust, Language::kJava}) {
    const auto tree = tree_of(language, "\xff\xfe \x01 class ] } def (\n");
    tree.definitions();
    tree.within(3);
  }
}

}  // namespace
}  // namespace promethean::search
