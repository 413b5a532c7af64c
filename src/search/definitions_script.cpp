#include "search/definitions_script.h"

#include <algorithm>

namespace promethean::search {

size_t ScriptExtents::declaration_start(size_t i) const {
  const size_t modifiers_from = i > 8 ? i - 8 : 0;
  while (i > modifiers_from && t_.is_word(i - 1)) {
    const std::string_view w = t_.word(i - 1);
    if (w != "export" && w != "default" && w != "declare" && w != "abstract" && w != "async" && w != "const") break;
    --i;
  }
  for (int decorators = 0; i > 1 && decorators < 32; ++decorators) {
    size_t at = i - 1;
    if (t_.is(at, ')') && t_.match[at] != kNoMatch && t_.match[at] > 1) at = t_.match[at] - 1;
    while (at > 1 && t_.is_word(at) && t_.is(at - 1, '.')) at -= 2;
    if (!t_.is_word(at) || at == 0 || !t_.is(at - 1, '@') || !t_[at - 1].first_on_line) break;
    i = at - 1;
  }
  return i;
}

bool ScriptExtents::object_literal(size_t i) const {
  if (i == 0) return false;
  const char m = t_[i - 1].mark;
  if (m == '=' || m == '(' || m == ',' || m == '[' || m == ':' || m == '?') return !is_type_annotation(i);
  return t_.is_word(i - 1, "return") || t_.is_word(i - 1, "default");
}

bool ScriptExtents::is_type_annotation(size_t i) const {
  return typed_ && t_.is(i - 1, ':') && !t_.is(t_.skip(i), ',');
}

size_t ScriptExtents::body_of(size_t open, size_t end) const {
  size_t k = t_.skip(open);
  if (typed_ && t_.is(k, ':')) k = skip_type(k + 1, end);
  return k;
}

size_t ScriptExtents::skip_type(size_t k, size_t end) const {
  bool operand = true;  // an object type may stand here
  while (k < end) {
    const char m = t_[k].mark;
    if (m == '{' && !operand) return k;
    if (m == ';' || m == ',' || m == ')' || m == ']' || m == '}') return k;
    if (m == '=' && !t_.is(k + 1, '>')) return k;
    if (m == '=') {
      ++k;  // =>
      operand = true;
    } else if (!operand && t_[k].first_on_line && m != '|' && m != '&' && m != '.' && m != '?' && m != ':') {
      return k;
    } else {
      operand = m == '|' || m == '&' || m == '?' || m == ':' || m == ',' || t_.is_word(k, "is") ||
                t_.is_word(k, "keyof") || t_.is_word(k, "readonly") || t_.is_word(k, "extends") ||
                t_.is_word(k, "infer") || t_.is_word(k, "asserts") || t_.is_word(k, "typeof");
    }
    k = m == '<' ? skip_angles(t_, k) : t_.skip(k);
  }
  return k;
}

size_t ScriptExtents::end_of_member(size_t k, size_t close) const {
  while (k < close && !t_.is(k, ';') && !t_.is(k, ',') && !t_[k].first_on_line) k = t_.skip(k);
  return k;
}

size_t ScriptExtents::end_of_value(size_t k, size_t close) const {
  const size_t from = k;
  while (k < close && !t_.is(k, ';') && !t_.is(k, ',')) {
    if (k > from && t_[k].first_on_line && ends_expression(k)) return k;
    k = t_.skip(k);
  }
  return std::min(k, close);
}

bool ScriptExtents::ends_expression(size_t k) const {
  static constexpr std::string_view kJoins = "=+-*/%&|^?:.,(<[!~";
  const Token& before = t_[k - 1];
  if (before.mark == '>')
    return !(k > 1 && t_.is(k - 2, '=')) && !is_infix(k);  // an arrow, else the end of type arguments
  if (before.mark != 0 && kJoins.find(before.mark) != std::string_view::npos) return false;
  return !is_infix(k);
}

bool ScriptExtents::is_infix(size_t k) const {
  const char m = t_[k].mark;
  if (m != 0 && std::string_view("=+*/%&|^?:.,(<[>)]}").find(m) != std::string_view::npos) return true;
  return t_.is_word(k, "instanceof") || t_.is_word(k, "as") || t_.is_word(k, "satisfies") || t_.is_word(k, "in") ||
         t_.is_word(k, "extends");
}

bool ScriptExtents::is_function(size_t k) const {
  if (t_.is_word(k, "async")) ++k;
  if (t_.is_word(k, "function")) return true;
  if (t_.is(k, '<')) k = skip_angles(t_, k);
  if (t_.is_word(k)) return t_.is(k + 1, '=') && t_.is(k + 2, '>');
  if (!t_.is(k, '(')) return false;
  k = t_.skip(k);
  if (typed_ && t_.is(k, ':')) {
    for (size_t n = 0; n < 60 && k < t_.size(); ++n) {
      if (t_.is(k, '=') && t_.is(k + 1, '>')) return true;
      if (t_.is(k, ';') || (t_.is(k, '=') && !t_.is(k + 1, '>'))) return false;
      k = t_.is(k, '<') ? skip_angles(t_, k) : t_.skip(k);
    }
  }
  return t_.is(k, '=') && t_.is(k + 1, '>');
}

size_t ScriptExtents::class_body(size_t k, size_t end) const {
  while (k < end && !t_.is(k, '{')) k = t_.skip(k);
  return k;
}

size_t ScriptExtents::signature_end(size_t k, size_t stop) const {
  while (k < stop && !t_.is(k, '{')) k = t_.skip(k);
  return k;
}

size_t ScriptExtents::comma(size_t i, size_t close) const {
  while (i < close && !t_.is(i, ',')) i = t_.skip(i);
  return std::min(i, close);
}

}  // namespace promethean::search
