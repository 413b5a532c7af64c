// Languages whose declarations start with a keyword and whose bodies stand in braces: Kotlin, Swift, Scala, PHP, Zig,
// Dart, Perl, Groovy, Protobuf, GraphQL, shell, PowerShell, R. One walk; the keywords are data.
#include <algorithm>
#include <span>
#include <utility>

#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

using enum DefinitionKind;

struct Keyword {
  std::string_view word;
  DefinitionKind kind;
};

constexpr Keyword kKotlinWords[] = {
    {"fun", kFunction},   {"class", kClass},  {"interface", kInterface}, {"object", kClass},
    {"typealias", kType}, {"val", kProperty}, {"var", kProperty},        {"constructor", kConstructor}};
constexpr Keyword kSwiftWords[] = {{"func", kFunction},    {"class", kClass},         {"struct", kStruct},
                                   {"enum", kEnum},        {"protocol", kInterface},  {"extension", kImpl},
                                   {"actor", kClass},      {"init", kConstructor},    {"typealias", kType},
                                   {"let", kProperty},     {"var", kProperty},        {"deinit", kMethod},
                                   {"subscript", kMethod}, {"associatedtype", kType}, {"macro", kMacro}};
constexpr Keyword kScalaWords[] = {{"def", kFunction}, {"class", kClass},  {"object", kModule},
                                   {"trait", kTrait},  {"enum", kEnum},    {"type", kType},
                                   {"val", kProperty}, {"var", kProperty}, {"given", kProperty}};
constexpr Keyword kPhpWords[] = {{"function", kFunction}, {"class", kClass}, {"interface", kInterface},
                                 {"trait", kTrait},       {"enum", kEnum},   {"const", kConstant},
                                 {"fn", kFunction}};
constexpr Keyword kZigWords[] = {{"fn", kFunction}, {"const", kConstant}, {"var", kVariable}, {"test", kTest}};
constexpr Keyword kDartWords[] = {
    {"class", kClass}, {"mixin", kTrait}, {"extension", kImpl}, {"enum", kEnum}, {"typedef", kType}};
constexpr Keyword kPerlWords[] = {{"sub", kFunction}, {"package", kModule}};
constexpr Keyword kGroovyWords[] = {
    {"class", kClass}, {"interface", kInterface}, {"enum", kEnum}, {"trait", kTrait}, {"def", kFunction}};
constexpr Keyword kProtoWords[] = {{"message", kStruct}, {"enum", kEnum}, {"service", kInterface}, {"rpc", kMethod}};
constexpr Keyword kGraphQlWords[] = {{"type", kType},      {"interface", kInterface}, {"enum", kEnum},
                                     {"input", kStruct},   {"union", kUnion},         {"scalar", kType},
                                     {"directive", kMacro}};
constexpr Keyword kShellWords[] = {{"function", kFunction}};
constexpr Keyword kPowerShellWords[] = {{"function", kFunction}, {"class", kClass}, {"filter", kFunction}};

std::span<const Keyword> words_of(Language language) {
  switch (language) {
    case Language::kKotlin:
      return kKotlinWords;
    case Language::kSwift:
      return kSwiftWords;
    case Language::kScala:
      return kScalaWords;
    case Language::kPhp:
      return kPhpWords;
    case Language::kZig:
      return kZigWords;
    case Language::kDart:
      return kDartWords;
    case Language::kPerl:
      return kPerlWords;
    case Language::kGroovy:
      return kGroovyWords;
    case Language::kProto:
      return kProtoWords;
    case Language::kGraphQl:
      return kGraphQlWords;
    case Language::kShell:
      return kShellWords;
    case Language::kPowerShell:
      return kPowerShellWords;
    default:
      return {};
  }
}

bool holds_members(DefinitionKind kind) {
  return kind == kClass || kind == kStruct || kind == kInterface || kind == kTrait || kind == kEnum || kind == kImpl ||
         kind == kModule || kind == kUnion || kind == kType;
}

class KeywordScanner {
 public:
  KeywordScanner(Language language, const Tokens& tokens, DefinitionList* out)
      : language_(language), words_(words_of(language)), t_(tokens), out_(*out) {
    // Languages that also define `type name(args) {` without a keyword.
    bare_functions_ = language == Language::kDart || language == Language::kGroovy || language == Language::kShell;
    indented_bodies_ = language == Language::kScala;
  }

  void run() { walk(0, t_.size(), kNoParent, true, 0); }

 private:
  void walk(size_t i, size_t end, int parent, bool member_level, int depth) {
    if (depth > kMaxNesting) return;
    // Where brackets do not pair, an inner one may claim to end behind the outer one; walked twice at every level, such
    // a file would take for ever.
    const size_t outer = std::exchange(limit_, std::min(end, limit_));
    end = limit_;
    while (i < end) i = std::max(step(i, end, parent, member_level, depth), i + 1);
    limit_ = outer;
  }

  size_t step(size_t i, size_t end, int parent, bool member_level, int depth) {
    if (t_.is(i, '{') || t_.is(i, '(') || t_.is(i, '[')) {
      const size_t close = partner(t_, i);
      walk(i + 1, close, parent, false, depth + 1);
      return close + 1;
    }
    if (!t_.is_word(i) || t_.is(i - 1, '.')) return i + 1;
    if (const Keyword* keyword = find(i)) return declaration(*keyword, i, end, parent, member_level, depth);
    if (language_ == Language::kR && t_.is(i + 1, '<') && t_.is(i + 2, '-') && t_.is_word(i + 3, "function")) {
      return finish({.kind = kFunction, .name = i, .first = i, .parent = parent}, i + 3, end, depth);
    }
    if (language_ == Language::kPhp && member_level && parent != kNoParent && t_.word(i).starts_with('$') &&
        is_modified(i)) {
      return simple(kProperty, i, i, end, parent);
    }
    if (bare_functions_ && t_.is(i + 1, '(') && (member_level || language_ == Language::kShell))
      return bare_function(i, end, parent, depth);
    return i + 1;
  }

  const Keyword* find(size_t i) const {
    const std::string_view word = t_.word(i);
    auto it = std::ranges::find(words_, word, &Keyword::word);
    return it == words_.end() ? nullptr : &*it;
  }

  bool is_modified(size_t i) const { return t_.is_word(i - 1) || t_.is(i - 1, '?'); }

  // Back over modifiers on the line, then over annotations on lines of their own.
  size_t declaration_start(size_t i) const {
    const size_t modifiers_from = i > 40 ? i - 40 : 0;
    while (i > modifiers_from && !t_[i].first_on_line &&
           (t_.is_word(i - 1) || t_.is(i - 1, '@') || t_.is(i - 1, ']') || t_.is(i - 1, ')')))
      --i;
    for (int annotations = 0; i > 1 && annotations < 32; ++annotations) {
      size_t at = i - 1;
      if (t_.is(at, ')') && t_.match[at] != kNoMatch && t_.match[at] > 1) at = t_.match[at] - 1;
      if (t_.is(at, ']') && t_.match[at] != kNoMatch && t_.match[at] > 1 && t_.is(t_.match[at] - 1, '#')) {
        i = t_.match[at] - 1;
        continue;
      }
      if (!t_.is_word(at) || at == 0 || !t_.is(at - 1, '@') || !t_[at - 1].first_on_line) break;
      i = at - 1;
    }
    return i;
  }

  size_t declaration(const Keyword& keyword, size_t i, size_t end, int parent, bool member_level, int depth) {
    DefinitionKind kind = keyword.kind;
    const bool value = kind == kProperty || kind == kConstant || kind == kVariable;
    if (value && !member_level) return i + 1;
    size_t name = i + 1;
    if (t_.is(name, '&') || t_.is(name, '*')) ++name;
    if (t_.is(name, '<')) name = skip_angles(t_, name);
    if (kind == kConstructor || t_.word(i) == "deinit" || t_.word(i) == "subscript") {
      if (!member_level || !(t_.is(i + 1, '(') || t_.is(i + 1, '{') || t_.is(i + 1, '?') || t_.is(i + 1, '<')))
        return i + 1;
      return finish({.kind = kind, .name = i, .first = declaration_start(i), .parent = parent}, i + 1, end, depth);
    }
    if (kind == kTest && t_[name].kind == TokenKind::kString) {
      Found found{.kind = kTest, .name = name, .first = i, .parent = parent};
      const std::string_view quoted = t_.word(name);
      if (quoted.size() > 2) found.name_text = quoted.substr(1, quoted.size() - 2);
      return finish(found, name + 1, end, depth);
    }
    if (language_ == Language::kSwift &&
        (t_.word(i) == "class" && (t_.is_word(name, "func") || t_.is_word(name, "var"))))
      return name;
    if ((t_.word(i) == "object" || t_.word(i) == "enum") && (t_.is_word(name, "class"))) return name;
    if (t_.word(i) == "object" && t_.is(name, '{')) return companion(i, name, parent, depth);
    if (language_ == Language::kSwift && kind == kFunction && !t_.is_word(name))
      return operator_function(i, name, end, parent, depth);
    if (!t_.is_word(name)) return i + 1;
    if (language_ == Language::kScala && t_.is_word(name, "object")) return name;
    std::string_view receiver;
    if (language_ == Language::kKotlin || language_ == Language::kPerl || language_ == Language::kSwift)
      name = last_of_path(name, &receiver);
    if (value) return value_definition(kind, i, name, end, parent, depth);
    if (kind == kFunction && member_level && parent != kNoParent && holds_members(out_.kind(parent)) &&
        language_ != Language::kPerl)
      kind = kMethod;
    Found found{.kind = kind, .name = name, .first = declaration_start(i), .parent = parent, .receiver = receiver};
    if (language_ == Language::kPerl && kind == kModule) return simple(kModule, found.first, name, end, kNoParent);
    if (kind == kType && language_ != Language::kGraphQl) return simple(kType, found.first, name, end, parent);
    return finish(found, name + 1, end, depth);
  }

  // companion object { ... } without a name: its members belong to the class.
  size_t companion(size_t, size_t open, int parent, int depth) {
    const size_t close = partner(t_, open);
    walk(open + 1, close, parent, parent != kNoParent, depth + 1);
    return close + 1;
  }

  size_t operator_function(size_t i, size_t name, size_t end, int parent, int depth) {
    size_t open = name;
    while (open < end && !t_.is(open, '(') && open < name + 4) ++open;
    if (!t_.is(open, '(') || open == name) return i + 1;
    Found found{.kind = kFunction, .name = name, .first = declaration_start(i), .parent = parent};
    found.name_text = t_.text.substr(t_[name].begin, t_[open - 1].end - t_[name].begin);
    return finish(found, open, end, depth);
  }

  // String.name, List<T>.name, Some::Package::name: the last word; what stands before it is the receiver.
  size_t last_of_path(size_t name, std::string_view* receiver) const {
    size_t owner = SIZE_MAX;
    while (true) {
      size_t next = name + 1;
      if (t_.is(next, '<')) next = skip_angles(t_, next);
      if (t_.is(next, '?')) ++next;
      const bool colons = t_.is(next, ':') && t_.is(next + 1, ':');
      if (!(t_.is(next, '.') || colons) || !t_.is_word(next + (colons ? 2 : 1))) break;
      owner = name;
      name = next + (colons ? 2 : 1);
    }
    if (owner != SIZE_MAX) *receiver = t_.word(owner);
    return name;
  }

  size_t value_definition(DefinitionKind kind, size_t keyword, size_t name, size_t end, int parent, int depth) {
    size_t k = name + 1;
    if (language_ == Language::kZig) {
      while (k < end && !t_.is(k, '=') && !t_.is(k, ';')) k = t_.skip(k);
      const std::string_view w =
          t_.is_word(k + 1, "packed") || t_.is_word(k + 1, "extern") ? t_.word(k + 2) : t_.word(k + 1);
      const DefinitionKind container = w == "struct" ? kStruct : w == "enum" ? kEnum : w == "union" ? kUnion : kind;
      if (container != kind)
        return finish({.kind = container, .name = name, .first = declaration_start(keyword), .parent = parent}, k + 1,
                      end, depth);
    }
    return simple(kind, declaration_start(keyword), name, end, parent);
  }

  // A definition that ends with its statement: ';', or the next line that is not indented deeper.
  size_t simple(DefinitionKind kind, size_t first, size_t name, size_t end, int parent) {
    const size_t stop = statement_end(name, end);
    out_.add({.kind = kind,
              .name = name,
              .first = first,
              .body = name + 1,
              .last = std::max(stop, name + 1) - 1,
              .parent = parent});
    return stop;
  }

  size_t statement_end(size_t i, size_t end) const {
    const bool semicolons = language_ == Language::kPhp || language_ == Language::kZig ||
                            language_ == Language::kDart || language_ == Language::kPerl;
    size_t k = t_.skip(i);
    uint32_t indent = UINT32_MAX;
    while (k < end && !t_.is(k, ';') && !t_.is(k, '}')) {
      if (!semicolons && t_[k].first_on_line) {
        if (indent == UINT32_MAX) indent = column(t_, i);
        if (column(t_, k) <= indent && !t_.is(k, ')') && !t_.is(k, '.')) break;
      }
      k = t_.skip(k);
    }
    return std::min(t_.is(k, ';') ? k + 1 : k, end);
  }

  // From behind the name: the signature, then a body in braces, an expression after '=', or nothing.
  size_t finish(Found found, size_t i, size_t end, int depth) {
    size_t k = i;
    while (k < end && !t_.is(k, '{') && !t_.is(k, ';') && !t_.is(k, '=') && !t_.is(k, '}') &&
           !stops_signature(k, found)) {
      k = t_.is(k, '<') && !t_[k].spaced ? skip_angles(t_, k) : t_.skip(k);
    }
    found.body = k;
    if (t_.is(k, '=')) return expression_body(found, k, end, depth);
    if (t_.is(k, '{')) return braced(found, k, depth);
    if (indented_bodies_ && t_.is(k - 1, ':')) return indented(found, depth);
    found.last = std::max(k, found.name + 1) - 1;
    out_.add(found);
    return std::max(k, found.name + 1);
  }

  bool stops_signature(size_t k, const Found& found) const {
    if (!t_[k].first_on_line) return false;
    if (language_ == Language::kPhp || language_ == Language::kZig || language_ == Language::kDart ||
        language_ == Language::kR)
      return false;
    if (find(k) != nullptr || t_.is(k, '@')) return true;
    const char before = t_[k - 1].mark;
    if (before == ',' || before == ':' || before == '>' || before == '&' || t_.is(k, ':') || t_.is(k, '-'))
      return false;
    return column(t_, k) <= column(t_, found.first);
  }

  size_t braced(Found found, size_t open, int depth) {
    found.last = partner(t_, open);
    const int position = out_.add(found);
    const bool members = holds_members(found.kind);
    walk(open + 1, found.last, position, members, depth + 1);
    return found.last + 1;
  }

  size_t indented(Found found, int depth) {
    found.last = indented_block_end(t_, found.first);
    const int position = out_.add(found);
    walk(found.body, found.last + 1, position, holds_members(found.kind), depth + 1);
    return found.last + 1;
  }

  size_t expression_body(Found found, size_t equals, size_t end, int depth) {
    if (t_.is(equals + 1, '{')) return braced(found, equals + 1, depth);
    found.last = std::min(std::max(statement_end(found.first, end), equals + 1), end) - 1;
    if (found.last < equals) found.last = equals;
    const int position = out_.add(found);
    walk(equals + 1, found.last + 1, position, false, depth + 1);
    return found.last + 1;
  }

  // name(args) { ... } or name(args) => ...; in a class or at file level.
  size_t bare_function(size_t name, size_t end, int parent, int depth) {
    for (std::string_view w : {"if", "for", "while", "switch", "catch", "return", "super", "assert", "case", "until"}) {
      if (t_.word(name) == w) return name + 1;
    }
    size_t k = t_.skip(name + 1);
    while (k < end && t_.is_word(k) && (t_.word(k) == "async" || t_.word(k) == "sync" || t_.word(k) == "throws")) ++k;
    if (t_.is(k, '*')) ++k;
    const bool arrow = t_.is(k, '=') && t_.is(k + 1, '>');
    if (!t_.is(k, '{') && !arrow) return name + 1;
    if (language_ != Language::kShell && t_.is(name - 1, '=')) return name + 1;
    const DefinitionKind kind = parent != kNoParent && holds_members(out_.kind(parent)) ? kMethod : kFunction;
    Found found{.kind = kind, .name = name, .first = declaration_start(name), .body = k, .parent = parent};
    if (!arrow) return braced(found, k, depth);
    found.last = std::max(statement_end(k, end), k + 1) - 1;
    out_.add(found);
    return found.last + 1;
  }

  const Language language_;
  const std::span<const Keyword> words_;
  const Tokens& t_;
  DefinitionList& out_;
  bool bare_functions_ = false, indented_bodies_ = false;
  size_t limit_ = SIZE_MAX;  // of the walk under way
};

}  // namespace

void scan_keywords(Language language, const Tokens& tokens, DefinitionList* out) {
  KeywordScanner(language, tokens, out).run();
}

}  // namespace promethean::search
