#include "search/definitions_c_extents.h"

#include <algorithm>

namespace promethean::search {

bool CExtents::double_colon(size_t i) const {
  return t_.is(i, ':') && t_.is(i + 1, ':') && !t_[i + 1].spaced;
}

bool CExtents::is_label(std::string_view w) {
  return w == "public" || w == "private" || w == "protected" || w == "signals" || w == "Q_SIGNALS" || w == "slots";
}

size_t CExtents::skip_requires(size_t i) const {
  while (i < t_.size() && (t_.is(i, '(') || t_.is(i, '!') || t_.is(i, '&') || t_.is(i, '|'))) i = t_.skip(i);
  if (!t_.is_word(i)) return i;
  while (t_.is_word(i) || double_colon(i)) {
    i += t_.is_word(i) ? 1 : 2;
    if (t_.is(i, '<')) i = skip_angles(t_, i);
    const bool more = (t_.is(i, '&') && t_.is(i + 1, '&')) || (t_.is(i, '|') && t_.is(i + 1, '|'));
    if (!more && !double_colon(i)) break;
    if (more) i += 2;
  }
  return i;
}

bool CExtents::is_bare_macro(size_t i) const {
  if (!t_.is_word(i) || !t_[i].first_on_line || t_.word(i).size() < 3) return false;
  for (char c : t_.word(i)) {
    if (c >= 'a' && c <= 'z') return false;
  }
  const size_t next = behind_macro(i);
  if (t_[next].kind == TokenKind::kDirective) return true;
  return t_[next].first_on_line && (t_.is_word(next) || t_.is(next, '['));
}

size_t CExtents::behind_macro(size_t i) const {
  return t_.is(i + 1, '(') ? t_.skip(i + 1) : i + 1;
}

size_t CExtents::skip_to_semicolon(size_t i, size_t end) const {
  while (i < end && !t_.is(i, ';')) i = t_.skip(i);
  return std::min(i + 1, end);
}

bool CExtents::has_type_before(size_t first, size_t name) const {
  if (name <= first) return false;
  const size_t before = name - 1;
  if (t_.is(before, '~')) return true;
  if (t_.is(before, ':')) return true;
  return (t_.is_word(before) && t_.word(before) != "static" && t_.word(before) != "inline") || t_.is(before, '*') ||
         t_.is(before, '&') || t_.is(before, '>');
}

size_t CExtents::initializers(size_t i, size_t end) const {
  while (i < end && !t_.is(i, ';')) {
    if (t_.is(i, '{') && (t_.is(i - 1, ')') || t_.is(i - 1, '}') || t_.is(i - 1, '.'))) return i;
    i = t_.is(i, '<') && t_.is_word(i - 1) ? skip_angles(t_, i) : t_.skip(i);
  }
  return i;
}

std::string_view CExtents::span(size_t from, size_t to) const {
  return t_.text.substr(t_[from].begin, t_[to].end - t_[from].begin);
}

std::string_view CExtents::operator_text(size_t i) const {
  size_t last = i + 1;
  if (t_.is(last, '(') && t_.is(last + 1, ')')) return span(i, last + 1);
  while (last + 1 < t_.size() && !t_.is(last + 1, '(')) ++last;
  return span(i, last);
}

std::string_view CExtents::qualifier(size_t name) const {
  size_t at = name;
  if (at > 0 && t_.is(at - 1, '~')) --at;
  size_t from = kNone, to = kNone;
  while (at >= 3 && t_.is(at - 1, ':') && t_.is(at - 2, ':')) {
    size_t before = at - 3;
    if (t_.is(before, '>')) {
      while (before > 0 && !t_.is(before, '<')) --before;
      if (before == 0) break;
      --before;
      to = kNone;
    }
    if (!t_.is_word(before)) break;
    from = before;
    if (to == kNone) to = before;
    at = before;
  }
  return from == kNone ? std::string_view() : span(from, to);
}

bool CExtents::old_style_function(size_t name, size_t semicolon) const {
  const size_t close = partner(t_, name + 1);
  if (close + 1 >= semicolon || !t_.is_word(close + 1)) return false;
  for (size_t k = semicolon + 1; k < std::min(t_.size(), semicolon + 60); ++k) {
    if (t_.is(k, '{')) return t_.is(k - 1, ';');
    const char m = t_[k].mark;
    if (!t_.is_word(k) && m != '*' && m != ',' && m != ';' && m != '[' && m != ']') return false;
  }
  return false;
}

}  // namespace promethean::search
