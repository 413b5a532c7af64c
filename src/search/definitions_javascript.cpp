// JavaScript and TypeScript (with JSX): functions and classes at any depth, functions bound to names, members.
#include <algorithm>

#include "search/definitions_scan.h"
#include "search/definitions_script.h"

namespace promethean::search {
namespace {

class ScriptScanner : private ScriptExtents {
 public:
  ScriptScanner(Language language, const Tokens& tokens, DefinitionList* out)
      : ScriptExtents(tokens, language != Language::kJavaScript), out_(*out) {}

  void run() { code(0, t_.size(), kNoParent, true, 0); }

 private:
  // Statements. `outer` holds at file, namespace and module level, where plain variables count as definitions.
  void code(size_t i, size_t end, int parent, bool outer, int depth) {
    if (depth > kMaxNesting) return;
    while (i < end) i = std::max(step(i, end, parent, outer, depth), i + 1);
  }

  size_t step(size_t i, size_t end, int parent, bool outer, int depth) {
    if (t_.is(i, '{') || t_.is(i, '(') || t_.is(i, '[')) {
      const size_t close = partner(t_, i);
      if (t_.is(i, '{') && object_literal(i)) {
        object(i, close, parent, depth + 1);
      } else {
        code(i + 1, close, parent, false, depth + 1);
      }
      return close + 1;
    }
    if (!t_.is_word(i) || t_.is(i - 1, '.')) return i + 1;
    const std::string_view w = t_.word(i);
    const size_t first = declaration_start(i);
    using enum DefinitionKind;
    if (w == "function") return function(first, i, end, parent, depth);
    if (w == "class") return type(first, i, kClass, end, parent, depth);
    if (w == "const" || w == "let" || w == "var") return variables(first, i, end, parent, outer, depth);
    if (t_.is(i + 1, '=') && !t_.is(i + 2, '=') && t_.is(i - 1, '.')) return i + 1;
    if (t_.is(i + 1, '.')) return assigned_member(first, i, end, parent, depth);
    if (!typed_) return i + 1;
    if (w == "interface" && t_.is_word(i + 1)) return type(first, i, kInterface, end, parent, depth);
    if (w == "enum" && t_.is_word(i + 1)) return type(first, i, kEnum, end, parent, depth);
    if ((w == "namespace" || w == "module") && (t_.is_word(i + 1) || t_[i + 1].kind == TokenKind::kString))
      return name_space(first, i, end, parent, depth);
    if (w == "type" && t_.is_word(i + 1) && (t_.is(i + 2, '=') || t_.is(i + 2, '<')))
      return alias(first, i, end, parent);
    return i + 1;
  }

  size_t function(size_t first, size_t i, size_t end, int parent, int depth) {
    size_t name = i + 1;
    if (t_.is(name, '*')) ++name;
    if (!t_.is_word(name)) return name;
    size_t open = name + 1;
    if (t_.is(open, '<')) open = skip_angles(t_, open);
    if (!t_.is(open, '(')) return name + 1;
    return callable(DefinitionKind::kFunction, first, name, open, end, parent, depth);
  }

  size_t callable(DefinitionKind kind, size_t first, size_t name, size_t open, size_t end, int parent, int depth,
                  std::string_view receiver = {}) {
    const size_t body = body_of(open, end);
    const bool has_body = t_.is(body, '{');
    const size_t last = has_body ? partner(t_, body) : std::max(body, open + 1) - 1;
    const int position = out_.add({.kind = kind,
                                   .name = name,
                                   .first = first,
                                   .body = body,
                                   .last = last,
                                   .parent = parent,
                                   .receiver = receiver});
    if (has_body) code(body + 1, last, position, false, depth + 1);
    return has_body ? last + 1 : std::max(body, open + 1);
  }

  size_t type(size_t first, size_t i, DefinitionKind kind, size_t end, int parent, int depth) {
    const bool named = t_.is_word(i + 1) && t_.word(i + 1) != "extends" && t_.word(i + 1) != "implements";
    size_t body = named ? i + 2 : i + 1;
    const size_t head_end = std::min(end, i + kMaxHead);
    while (body < head_end && !t_.is(body, '{') && !t_.is(body, ';')) {
      body = t_.is(body, '<') ? skip_angles(t_, body) : t_.skip(body);
    }
    if (!t_.is(body, '{')) return i + 1;
    const size_t last = partner(t_, body);
    int position = parent;
    if (named)
      position = out_.add({.kind = kind, .name = i + 1, .first = first, .body = body, .last = last, .parent = parent});
    kind == DefinitionKind::kEnum ? enumerators(body, last, position) : members(body, last, position, depth + 1);
    return last + 1;
  }

  void enumerators(size_t open, size_t close, int parent) {
    bool expected = true;
    for (size_t i = open + 1; i < close; i = t_.skip(i)) {
      if (expected && t_.is_word(i))
        out_.add(
            {.kind = DefinitionKind::kConstant, .name = i, .first = i, .body = i + 1, .last = i, .parent = parent});
      expected = t_.is(i, ',');
    }
  }

  void members(size_t open, size_t close, int parent, int depth) {
    if (depth > kMaxNesting) return;
    for (size_t i = open + 1; i < close;) i = std::max(member(i, close, parent, depth), i + 1);
  }

  size_t member(size_t i, size_t close, int parent, int depth) {
    const size_t first = i;
    while (t_.is(i, '@') && t_.is_word(i + 1)) {
      i += 2;
      while (t_.is(i, '.')) i += 2;
      if (t_.is(i, '(')) i = t_.skip(i);
    }
    while (t_.is_word(i) && is_modifier(t_.word(i)) &&
           (t_.is_word(i + 1) || t_.is(i + 1, '*') || t_.is(i + 1, '[') || t_.is(i + 1, '{')))
      ++i;
    if (t_.is(i, '{')) {  // static { ... }
      code(i + 1, partner(t_, i), parent, false, depth + 1);
      return t_.skip(i);
    }
    if (t_.is(i, '*')) ++i;
    if (t_.is(i, '[')) return computed_member(i, close, parent, depth);
    if (!t_.is_word(i)) return t_.skip(i);
    return named_member(first, i, close, parent, depth);
  }

  size_t computed_member(size_t i, size_t close, int parent, int depth) {
    size_t k = t_.skip(i);
    if (!t_.is(k, '(')) return end_of_member(k, close);
    const size_t body = body_of(k, close);
    if (!t_.is(body, '{')) return body;
    code(body + 1, partner(t_, body), parent, false, depth + 1);
    return t_.skip(body);
  }

  size_t named_member(size_t first, size_t name, size_t close, int parent, int depth) {
    size_t k = name + 1;
    if (t_.is(k, '?') || t_.is(k, '!')) ++k;
    if (t_.is(k, '<')) k = skip_angles(t_, k);
    if (t_.is(k, '(')) {
      const auto kind = t_.word(name) == "constructor" ? DefinitionKind::kConstructor : DefinitionKind::kMethod;
      return callable(kind, first, name, k, close, parent, depth);
    }
    if (t_.is(k, ':')) k = skip_type(k + 1, close);
    const bool function_value = t_.is(k, '=') && is_function(k + 1);
    const size_t end = t_.is(k, '=') ? end_of_value(k + 1, close) : end_of_member(k, close);
    const size_t last = std::max(end, name + 1) - 1;
    const int position = out_.add({.kind = function_value ? DefinitionKind::kMethod : DefinitionKind::kProperty,
                                   .name = name,
                                   .first = first,
                                   .body = std::max(k, name + 1),
                                   .last = last,
                                   .parent = parent});
    if (t_.is(k, '=')) code(k + 1, end, position, false, depth + 1);
    return std::max(end, name + 1);
  }

  static bool is_modifier(std::string_view w) {
    for (std::string_view m : {"public", "private", "protected", "static", "readonly", "abstract", "async", "get",
                               "set", "override", "declare", "accessor"}) {
      if (w == m) return true;
    }
    return false;
  }

  size_t variables(size_t first, size_t i, size_t end, int parent, bool outer, int depth) {
    if (t_.is_word(i + 1, "enum")) return i + 1;
    size_t name = i + 1;
    if (!t_.is_word(name)) return name;  // destructuring
    size_t k = name + 1;
    if (t_.is(k, '!')) ++k;
    if (t_.is(k, ':')) k = skip_type(k + 1, end);
    const bool value = t_.is(k, '=') && !t_.is(k + 1, '=');
    const bool function_value = value && is_function(k + 1);
    const bool class_value = value && t_.is_word(k + 1, "class");
    if (!function_value && !class_value && !outer) return k;
    const size_t stop = value ? end_of_value(k + 1, end) : k;
    using enum DefinitionKind;
    const DefinitionKind kind = function_value          ? kFunction
                                : class_value           ? kClass
                                : t_.word(i) == "const" ? kConstant
                                                        : kVariable;
    const int position = out_.add({.kind = kind,
                                   .name = name,
                                   .first = first,
                                   .body = signature_end(k, stop),
                                   .last = std::max(stop, name + 1) - 1,
                                   .parent = parent});
    if (!value) return k;
    if (class_value && t_.is(class_body(k + 1, stop), '{')) {
      const size_t body = class_body(k + 1, stop);
      members(body, partner(t_, body), position, depth + 1);
    } else {
      code(k + 1, stop, position, false, depth + 1);
    }
    return stop;
  }

  // a.b.c = function ..., exports.name = value => ...
  size_t assigned_member(size_t first, size_t i, size_t end, int parent, int depth) {
    size_t name = i;
    while (t_.is(name + 1, '.') && t_.is_word(name + 2)) name += 2;
    if (name == i || !t_.is(name + 1, '=') || t_.is(name + 2, '=') || t_.is(name + 2, '>')) return name + 1;
    if (!is_function(name + 2) && !t_.is_word(name + 2, "class")) return name + 1;
    const size_t stop = end_of_value(name + 2, end);
    const std::string_view owner =
        t_.word(i) == "this" || t_.word(i) == "module" || t_.word(i) == "exports" ? std::string_view() : t_.word(i);
    const int position = out_.add({.kind = DefinitionKind::kFunction,
                                   .name = name,
                                   .first = first,
                                   .body = signature_end(name + 2, stop),
                                   .last = std::max(stop, name + 1) - 1,
                                   .parent = parent,
                                   .receiver = owner});
    code(name + 2, stop, position, false, depth + 1);
    return stop;
  }

  // { name(args) { ... }, name: function ..., name: (args) => ... }
  void object(size_t open, size_t close, int parent, int depth) {
    if (depth > kMaxNesting) return;
    for (size_t i = open + 1; i < close;) {
      const size_t first = i;
      while (t_.is_word(i) && is_modifier(t_.word(i)) && t_.is_word(i + 1)) ++i;
      if (t_.is(i, '*')) ++i;
      const bool word = t_.is_word(i);
      const size_t stop = comma(i, close);
      if (word && t_.is(i + 1, '(') && t_.is(body_of(i + 1, close), '{')) {
        i = callable(DefinitionKind::kMethod, first, i, i + 1, close, parent, depth);
      } else if (word && t_.is(i + 1, ':') && is_function(i + 2)) {
        const int position = out_.add({.kind = DefinitionKind::kMethod,
                                       .name = i,
                                       .first = first,
                                       .body = signature_end(i + 2, stop),
                                       .last = stop - 1,
                                       .parent = parent});
        code(i + 2, stop, position, false, depth + 1);
        i = stop;
      } else {
        code(i, stop, parent, false, depth + 1);
        i = stop;
      }
      i = std::max(i, first + 1);
      if (t_.is(i, ',')) ++i;
    }
  }

  size_t name_space(size_t first, size_t i, size_t end, int parent, int depth) {
    size_t name = i + 1, body = i + 2;
    while (t_.is(body, '.') && t_.is_word(body + 1)) name = body + 1, body += 2;
    if (!t_.is(body, '{') || body >= end) return i + 1;
    const size_t last = partner(t_, body);
    int position = parent;
    if (t_.is_word(name))
      position = out_.add({.kind = DefinitionKind::kNamespace,
                           .name = name,
                           .first = first,
                           .body = body,
                           .last = last,
                           .parent = parent});
    code(body + 1, last, position, true, depth + 1);
    return last + 1;
  }

  size_t alias(size_t first, size_t i, size_t end, int parent) {
    size_t k = i + 2;
    if (t_.is(k, '<')) k = skip_angles(t_, k);
    if (!t_.is(k, '=')) return i + 1;
    const size_t stop = end_of_value(k + 1, end);
    out_.add({.kind = DefinitionKind::kType,
              .name = i + 1,
              .first = first,
              .body = stop,
              .last = std::max(stop, i + 2) - 1,
              .parent = parent});
    return stop;
  }

  static constexpr size_t kMaxHead = 300;  // tokens between a type's name and its body
  DefinitionList& out_;
};

}  // namespace

void scan_javascript(Language language, const Tokens& tokens, DefinitionList* out) {
  ScriptScanner(language, tokens, out).run();
}

}  // namespace promethean::search
