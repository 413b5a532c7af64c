#include "search/definitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::search {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Not;

// "kind scope.name start-end" of every definition.
std::vector<std::string> scan(Language language, std::string_view text) {
  const auto definitions = scan_definitions(language, text);
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

TEST(Definitions, C) {
  EXPECT_THAT(scan(Language::kC, R"(#define MAX(a, b) \
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
  if (x) { return NULL; }
  return NULL;
}
)"),
              ElementsAre("macro MAX 1-2", "struct point 3-3", "field point/x 3-3", "field point/y 3-3",
                          "struct box 4-4", "field box/n 4-4", "enum color 5-5", "constant color/RED 5-5",
                          "constant color/GREEN 5-5", "variable handler 6-6", "function make 9-14"));
}

TEST(Definitions, PreprocessorBranchesDoNotUnbalanceBraces) {
  EXPECT_THAT(scan(Language::kC, R"(#ifdef A
int f(int a) {
#else
int f(void) {
#endif
  return 1;
}
#if 0
int never(void) { return 0; }
#endif
int g(void) { return 2; }
)"),
              ElementsAre("function f 2-7", "function g 11-11"));
}

TEST(Definitions, TypesInsideOfFunctionsAndNothingElseThere) {
  EXPECT_THAT(scan(Language::kCpp, R"(void f() {
  struct Local : Base<int> {
    int run() { return 1; }
  };
  struct Local one = {1};
  struct alignas(64) Wide {};
  enum class Color { kRed };
  for (struct point p; p.x < 1;) { int nothing = 1; }
}
)"),
              ElementsAre("function f 1-9", "struct f/Local 2-4", "method f::Local/run 3-3", "struct f/Wide 6-6",
                          "enum f/Color 7-7", "constant f::Color/kRed 7-7"));
}

TEST(Definitions, AMacroAloneOnItsLineEndsBeforeADirective) {
  EXPECT_THAT(scan(Language::kC, "DEFINE_STACK_OF(A, B)\n#define f(x) g(x)\n\nstruct a {\n  int n;\n};\n"),
              ElementsAre("macro f 2-2", "struct a 4-6", "field a/n 5-5"));
}

TEST(Definitions, PrivateNamesOfJavaScriptKeepTheirMark) {
  EXPECT_THAT(
      scan(Language::kTypeScript, "class A {\n  #n = 1;\n  async #run(): Promise<void> {}\n  static #make() {}\n}\n"),
      ElementsAre("class A 1-5", "property A/#n 2-2", "method A/#run 3-3", "method A/#make 4-4"));
}

TEST(Definitions, OldStyleCFunctions) {
  EXPECT_THAT(scan(Language::kC, "int f(a, b)\n  int a;\n  char *b;\n{\n  return a;\n}\n"),
              ElementsAre("function f 1-6"));
}

TEST(Definitions, Cpp) {
  EXPECT_THAT(
      scan(Language::kCpp, R"(namespace a::b {
EXPORT_NAMESPACE_BEGIN
template <typename T, class = std::enable_if_t<(sizeof(T) > 1)>>
class API Box final : public Base<T> {
 public:
  explicit Box(int n) : n_{n}, m_(n) { init(); }
  ~Box() { }
  bool operator==(const Box& o) const { return true; }
  int declared_only() const;
  auto size() const -> size_t { return n_; }
 private:
  int n_ = 0;
};
}  // namespace
using Alias = a::b::Box<int>;
void a::b::Box<int>::run(std::vector<int> v) noexcept try {
} catch (...) {
}
auto kTable = std::to_array<int>({1, 2});
enum class Mode : uint8_t { kOn, kOff };
)"),
      IsSupersetOf({"namespace a/b 1-14", "class a::b/Box 3-13", "method a::b::Box/Box 6-6",
                    "method a::b::Box/~Box 7-7", "method a::b::Box/operator== 8-8", "method a::b::Box/size 10-10",
                    "field a::b::Box/n_ 12-12", "type Alias 15-15", "enum Mode 20-20", "constant Mode/kOff 20-20"}));
}

TEST(Definitions, CppLinesInsideRawStringsAndCommentsAreText) {
  EXPECT_THAT(scan(Language::kCpp,
                   "const char* a = R\"x(\nvoid f() {\n)x\";\n/* void g() { */ // void h() {\nvoid real() {}\n"),
              ElementsAre("variable a 1-3", "function real 5-5"));
}

TEST(Definitions, Python) {
  EXPECT_THAT(scan(Language::kPython, R"(LIMIT = 3
@decorator(
    "x")
async def fetch(a: dict[str, int] = {},
                b=1) -> None:
    """Doc: def not_me(): pass"""
    def inner():
        return 1
    x = 2

class A(Base):
    kind: str = "a"

    @property
    def name(self):
        return self.kind
# end
value: int = 4
)"),
              ElementsAre("variable LIMIT 1-1", "function fetch 2-9", "function fetch/inner 7-8", "class A 11-16",
                          "variable A/kind 12-12", "method A/name 14-16", "variable value 18-18"));
}

TEST(Definitions, Go) {
  EXPECT_THAT(scan(Language::kGo, R"(package a

const (
	One = iota
	Two
)
var x, y = 1, 2
type Shape interface {
	Area() float64
	fmt.Stringer
}
type Box[T any] struct {
	*Base
	w, h int
}
func (b *Box[T]) Area() (r interface{}, err error) {
	return nil, nil
}
func Map[K comparable](f func(K) struct{}) map[K]struct{} {
	return nil
}
)"),
              ElementsAre("constant One 4-4", "constant Two 5-5", "variable x 7-7", "variable y 7-7",
                          "interface Shape 8-11", "method Shape/Area 9-9", "struct Box 12-15", "field Box/Base 13-13",
                          "field Box/w 14-14", "field Box/h 14-14", "method Box/Area 16-18", "function Map 19-21"));
}

TEST(Definitions, Rust) {
  EXPECT_THAT(scan(Language::kRust, R"(/// Doc.
#[derive(Debug)]
pub struct Point<'a> { pub x: &'a str, y: HashMap<u8, u8> }
impl<'a, T: Fn() -> u8> Trait<T> for Point<'a> where T: Copy {
    const N: u8 = 'x' as u8;
    fn run(&self) -> Result<(), ()> { let c = '{'; Ok(()) }
}
macro_rules! m { ($e:expr) => { fn not_me() {} }; }
pub(crate) async unsafe fn go() {}
mod tests {
    #[test]
    fn works() {}
}
enum E { A, B(u8) }
)"),
              ElementsAre("struct Point 2-3", "field Point/x 3-3", "field Point/y 3-3", "impl Point 4-7",
                          "constant Point/N 5-5", "method Point/run 6-6", "macro m 8-8", "function go 9-9",
                          "module tests 10-13", "function tests/works 11-12", "enum E 14-14", "constant E/A 14-14",
                          "constant E/B 14-14"));
}

TEST(Definitions, Java) {
  EXPECT_THAT(
      scan(Language::kJava, R"(package a.b;
import x.Y;
@Deprecated
public class A<T extends B> implements C {
  private static final Map<String, List<T>> map = new HashMap<>() {{ put("x", null); }};
  public A(int n) { }
  @Override
  public <R> R run(Function<T, R> f) throws IOException {
    return null;
  }
  enum Kind { ONE, TWO { void x() {} }; int value; }
  interface I { void f(); }
  @interface Marker { String value() default ""; }
}
record P(int x, int y) { }
)"),
      IsSupersetOf({"class A 3-14", "field A/map 5-5", "constructor A/A 6-6", "method A/run 7-10", "enum A/Kind 11-11",
                    "constant A.Kind/ONE 11-11", "constant A.Kind/TWO 11-11", "field A.Kind/value 11-11",
                    "interface A/I 12-12", "method A.I/f 12-12", "interface A/Marker 13-13", "class P 15-15"}));
}

TEST(Definitions, TypeScript) {
  EXPECT_THAT(scan(Language::kTypeScript, R"(import { a } from 'a'
export type Maybe<T = any> = T | null
export interface Shape<T> extends Base<T> {
  area(): number
  name?: string
}
export default class Box<T> implements Shape<T> {
  private readonly w: number = 1
  static async make<T>(o: { a: number }): Promise<Box<T>> {
    return new Box()
  }
  handler = (e: Event) => { return e }
}
export const run = async (x: number): Promise<void> => {
  const local = `${x} { \``
}
export function load(re = /[{/]/g): asserts re is RegExp {
}
enum Mode { On, Off }
declare namespace NS { const inner: number }
)"),
              ElementsAre("type Maybe 2-2", "interface Shape 3-6", "method Shape/area 4-4", "property Shape/name 5-5",
                          "class Box 7-13", "property Box/w 8-8", "method Box/make 9-11", "method Box/handler 12-12",
                          "function run 14-16", "function load 17-18", "enum Mode 19-19", "constant Mode/On 19-19",
                          "constant Mode/Off 19-19", "namespace NS 20-20", "constant NS/inner 20-20"));
}

TEST(Definitions, JavaScriptFunctionsBoundToNames) {
  EXPECT_THAT(scan(Language::kJavaScript, R"(exports.parse = function (text) {
  return text / 2 / 1;
};
App.prototype.run = async () => {
};
module.exports = {
  start() { },
  stop: function () { },
};
)"),
              IsSupersetOf({"function parse 1-3", "function App/run 4-5", "method start 7-7", "method stop 8-8"}));
}

TEST(Definitions, CSharp) {
  EXPECT_THAT(
      scan(
          Language::kCSharp,
          "\xEF\xBB\xBFnamespace A.B;\n[Attr]\npublic partial class C<T> : D where T : new()\n{\n  public int N { get; "
          "set; } = 1;\n"
          "  public int M => 2;\n  string s = @\"a\"\"{\";\n  public async Task<T> Run(int a = 1) => await X(a);\n}\n"),
      ElementsAre("namespace A.B 1-9", "class A.B/C 2-9", "property A.B.C/N 5-5", "property A.B.C/M 6-6",
                  "field A.B.C/s 7-7", "method A.B.C/Run 8-8"));
}

TEST(Definitions, KeywordLanguages) {
  EXPECT_THAT(scan(Language::kKotlin,
                   "class A(val x: Int) {\n  companion object {\n    fun make() = A(1)\n  }\n}\nfun <T> "
                   "List<T>.second(): T =\n    this[1]\n"),
              ElementsAre("class A 1-5", "method A/make 3-3", "function List/second 6-7"));
  EXPECT_THAT(
      scan(Language::kSwift,
           "public struct S: P {\n  let x = 1\n  init(a: Int) { }\n  func f<T>(_ t: T) -> T {\n    t\n  "
           "}\n}\nextension S { }\n"),
      ElementsAre("struct S 1-7", "property S/x 2-2", "constructor S/init 3-3", "method S/f 4-6", "impl S 8-8"));
  EXPECT_THAT(scan(Language::kPhp,
                   "<?php\nnamespace A;\nabstract class B {\n  private ?int $n = 1;\n  public function f(): int { "
                   "return \"{$x}\"; }\n}\n"),
              ElementsAre("class B 3-6", "property B/$n 4-4", "method B/f 5-5"));
  EXPECT_THAT(scan(Language::kShell, "function a {\n  echo \"${x}\" # }\n}\nb-c() {\n  cat <<EOF\n}\nEOF\n}\n"),
              ElementsAre("function a 1-3", "function b-c 4-8"));
  EXPECT_THAT(scan(Language::kZig,
                   "const S = struct {\n    x: u8,\n    pub fn f(self: S) void {}\n};\ntest \"it works\" {\n}\n"),
              ElementsAre("struct S 1-4", "method S/f 3-3", "test it works 5-6"));
}

TEST(Definitions, BlockLanguages) {
  EXPECT_THAT(
      scan(Language::kRuby,
           "module A\n  class B < C\n    def self.make(x)\n      x if x\n    end\n    def one = 1\n    def [](k)\n     "
           " k\n    end\n  end\nend\n"),
      ElementsAre("module A 1-11", "class A/B 2-10", "method A.B/make 3-5", "method A.B/one 6-6", "method A.B/[] 7-9"));
  EXPECT_THAT(scan(Language::kElixir,
                   "defmodule A.B do\n  @doc \"\"\"\n  def no\n  \"\"\"\n  def f(x), do: x\n  defp g(x) do\n    x\n  "
                   "end\nend\n"),
              ElementsAre("module A/B 1-9", "function A.B/f 5-5", "function A.B/g 6-8"));
  EXPECT_THAT(scan(Language::kLua,
                   "local M = {}\nfunction M.a(x)\n  return x\nend\nM.b = function()\nend\n--[[ function no() ]]\n"),
              ElementsAre("variable M 1-1", "function M/a 2-4", "function M/b 5-6"));
  EXPECT_THAT(
      scan(Language::kHaskell, "module A.B where\ndata T = X | Y\nf :: Int -> Int\nf 0 = 1\nf n = n\n  where g = 1\n"),
      ElementsAre("module B 1-1", "type T 2-2", "function f 3-6"));
}

TEST(Definitions, LineFormats) {
  EXPECT_THAT(scan(Language::kMarkdown, "# A\ntext\n## B\n```\n# no\n```\n# C\n"),
              ElementsAre("heading A 1-6", "heading A/B 3-6", "heading C 7-7"));
  EXPECT_THAT(scan(Language::kMakefile, "X := 1\nall: a b\n\techo\n\ttrue\n\nclean:\n\trm\n"),
              ElementsAre("target all 2-4", "target clean 6-7"));
  EXPECT_THAT(scan(Language::kSql, "CREATE TABLE IF NOT EXISTS a.users (\n id int\n);\n"),
              ElementsAre("table users 1-3"));
}

TEST(Definitions, CarryTheirCommentAndSignature) {
  const std::string_view text = "int x;\n\n// Adds.\n// Twice.\nint add(int a,\n        int b) {\n  return a;\n}\n";
  const auto definitions = scan_definitions(Language::kCpp, text);
  ASSERT_EQ(definitions.size(), 2u);
  EXPECT_EQ(definitions[1].doc_line, 3u);
  EXPECT_EQ(definition_signature(text, definitions[1]), "int add(int a, int b)");
  EXPECT_EQ(definition_signature(text, definitions[1], 7).size(), 7u);
}

TEST(Definitions, BrokenTextGivesLessButNeverHangs) {
  for (int language = 0; language < kLanguageCount; ++language) {
    for (std::string_view text : {"", "{", "}}}}", "class", "def f(", "\"", "'", "/*", "`${`${", "@interface", "<<EOF",
                                  "#if\n#else", "fn <", "((((", "R\"("}) {
      scan_definitions(static_cast<Language>(language), text);
    }
  }
}

TEST(Definitions, BracketsThatDoNotPairAreNotWalkedAgainAndAgain) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "sub f" + std::to_string(i) + " {\n  if ((x {\n";
  for (const Language language : {Language::kPerl, Language::kShell, Language::kPhp, Language::kKotlin}) {
    EXPECT_LT(scan_definitions(language, text + "}}\n").size(), 200u);
  }
}

TEST(Definitions, DeepNestingIsBounded) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "class A{";
  for (Language language :
       {Language::kCpp, Language::kJava, Language::kTypeScript, Language::kKotlin, Language::kRust}) {
    EXPECT_THAT(scan(language, text), Not(Contains("class B 1-1")));
  }
}

}  // namespace
}  // namespace promethean::search
