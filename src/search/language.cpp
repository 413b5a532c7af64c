#include "search/language.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.h"

namespace promethean::search {
namespace {

using enum Language;

struct Named {
  std::string_view name;
  Language language;
};

constexpr std::array<std::string_view, kLanguageCount> kNames{
    "unknown",  "c",      "cpp",   "python",  "javascript", "typescript", "go",         "rust",  "java",
    "csharp",   "kotlin", "swift", "ruby",    "php",        "scala",      "shell",      "lua",   "elixir",
    "haskell",  "zig",    "dart",  "perl",    "sql",        "markdown",   "makefile",   "cmake", "html",
    "css",      "json",   "yaml",  "toml",    "xml",        "proto",      "vue",        "objc",  "erlang",
    "ocaml",    "fsharp", "r",     "julia",   "clojure",    "groovy",     "powershell", "rst",   "dockerfile",
    "assembly", "text",   "nim",   "crystal", "vim",        "graphql"};

// Lower-case extensions, sorted for binary search.
constexpr auto kExtensions = std::to_array<Named>({
    {"ads", kUnknown},
    {"asm", kAssembly},
    {"bash", kShell},
    {"bats", kShell},
    {"c", kC},
    {"c++", kCpp},
    {"cc", kCpp},
    {"cfg", kToml},
    {"cjs", kJavaScript},
    {"clj", kClojure},
    {"cljc", kClojure},
    {"cljs", kClojure},
    {"cmake", kCMake},
    {"conf", kText},
    {"cpp", kCpp},
    {"cr", kCrystal},
    {"cs", kCSharp},
    {"csproj", kXml},
    {"css", kCss},
    {"csv", kText},
    {"cts", kTypeScript},
    {"cu", kCpp},
    {"cuh", kCpp},
    {"cxx", kCpp},
    {"dart", kDart},
    {"erl", kErlang},
    {"ex", kElixir},
    {"exs", kElixir},
    {"fs", kFSharp},
    {"fsx", kFSharp},
    {"gemspec", kRuby},
    {"go", kGo},
    {"gql", kGraphQl},
    {"gradle", kGroovy},
    {"graphql", kGraphQl},
    {"groovy", kGroovy},
    {"h", kC},
    {"h++", kCpp},
    {"hh", kCpp},
    {"hpp", kCpp},
    {"hrl", kErlang},
    {"hs", kHaskell},
    {"htm", kHtml},
    {"html", kHtml},
    {"hxx", kCpp},
    {"inc", kC},
    {"ini", kToml},
    {"inl", kCpp},
    {"ipp", kCpp},
    {"java", kJava},
    {"jl", kJulia},
    {"js", kJavaScript},
    {"json", kJson},
    {"jsonc", kJson},
    {"jsx", kJavaScript},
    {"kt", kKotlin},
    {"kts", kKotlin},
    {"less", kCss},
    {"lhs", kHaskell},
    {"lua", kLua},
    {"m", kObjectiveC},
    {"markdown", kMarkdown},
    {"md", kMarkdown},
    {"mdx", kMarkdown},
    {"mjs", kJavaScript},
    {"mk", kMakefile},
    {"ml", kOCaml},
    {"mli", kOCaml},
    {"mm", kObjectiveC},
    {"mts", kTypeScript},
    {"nim", kNim},
    {"php", kPhp},
    {"pl", kPerl},
    {"pm", kPerl},
    {"proto", kProto},
    {"ps1", kPowerShell},
    {"psm1", kPowerShell},
    {"py", kPython},
    {"pyi", kPython},
    {"pyx", kPython},
    {"r", kR},
    {"rake", kRuby},
    {"rb", kRuby},
    {"rs", kRust},
    {"rst", kRst},
    {"s", kAssembly},
    {"sass", kCss},
    {"sc", kScala},
    {"scala", kScala},
    {"scss", kCss},
    {"sh", kShell},
    {"sql", kSql},
    {"svelte", kVue},
    {"svg", kXml},
    {"swift", kSwift},
    {"t", kPerl},
    {"toml", kToml},
    {"ts", kTypeScript},
    {"tsx", kTypeScript},
    {"txt", kText},
    {"vim", kVimScript},
    {"vue", kVue},
    {"xml", kXml},
    {"yaml", kYaml},
    {"yml", kYaml},
    {"zig", kZig},
    {"zon", kZig},
    {"zsh", kShell},
});
static_assert(std::ranges::is_sorted(kExtensions, {}, &Named::name));

constexpr auto kFileNames = std::to_array<Named>({
    {".bash_profile", kShell},   {".bashrc", kShell},        {".profile", kShell},
    {".zshrc", kShell},          {"brewfile", kRuby},        {"capfile", kRuby},
    {"changelog", kText},        {"cmakelists.txt", kCMake}, {"containerfile", kDockerfile},
    {"dockerfile", kDockerfile}, {"gemfile", kRuby},         {"gnumakefile", kMakefile},
    {"go.mod", kText},           {"go.sum", kText},          {"jenkinsfile", kGroovy},
    {"justfile", kMakefile},     {"license", kText},         {"makefile", kMakefile},
    {"pkgbuild", kShell},        {"podfile", kRuby},         {"rakefile", kRuby},
    {"readme", kText},           {"vagrantfile", kRuby},
});
static_assert(std::ranges::is_sorted(kFileNames, {}, &Named::name));

constexpr auto kInterpreters = std::to_array<Named>({
    {"bash", kShell},
    {"dash", kShell},
    {"elixir", kElixir},
    {"escript", kErlang},
    {"groovy", kGroovy},
    {"ksh", kShell},
    {"lua", kLua},
    {"make", kMakefile},
    {"node", kJavaScript},
    {"perl", kPerl},
    {"php", kPhp},
    {"python", kPython},
    {"ruby", kRuby},
    {"runghc", kHaskell},
    {"sh", kShell},
    {"zsh", kShell},
});

template <size_t N>
Language look_up(const std::array<Named, N>& table, std::string_view name) {
  auto it = std::ranges::lower_bound(table, name, {}, &Named::name);
  return it != table.end() && it->name == name ? it->language : kUnknown;
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view extension(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

Language from_shebang(std::string_view head) {
  if (!head.starts_with("#!")) return kUnknown;
  const std::string_view line = head.substr(2, head.find('\n') - 2);
  std::string_view program;
  for (std::string_view part : base::split(line, ' ')) {
    part = base::trim(part);
    if (part.empty() || part.starts_with('-')) continue;
    program = file_name(part);
    if (program != "env") break;
  }
  while (!program.empty() && (program.back() == '.' || (program.back() >= '0' && program.back() <= '9'))) {
    program.remove_suffix(1);
  }
  return look_up(kInterpreters, program);
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> needles) {
  return std::ranges::any_of(needles, [text](std::string_view n) { return text.find(n) != std::string_view::npos; });
}

// C, C++ and Objective-C share ".h"; only what C cannot contain decides.
Language header_language(std::string_view head) {
  if (has_any(head, {"@interface", "@protocol", "#import "})) return kObjectiveC;
  const bool cpp = has_any(head, {"\nnamespace ", "\ntemplate", "\nclass ", "std::", "\nusing ", " constexpr ",
                                  "public:", "private:", "#include <string>", "#include <vector>", "\n  virtual ",
                                  "nullptr", "static_cast<", "enum class "});
  return cpp ? kCpp : kC;
}

bool same_name_in(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, word) != list.end();
}

bool is_test_name(std::string_view name) {
  const std::string lower = base::to_lower(name);
  const size_t dot = lower.find('.');
  const std::string_view stem = std::string_view(lower).substr(0, dot);
  if (has_any(lower, {".test.", ".spec.", ".tests.", "_test.", "_tests.", "_spec.", "-test.", "_unittest."}))
    return true;
  if (stem.starts_with("test_") || stem.starts_with("tests_") || stem == "conftest" || stem == "test" ||
      stem == "tests")
    return true;
  const std::string_view written = name.substr(0, dot);
  return written.size() > 5 && (written.ends_with("Test") || written.ends_with("Tests") || written.ends_with("Spec") ||
                                written.ends_with("TestCase"));
}

bool is_lock_file(std::string_view name) {
  return same_name_in(
      name, {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "cargo.lock", "go.sum",
             "poetry.lock", "pdm.lock", "uv.lock", "pipfile.lock", "composer.lock", "gemfile.lock", "mix.lock",
             "flake.lock", "bun.lock", "packages.lock.json", "podfile.lock", "pubspec.lock"});
}

// A statement about the file itself, so it must stand in a comment near the top.
bool says_generated(std::string_view text) {
  std::string_view rest = text.substr(0, 4096);
  for (int line_number = 0; line_number < 30 && !rest.empty(); ++line_number) {
    const size_t end = rest.find('\n');
    const std::string line = base::to_lower(base::trim(rest.substr(0, end)));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const bool comment =
        has_any(std::string_view(line).substr(0, 4), {"//", "#", "/*", "*", "--", ";", "<!--", "%", "\"\"\"", "@"});
    if (!comment) continue;
    if (has_any(line, {"@generated"}) && line.find("@generated") < 8) return true;
    const bool made = has_any(line, {"code generated", "generated by", "generated from", "automatically generated",
                                     "auto-generated", "autogenerated", "generated file", "generated code"});
    if (made && has_any(line, {"do not edit", "do not modify", "don't edit"})) return true;
    if (line.find("code generated by ") < 5) return true;
  }
  return false;
}

bool looks_minified(Language language, std::string_view name, std::string_view text) {
  if (has_any(name, {".min.js", ".min.css", "-min.js", ".min.mjs", ".bundle.js"})) return true;
  if (language != kJavaScript && language != kCss && language != kHtml) return false;
  const std::string_view head = text.substr(0, 64 << 10);
  const auto lines = static_cast<size_t>(std::ranges::count(head, '\n')) + 1;
  return head.size() > 4096 && head.size() / lines > 250;
}

Role role_by_language(Language language) {
  switch (language) {
    case kMarkdown:
    case kRst:
    case kText:
      return Role::kDocs;
    case kJson:
    case kYaml:
    case kToml:
    case kXml:
      return Role::kData;
    default:
      return Role::kCode;
  }
}

struct PathMarks {
  bool tests = false, vendored = false, sideline = false, docs = false;
};

PathMarks read_path(std::string_view path) {
  PathMarks marks;
  auto parts = base::split(path, '/');
  parts.pop_back();
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string part = base::to_lower(parts[i]);
    marks.tests |=
        same_name_in(part, {"test", "tests", "spec", "specs", "__tests__", "testdata", "fixtures", "__mocks__", "e2e",
                            "testsuite", "unittest", "unittests", "integration-tests", "__snapshots__"}) ||
        part.ends_with("_test") || part.ends_with("_tests") || part.ends_with("-tests") ||
        (parts[i].ends_with("Test") && parts[i].size() > 4) || (parts[i].ends_with("Tests") && parts[i].size() > 5);
    marks.vendored |= same_name_in(part, {"vendor", "vendors", "vendored", "_vendor", "third_party", "third-party",
                                          "thirdparty", "3rdparty", "node_modules", "bower_components", "godeps",
                                          "pods", "carthage", "site-packages"}) ||
                      (i == 0 && part == "deps");
    marks.sideline |=
        same_name_in(part, {"example",    "examples", "sample",   "samples",   "demo",       "demos",  "legacy",
                            "deprecated", "compat",   "_compat",  "benchmark", "benchmarks", "bench",  "benches",
                            "playground", "docs_src", "tutorial", "tutorials", "fuzz",       "fuzzing"});
    marks.docs |= same_name_in(part, {"doc", "docs", "documentation", "website", "site"});
  }
  return marks;
}

}  // namespace

std::string_view language_name(Language language) {
  const auto index = static_cast<size_t>(language);
  return index < kNames.size() ? kNames[index] : kNames[0];
}

std::optional<Language> parse_language(std::string_view name) {
  const std::string lower = base::to_lower(name);
  if (const auto it = std::ranges::find(kNames, lower); it != kNames.end())
    return static_cast<Language>(it - kNames.begin());
  if (lower == "c#") return kCSharp;
  if (lower == "objective-c") return kObjectiveC;
  if (const Language by_extension = look_up(kExtensions, lower); by_extension != kUnknown) return by_extension;
  return std::nullopt;
}

std::string language_names() {
  std::string all;
  for (const std::string_view name : kNames) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

Language detect_language(std::string_view path, std::string_view head) {
  const std::string name = base::to_lower(file_name(path));
  if (Language language = look_up(kFileNames, name); language != kUnknown) return language;
  if (name.starts_with("dockerfile.")) return kDockerfile;
  if (name.starts_with("makefile.")) return kMakefile;

  const Language language = look_up(kExtensions, extension(name));
  if (name.ends_with(".h") || name.ends_with(".inc")) return header_language(head.substr(0, 64 << 10));
  if (name.ends_with(".t") && !has_any(head.substr(0, 4096), {"use ", "my $", "perl"})) return kText;
  if (language != kUnknown) return language;
  return from_shebang(head.substr(0, 256));
}

bool looks_binary(std::string_view head) {
  head = head.substr(0, 8192);
  if (head.find('\0') != std::string_view::npos) return true;
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) return true;
  if (base::is_valid_utf8(head)) return false;
  // Latin-1 text has a few odd bytes; a binary has many.
  const auto control = std::ranges::count_if(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b;
  });
  return static_cast<size_t>(control) * 50 > head.size();
}

FileClass classify(std::string_view path, std::string_view text) {
  text = text.substr(0, 64 << 10);
  const std::string name = base::to_lower(file_name(path));
  const PathMarks marks = read_path(path);

  FileClass out;
  out.language = detect_language(path, text);
  out.role = role_by_language(out.language);
  if (out.role == Role::kCode && out.language == kUnknown) out.role = Role::kData;
  if (name == "cmakelists.txt" || name == "go.mod" || name == "go.sum") out.role = Role::kData;
  if (marks.tests || is_test_name(file_name(path))) out.role = out.role == Role::kDocs ? Role::kDocs : Role::kTests;
  out.sideline = marks.sideline || (marks.docs && out.role == Role::kCode);
  out.vendored = marks.vendored;
  out.generated = is_lock_file(name) || says_generated(text);
  out.minified = looks_minified(out.language, name, text);
  return out;
}

}  // namespace promethean::search
