// size: declarators of C and C++ share one scanner; its helpers are of no use elsewhere.
// C and C++: statements at file, namespace and class level; bodies of functions are skipped.
#include <algorithm>
#include <array>

#include "search/definitions_c_extents.h"
#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

constexpr auto kNeverNames = std::to_array<std::string_view>({"_Alignas",
                                                              "_Generic",
                                                              "_Static_assert",
                                                              "__asm__",
                                                              "__attribute",
                                                              "__attribute__",
                                                              "__declspec",
                                                              "__typeof__",
                                                              "alignas",
                                                              "alignof",
                                                              "asm",
                                                              "case",
                                                              "catch",
                                                              "decltype",
                                                              "delete",
                                                              "do",
                                                              "else",
                                                              "explicit",
                                                              "for",
                                                              "if",
                                                              "new",
                                                              "noexcept",
                                                              "requires",
                                                              "return",
                                                              "sizeof",
                                                              "static_assert",
                                                              "switch",
                                                              "throw",
                                                              "typeof",
                                                              "while"});
static_assert(std::ranges::is_sorted(kNeverNames));

bool never_a_name(std::string_view word) {
  return std::ranges::binary_search(kNeverNames, word);
}

enum class Level { kFile, kClass };

class CScanner : private CExtents {
 public:
  CScanner(Language language, const Tokens& tokens, DefinitionList* out)
      : CExtents(tokens), cpp_(language != Language::kC), out_(*out) {}

  void run() {
    for (size_t i = 0; i < t_.size(); ++i) {
      if (t_[i].kind == TokenKind::kDirective) define(i);
    }
    scope(0, t_.size(), {kNoParent, Level::kFile, {}}, 0);
  }

 private:
  struct Scope {
    int parent;
    Level level;
    std::string_view class_name;
  };

  // One declaration while it is read.
  struct Reading {
    size_t first;
    size_t start = 0;         // behind its template head
    size_t name = kNone;      // a function's name: the word before its '('
    size_t variable = kNone;  // the name of a variable, so far
    size_t words = 0;         // words before the first declarator
    bool typed = false;       // a type stands before the function's name
    bool settled = false;     // `variable` is certain: it stood in parentheses
    bool assigned = false;
    bool is_typedef = false, is_extern = false;
  };

  void scope(size_t i, size_t end, const Scope& in, int depth) {
    if (depth > kMaxNesting) return;
    while (i < end) i = std::max(statement(i, end, in, depth), i + 1);
  }

  size_t statement(size_t i, size_t end, const Scope& in, int depth) {
    if (t_[i].kind == TokenKind::kDirective) return i + 1;
    if (is_bare_macro(i)) return behind_macro(i);
    if (t_.is(i, '{')) return t_.skip(i);
    if (!t_.is_word(i) && !t_.is(i, '[') && !t_.is(i, '~') && !t_.is(i, ':')) return t_.skip(i);
    size_t start = i;
    while (cpp_ && t_.is_word(start, "template") && t_.is(start + 1, '<')) {
      start = skip_angles(t_, start + 1);
      if (t_.is_word(start, "requires")) start = skip_requires(start + 1);
    }
    const std::string_view w = t_.word(start);
    if (cpp_ && (w == "namespace" || (w == "inline" && t_.is_word(start + 1, "namespace"))))
      return name_space(i, start, end, in, depth);
    if (w == "extern" && t_[start + 1].kind == TokenKind::kString) {
      if (!t_.is(start + 2, '{')) return statement(start + 2, end, in, depth);
      scope(start + 3, partner(t_, start + 2), in, depth + 1);
      return partner(t_, start + 2) + 1;
    }
    if (cpp_ && w == "using") return using_alias(i, start, end, in);
    if (in.level == Level::kClass && t_.is(start + 1, ':') && !double_colon(start + 1) && is_label(w)) return start + 2;
    return declaration(i, start, end, in, depth);
  }

  void define(size_t i) {
    const std::string_view line = t_.word(i);
    size_t at = line.find("define");
    if (at == std::string_view::npos) return;
    at = line.find_first_not_of(" \t", at + 6);
    if (at == std::string_view::npos) return;
    size_t end = at;
    while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) || line[end] == '_')) ++end;
    if (end == at) return;
    Found found{.kind = DefinitionKind::kMacro, .name = i, .first = i, .body = i + 1, .last = i};
    found.name_text = line.substr(at, end - at);
    const int position = out_.add(found);
    const auto lines = std::count(line.begin(), line.end(), '\n');
    out_.set_end_line(position, t_.line(i) + static_cast<uint32_t>(lines));
  }

  size_t name_space(size_t first, size_t i, size_t end, const Scope& in, int depth) {
    if (t_.word(i) == "inline") ++i;
    size_t name = kNone, k = i + 1;
    while (k < end && !t_.is(k, '{') && !t_.is(k, ';') && !t_.is(k, '=')) {
      if (t_.is_word(k) && !t_.is(k + 1, '(')) name = k;
      k = t_.skip(k);
    }
    if (!t_.is(k, '{')) return skip_to_semicolon(k, end);
    const size_t last = partner(t_, k);
    int parent = in.parent;
    if (name != kNone) {
      parent = out_.add({.kind = DefinitionKind::kNamespace,
                         .name = name,
                         .first = first,
                         .body = k,
                         .last = last,
                         .parent = in.parent,
                         .receiver = qualifier(name)});
    }
    scope(k + 1, last, {parent, Level::kFile, {}}, depth + 1);
    return last + 1;
  }

  size_t using_alias(size_t first, size_t i, size_t end, const Scope& in) {
    const size_t stop = skip_to_semicolon(i, end);
    size_t k = i + 2;
    while (t_.is(k, '[')) k = t_.skip(k);
    if (t_.is_word(i + 1) && t_.is(k, '=')) {
      out_.add({.kind = DefinitionKind::kType,
                .name = i + 1,
                .first = first,
                .body = stop - 1,
                .last = stop - 1,
                .parent = in.parent});
    }
    return stop;
  }

  size_t declaration(size_t first, size_t i, size_t end, const Scope& in, int depth) {
    Reading r{.first = first, .start = i};
    while (i < end) {
      const Token& token = t_[i];
      if (token.kind == TokenKind::kDirective) {
        ++i;
      } else if (token.kind == TokenKind::kWord) {
        i = word(i, end, in, depth, &r);
      } else if (token.mark == ';') {
        if (!cpp_ && r.name != kNone && !r.assigned && !r.is_typedef && old_style_function(r.name, i)) {
          ++i;
          continue;
        }
        finish(i, in, r);
        return i + 1;
      } else if (token.mark == '{') {
        const size_t next = brace(i, in, depth, &r);
        if (next == kNone) return t_.skip(i);
        if (r.first == kNone) return next;
        i = next;
      } else if (token.mark == '}') {
        return i + 1;
      } else {
        i = mark(i, end, in, &r);
      }
    }
    return end;
  }

  size_t word(size_t i, size_t end, const Scope& in, int depth, Reading* r) {
    const std::string_view w = t_.word(i);
    if (r->assigned) return i + 1;
    if (w == "typedef") r->is_typedef = true;
    if (w == "extern") r->is_extern = true;
    if (w == "struct" || w == "union" || w == "enum" || (cpp_ && w == "class")) return aggregate(i, end, in, depth, r);
    if (cpp_ && w == "operator" && r->name == kNone) return operator_name(i, r);
    if (never_a_name(w)) return t_.is(i + 1, '(') ? t_.skip(i + 1) : i + 1;
    if (r->name == kNone && !r->settled) {
      r->variable = i;
      ++r->words;
    }
    return i + 1;
  }

  size_t operator_name(size_t i, Reading* r) {
    size_t k = i + 1;
    if (t_.is(k, '(') && t_.is(k + 1, ')')) k += 2;
    while (k < t_.size() && !t_.is(k, '(') && !t_.is(k, ';')) ++k;
    r->name = i;
    r->typed = true;
    return t_.is(k, '(') ? t_.skip(k) : k;
  }

  size_t mark(size_t i, size_t end, const Scope& in, Reading* r) {
    switch (t_[i].mark) {
      case '(':
        return parenthesis(i, r);
      case '<':
        return !r->assigned && t_.is_word(i - 1) ? skip_angles(t_, i) : i + 1;
      case '=':
        r->assigned = true;
        return i + 1;
      case ':':
        if (double_colon(i)) return i + 2;
        if (r->name != kNone && !r->assigned) return initializers(i + 1, end);
        return i + 1;
      case ',':
        if (r->name == kNone) next_declarator(i, in, r);
        return i + 1;
      default:
        return t_.skip(i);
    }
  }

  size_t parenthesis(size_t i, Reading* r) {
    const size_t close = partner(t_, i);
    if (r->assigned) return close + 1;
    // int (*name)(args), and int (*f(args))(args)
    if (cpp_ ? t_.is(i + 1, '*') || t_.is(i + 1, '^') || (double_colon(i + 2) && t_.is(i + 4, '*'))
             : t_.is(i + 1, '*') || t_.is(i + 1, '^')) {
      if (t_.is(close + 1, '(') || t_.is(close + 1, '[')) return pointer_declarator(i, close, r);
    }
    if (r->is_typedef && t_.is_word(i + 1) && t_.is(i + 2, ')') && t_.is(close + 1, '('))
      return pointer_declarator(i, close, r);
    const bool named = i > 0 && t_.is_word(i - 1) && !never_a_name(t_.word(i - 1));
    if (!named && !(t_.is(i - 1, '>') && r->variable != kNone)) return close + 1;
    if (r->name == kNone || !r->typed) {
      const size_t name = named ? i - 1 : r->variable;
      if (r->name != kNone && is_qualifier(t_.word(name))) return close + 1;
      r->name = name;
      r->typed = has_type_before(r->start, name);
    }
    return close + 1;
  }

  static bool is_qualifier(std::string_view w) {
    return w == "const" || w == "override" || w == "final" || w == "volatile";
  }

  size_t pointer_declarator(size_t open, size_t close, Reading* r) {
    for (size_t k = open + 1; k < close; ++k) {
      if (!t_.is_word(k) || t_.is_word(k, "const")) continue;
      if (t_.is(k + 1, '(')) {
        r->name = k;
        r->typed = true;
        return t_.skip(close + 1);
      }
      r->variable = k;
      r->settled = true;
      r->words = std::max<size_t>(r->words, 2);
    }
    return t_.skip(close + 1);
  }

  // Where reading goes on; kNone when the brace cannot be explained. Sets r->first to kNone when the statement ends
  // here.
  size_t brace(size_t i, const Scope& in, int depth, Reading* r) {
    if (r->assigned) return t_.skip(i);
    if (r->name != kNone) {
      const size_t last = partner(t_, i);
      local_types(i + 1, last, add_function(i, last, in, *r), depth + 1);
      r->first = kNone;
      return last + 1;
    }
    const size_t behind = t_.skip(i);
    if (t_.is(behind, ';') || t_.is(behind, ',')) {
      r->assigned = true;
      return behind;
    }
    return kNone;
  }

  int add_function(size_t body, size_t last, const Scope& in, const Reading& r) {
    const std::string_view receiver = qualifier(r.name);
    const bool method = in.level == Level::kClass || !receiver.empty();
    Found found{.kind = method ? DefinitionKind::kMethod : DefinitionKind::kFunction,
                .name = r.name,
                .first = r.first,
                .body = body,
                .last = last,
                .parent = in.parent,
                .receiver = receiver};
    if (t_.is(r.name - 1, '~')) found.name_text = span(r.name - 1, r.name);
    if (t_.word(r.name) == "operator") found.name_text = operator_text(r.name);
    return out_.add(found);
  }

  // Types that a function's body defines; the rest of a body is not read.
  void local_types(size_t i, size_t end, int function, int depth) {
    if (depth > kMaxNesting) return;
    const Scope inside{function, Level::kFile, {}};
    while (i < end) {
      const Token& token = t_[i];
      const char first = token.kind == TokenKind::kWord ? t_.text[token.begin] : '\0';
      const bool may_be = first == 's' || first == 'c' || first == 'e' || first == 'u';
      if (!may_be || !opens_type(i, end)) {
        ++i;
        continue;
      }
      Reading unused{.first = i, .start = i};
      i = std::max(aggregate(i, end, inside, depth, &unused), i + 1);
    }
  }

  // A keyword of a type at the beginning of a statement, with a body.
  bool opens_type(size_t i, size_t end) const {
    const std::string_view w = t_.word(i);
    if (w != "struct" && w != "union" && w != "enum" && !(cpp_ && w == "class")) return false;
    const char before = t_[i - 1].mark;
    if (before != ';' && before != '{' && before != '}') return false;
    const size_t head_end = std::min(end, i + kMaxHead);
    for (size_t k = i + 1; k < head_end; k = t_.is(k, '<') ? skip_angles(t_, k) : t_.is(k, '(') ? t_.skip(k) : k + 1) {
      if (t_.is(k, '{')) return true;
      if (t_.is(k, ';') || t_.is(k, '=') || t_.is(k, ')')) return false;
    }
    return false;
  }

  void next_declarator(size_t comma, const Scope& in, Reading* r) {
    variable(comma, in, *r);
    r->assigned = r->settled = false;
    r->variable = kNone;
  }

  void variable(size_t end, const Scope& in, const Reading& r) {
    if (r.variable == kNone || r.words < 2 || r.is_extern) return;
    const DefinitionKind kind = r.is_typedef                ? DefinitionKind::kType
                                : in.level == Level::kClass ? DefinitionKind::kField
                                                            : DefinitionKind::kVariable;
    out_.add(
        {.kind = kind, .name = r.variable, .first = r.first, .body = r.variable + 1, .last = end, .parent = in.parent});
  }

  void finish(size_t semicolon, const Scope& in, const Reading& r) {
    if (r.name == kNone) return variable(semicolon, in, r);
    if (!r.is_typedef) return;
    out_.add({.kind = DefinitionKind::kType,
              .name = r.name,
              .first = r.first,
              .body = semicolon,
              .last = semicolon,
              .parent = in.parent});
  }

  // struct|class|union|enum; with a body it is a definition, else part of a type.
  size_t aggregate(size_t i, size_t end, const Scope& in, int depth, Reading* r) {
    const std::string_view keyword = t_.word(i);
    size_t name = kNone, k = i + 1;
    if (keyword == "enum" && (t_.is_word(k, "class") || t_.is_word(k, "struct"))) ++k;
    for (; k < end;) {
      if (t_.is_word(k)) {
        if (t_.word(k) == "final") {
          ++k;
          continue;
        }
        if (t_.is(k + 1, '(') && name != kNone) break;  // a function that returns it
        if (t_.is(k + 1, '(')) {                        // an attribute macro
          k = t_.skip(k + 1);
          continue;
        }
        name = k++;
        if (t_.is(k, '<')) k = skip_angles(t_, k);
      } else if (t_.is(k, '[')) {
        k = t_.skip(k);
      } else if (double_colon(k)) {
        k += 2;
      } else {
        break;
      }
    }
    const bool bases = t_.is(k, ':');
    size_t body = k;
    const size_t head_end = std::min(end, k + kMaxHead);
    while (bases && body < head_end && !t_.is(body, '{') && !t_.is(body, ';') && !t_.is(body, '(') &&
           !t_.is(body, '=')) {
      body = t_.is(body, '<') ? skip_angles(t_, body) : body + 1;
    }
    r->words += 1;
    if (!t_.is(body, '{') || r->name != kNone) {
      r->variable = kNone;
      const size_t type_name = name;
      // `struct tag name`: the last word may be the declarator already.
      if (name != kNone && t_.is_word(name - 1) && name - 1 > i) r->variable = name, ++r->words;
      if (type_name == kNone) return i + 1;
      return t_.is(type_name + 1, '<') ? skip_angles(t_, type_name + 1) : type_name + 1;
    }
    return aggregate_body(keyword, name, body, in, depth, r);
  }

  size_t aggregate_body(std::string_view keyword, size_t name, size_t body, const Scope& in, int depth, Reading* r) {
    const size_t last = partner(t_, body);
    using enum DefinitionKind;
    const DefinitionKind kind = keyword == "struct"  ? kStruct
                                : keyword == "union" ? kUnion
                                : keyword == "enum"  ? kEnum
                                                     : kClass;
    int position = in.parent;
    if (name != kNone) {
      position = out_.add({.kind = kind,
                           .name = name,
                           .first = r->first,
                           .body = body,
                           .last = last,
                           .parent = in.parent,
                           .receiver = qualifier(name)});
    } else if (size_t alias = last + 1; t_.is_word(alias) && r->is_typedef) {
      // typedef struct { ... } Name: the alias is the only name its members can have.
      position = out_.add(
          {.kind = kind, .name = alias, .first = r->first, .body = body, .last = last + 1, .parent = in.parent});
    }
    if (kind == kEnum) {
      enumerators(body, last, position);
    } else {
      scope(body + 1, last, {position, Level::kClass, name == kNone ? std::string_view() : t_.word(name)}, depth + 1);
    }
    r->words += 1;
    r->variable = kNone;
    r->settled = name == kNone && position != in.parent;  // the alias is defined already
    return last + 1;
  }

  void enumerators(size_t open, size_t close, int parent) {
    bool expected = true;
    for (size_t i = open + 1; i < close; i = t_.skip(i)) {
      if (t_[i].kind == TokenKind::kDirective) continue;
      if (expected && t_.is_word(i)) {
        out_.add(
            {.kind = DefinitionKind::kConstant, .name = i, .first = i, .body = i + 1, .last = i, .parent = parent});
      }
      expected = t_.is(i, ',');
    }
  }

  static constexpr size_t kMaxHead = 300;  // tokens of a list of base classes
  const bool cpp_;
  DefinitionList& out_;
};

}  // namespace

void scan_c(Language language, const Tokens& tokens, DefinitionList* out) {
  CScanner(language, tokens, out).run();
}

}  // namespace promethean::search
