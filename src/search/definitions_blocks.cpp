// Languages whose definitions start a line with a keyword and end by `end` or by indentation: Ruby, Crystal, Elixir,
// Lua, Julia, Haskell, OCaml, F#, Nim, Erlang, Clojure.
#include <algorithm>
#include <span>

#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

using enum DefinitionKind;

struct Keyword {
  std::string_view word;
  DefinitionKind kind;
};

constexpr Keyword kRubyWords[] = {
    {"def", kMethod}, {"class", kClass}, {"module", kModule}, {"macro", kMacro}, {"struct", kStruct}};
constexpr Keyword kElixirWords[] = {{"def", kFunction},         {"defp", kFunction},   {"defmodule", kModule},
                                    {"defmacro", kMacro},       {"defmacrop", kMacro}, {"defprotocol", kTrait},
                                    {"defimpl", kImpl},         {"defguard", kMacro},  {"defguardp", kMacro},
                                    {"defdelegate", kFunction}, {"test", kTest}};
constexpr Keyword kLuaWords[] = {{"function", kFunction}};
constexpr Keyword kJuliaWords[] = {
    {"function", kFunction}, {"macro", kMacro}, {"struct", kStruct}, {"module", kModule}, {"baremodule", kModule}};
constexpr Keyword kHaskellWords[] = {{"data", kType},     {"newtype", kType},  {"type", kType},       {"class", kClass},
                                     {"instance", kImpl}, {"module", kModule}, {"pattern", kFunction}};
constexpr Keyword kMlWords[] = {{"let", kFunction},   {"type", kType},         {"module", kModule},
                                {"exception", kType}, {"val", kConstant},      {"member", kMethod},
                                {"and", kFunction},   {"external", kFunction}, {"class", kClass}};
constexpr Keyword kNimWords[] = {{"proc", kFunction},  {"func", kFunction}, {"method", kMethod},
                                 {"template", kMacro}, {"macro", kMacro},   {"iterator", kFunction}};

std::span<const Keyword> words_of(Language language) {
  switch (language) {
    case Language::kRuby:
    case Language::kCrystal:
      return kRubyWords;
    case Language::kElixir:
      return kElixirWords;
    case Language::kLua:
      return kLuaWords;
    case Language::kJulia:
      return kJuliaWords;
    case Language::kHaskell:
      return kHaskellWords;
    case Language::kOCaml:
    case Language::kFSharp:
      return kMlWords;
    case Language::kNim:
      return kNimWords;
    default:
      return {};
  }
}

class BlockScanner {
 public:
  BlockScanner(Language language, const Tokens& tokens, DefinitionList* out)
      : language_(language), words_(words_of(language)), t_(tokens), out_(*out) {}

  void run() {
    for (size_t i = 0; i < t_.size(); ++i) {
      if (!t_[i].first_on_line) continue;
      while (!open_.empty() && open_.back().last < i) open_.pop_back();
      line(i);
    }
  }

 private:
  struct Open {
    int definition;
    size_t last;
  };

  void line(size_t i) {
    if (language_ == Language::kErlang) return erlang(i);
    if (language_ == Language::kClojure) return clojure(i);
    if (!t_.is_word(i)) {
      if (language_ == Language::kHaskell) haskell_operator(i);
      return;
    }
    size_t k = i;
    while (is_prefix(k)) ++k;
    const auto keyword = std::ranges::find(words_, t_.word(k), &Keyword::word);
    if (keyword != words_.end()) return declared(i, k, keyword->kind);
    if (language_ == Language::kLua) return lua_value(i);
    if (language_ == Language::kHaskell) return haskell_equation(i);
    if (language_ == Language::kRuby && is_constant(i)) return constant(i);
    if (language_ == Language::kJulia) julia_short(i);
  }

  bool is_prefix(size_t k) const {
    static constexpr std::string_view kWords[] = {
        "local",    "private", "protected", "public", "private_class_method", "mutable", "abstract", "inline",
        "override", "static",  "default",   "export", "module_function",      "memoize", "final"};
    return t_.is_word(k) && t_.is_word(k + 1) && !t_[k + 1].first_on_line &&
           std::ranges::find(kWords, t_.word(k)) != std::end(kWords);
  }

  int parent() const { return open_.empty() ? kNoParent : open_.back().definition; }

  void push(const Found& found) {
    const int position = out_.add(found);
    if (position != kNoParent && open_.size() < kMaxNesting) open_.push_back({position, found.last});
  }

  void declared(size_t first, size_t keyword, DefinitionKind kind) {
    size_t name = keyword + 1;
    if (language_ == Language::kHaskell) return haskell_declaration(first, keyword, kind);
    if (language_ == Language::kOCaml || language_ == Language::kFSharp) {
      while (t_.is_word(name, "rec") || t_.is_word(name, "inline") || t_.is_word(name, "mutable") ||
             t_.is_word(name, "private") || t_.is_word(name, "type"))
        ++name;
      if (kind == kFunction && column(t_, first) > 0 && !in_module()) return;
      if (kind == kMethod && t_.is(name + 1, '.')) name += 2;
    }
    if (kind == kTest) return quoted_test(first, name);
    if (t_.is(name, '<') && t_.is(name + 1, '<')) return;  // class << self
    if (!t_.is_word(name)) return operator_method(first, keyword, kind);
    std::string_view receiver;
    name = last_of_path(name, &receiver);
    if (receiver == "self") receiver = {};
    if (kind == kMethod && language_ == Language::kRuby && !in_type()) kind = kFunction;
    const size_t body = signature_end(name + 1);
    const bool one_line = body < t_.size() && ends_on_line(first, body);
    Found found{.kind = kind,
                .name = name,
                .first = first,
                .body = body,
                .last = one_line ? one_line_end(first) : indented_block_end(t_, first),
                .parent = parent(),
                .receiver = receiver};
    push(found);
  }

  bool in_type() const {
    const int p = parent();
    return p != kNoParent && (out_.kind(p) == kClass || out_.kind(p) == kModule || out_.kind(p) == kStruct);
  }
  bool in_module() const { return parent() != kNoParent && out_.kind(parent()) == kModule; }

  // M.sub.name, M:name, self.name, A::B
  size_t last_of_path(size_t name, std::string_view* receiver) const {
    while (!t_[name + 1].first_on_line && !t_[name + 2].first_on_line && !t_[name + 3].first_on_line) {
      const bool colons = t_.is(name + 1, ':') && t_.is(name + 2, ':') && t_.is_word(name + 3);
      const bool dot = (t_.is(name + 1, '.') || (language_ == Language::kLua && t_.is(name + 1, ':'))) &&
                       t_.is_word(name + 2) && !t_[name + 1].spaced;
      if (!dot && !colons) return name;
      *receiver = receiver->empty()
                      ? t_.word(name)
                      : t_.text.substr(static_cast<size_t>(receiver->data() - t_.text.data()),
                                       t_[name].end - static_cast<size_t>(receiver->data() - t_.text.data()));
      name += colons ? 3 : 2;
    }
    return name;
  }

  // Parameters included, up to the end of the line (or `do`).
  size_t signature_end(size_t i) const {
    while (i < t_.size() && !t_[i].first_on_line && !t_.is(i, ';') && !t_.is_word(i, "do")) i = t_.skip(i);
    return i;
  }

  size_t one_line_end(size_t first) const {
    size_t last = first;
    while (last + 1 < t_.size() && !t_[last + 1].first_on_line) ++last;
    return last;
  }

  // `def x; end`, `def x = 1`, `function f() return 1 end`: the line closes what it opened.
  bool ends_on_line(size_t first, size_t) const {
    const size_t last = one_line_end(first);
    if (t_.is_word(last, "end")) return true;
    if (language_ != Language::kRuby) return false;
    for (size_t k = first; k < last; k = t_.skip(k)) {
      if (t_.is(k, '=') && t_[k].spaced && !t_.is(k + 1, '=') && t_.is_word(first, "def")) return true;
    }
    return false;
  }

  void quoted_test(size_t first, size_t name) {
    if (t_[name].kind != TokenKind::kString) return;
    Found found{.kind = kTest,
                .name = name,
                .first = first,
                .body = signature_end(name + 1),
                .last = indented_block_end(t_, first),
                .parent = parent()};
    const std::string_view quoted = t_.word(name);
    if (quoted.size() > 2) found.name_text = quoted.substr(1, quoted.size() - 2);
    push(found);
  }

  void operator_method(size_t first, size_t keyword, DefinitionKind kind) {
    if (language_ != Language::kRuby && language_ != Language::kElixir && language_ != Language::kNim) return;
    const size_t name = keyword + 1;
    size_t open = name + 1;
    while (open < t_.size() && !t_[open].first_on_line && !t_.is(open, '(') && !t_[open].spaced) ++open;
    if (t_[name].first_on_line || open > name + 4) return;
    Found found{.kind = kind,
                .name = name,
                .first = first,
                .body = signature_end(open),
                .last = indented_block_end(t_, first),
                .parent = parent()};
    found.name_text = t_.text.substr(t_[name].begin, t_[open - 1].end - t_[name].begin);
    push(found);
  }

  bool is_constant(size_t i) const {
    const char c = t_.word(i).front();
    return c >= 'A' && c <= 'Z' && t_.is(i + 1, '=') && !t_.is(i + 2, '=') && !t_.is(i + 2, '~');
  }

  void constant(size_t i) {
    out_.add({.kind = kConstant,
              .name = i,
              .first = i,
              .body = i + 1,
              .last = indented_block_end(t_, i),
              .parent = parent()});
  }

  // name = function, M.name = function
  void lua_value(size_t i) {
    size_t name = t_.is_word(i, "local") ? i + 1 : i;
    std::string_view receiver;
    if (!t_.is_word(name)) return;
    const bool local = name != i;
    name = last_of_path(name, &receiver);
    if (!t_.is(name + 1, '=') || t_.is(name + 2, '=')) return;
    const bool function = t_.is_word(name + 2, "function");
    if (!function && (parent() != kNoParent || (local && column(t_, i) > 0))) return;
    Found found{.kind = function ? kFunction : kVariable,
                .name = name,
                .first = i,
                .body = function ? signature_end(name + 3) : name + 1,
                .last = indented_block_end(t_, i),
                .parent = parent(),
                .receiver = receiver};
    function ? push(found) : static_cast<void>(out_.add(found));
  }

  void julia_short(size_t i) {
    if (!t_.is(i + 1, '(') || t_[i + 1].spaced || column(t_, i) > 4) return;
    const size_t k = t_.skip(i + 1);
    if (!t_.is(k, '=') || t_.is(k + 1, '=')) return;
    out_.add(
        {.kind = kFunction, .name = i, .first = i, .body = k, .last = indented_block_end(t_, i), .parent = parent()});
  }

  // The last token before the next line at column 0.
  size_t top_level_end(size_t i) const {
    size_t k = i + 1;
    while (k < t_.size() && !(t_[k].first_on_line && column(t_, k) == 0)) ++k;
    return k - 1;
  }

  void haskell_declaration(size_t first, size_t keyword, DefinitionKind kind) {
    if (column(t_, first) > 0) return;
    size_t name = keyword + 1;
    if (t_.is_word(name, "family") || t_.is_word(name, "instance")) ++name;
    if (kind == kModule) {
      while (t_.is(name + 1, '.') && t_.is_word(name + 2)) name += 2;
      out_.add({.kind = kModule, .name = name, .first = first, .body = name + 1, .last = name});
      return;
    }
    // (Context a) => Name: the name follows the arrow.
    const size_t last = top_level_end(first);
    for (size_t k = name; k < last && !t_.is_word(k, "where") && !(t_.is(k, '=') && !t_.is(k + 1, '>')); ++k) {
      if (t_.is(k, '=') && t_.is(k + 1, '>')) name = k + 2;
    }
    while (t_.is(name, '(')) ++name;
    if (!t_.is_word(name)) return;
    size_t body = name + 1;
    while (body <= last && !t_.is_word(body, "where") && !t_.is(body, '=')) ++body;
    push({.kind = kind, .name = name, .first = first, .body = body, .last = last});
  }

  // `name :: Type` and `name args = ...`; equations of one name are one definition.
  void haskell_equation(size_t i) {
    static constexpr std::string_view kOther[] = {"import",   "infixl",  "infixr", "infix",
                                                  "deriving", "foreign", "where",  "default"};
    if (std::ranges::find(kOther, t_.word(i)) != std::end(kOther)) return;
    const bool typed = t_.is(i + 1, ':') && t_.is(i + 2, ':');
    if (column(t_, i) > 0) {
      const bool in_class = parent() != kNoParent && out_.kind(parent()) == kClass;
      if (typed && in_class)
        out_.add({.kind = kMethod,
                  .name = i,
                  .first = i,
                  .body = i + 1,
                  .last = indented_block_end(t_, i),
                  .parent = parent()});
      return;
    }
    haskell_function(i, t_.word(i), i + 1);
  }

  void haskell_operator(size_t i) {
    if (column(t_, i) > 0 || !t_.is(i, '(')) return;
    const size_t close = t_.skip(i);
    if (!t_.is(close, ':') || !t_.is(close + 1, ':')) return;
    haskell_function(i + 1, t_.text.substr(t_[i + 1].begin, t_[close - 1].begin - t_[i + 1].begin), close);
  }

  void haskell_function(size_t name, std::string_view text, size_t behind) {
    const size_t last = top_level_end(name);
    if (haskell_last_ >= 0 && out_.name(haskell_last_) == text) return out_.set_last(haskell_last_, last);
    const size_t first = t_.is(name - 1, '(') && t_[name - 1].first_on_line ? name - 1 : name;
    size_t body = behind;
    while (body <= last && !t_.is(body, '=') && !t_[body].first_on_line) ++body;
    Found found{.kind = kFunction, .name = name, .first = first, .body = body, .last = last};
    found.name_text = text;
    haskell_last_ = out_.add(found);
  }

  // name(Args) -> ... . ; clauses of one name are one definition.
  void erlang(size_t i) {
    if (column(t_, i) > 0) return;
    if (t_.is(i, '-')) {
      const bool record = t_.is_word(i + 1, "record") || t_.is_word(i + 1, "define") || t_.is_word(i + 1, "module") ||
                          t_.is_word(i + 1, "type");
      const size_t name = t_.is(i + 2, '(') ? i + 3 : i + 2;
      if (record && t_.is_word(name))
        out_.add({.kind = kType, .name = name, .first = i, .body = name + 1, .last = top_level_end(i)});
      return;
    }
    if (t_.is_word(i) && t_.is(i + 1, '(')) haskell_function(i, t_.word(i), t_.skip(i + 1));
  }

  void clojure(size_t i) {
    if (!t_.is(i, '(') || !t_.is_word(i + 1) || !t_.word(i + 1).starts_with("def")) return;
    size_t name = i + 2;
    while (t_.is(name, '^') || t_.is(name, ':') || t_.is(name, '-')) name = t_.skip(name + 1);
    if (!t_.is_word(name)) return;
    size_t end = name;
    while (end + 1 < t_.size() && !t_[end + 1].spaced && !t_[end + 1].first_on_line && !t_.is(end + 1, ')')) ++end;
    Found found{.kind = t_.word(i + 1) == "def" ? kVariable : kFunction,
                .name = name,
                .first = i,
                .body = end + 1,
                .last = partner(t_, i)};
    found.name_text = t_.text.substr(t_[name].begin, t_[end].end - t_[name].begin);
    out_.add(found);
  }

  const Language language_;
  const std::span<const Keyword> words_;
  const Tokens& t_;
  DefinitionList& out_;
  std::vector<Open> open_;
  int haskell_last_ = -1;
};

}  // namespace

void scan_blocks(Language language, const Tokens& tokens, DefinitionList* out) {
  BlockScanner(language, tokens, out).run();
}

}  // namespace promethean::search
