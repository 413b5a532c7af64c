// How far things reach in C and C++, and what they are called: template heads, initialisers, qualified and operator
// names. Positions of tokens in and out; all read only.
#pragma once

#include <string_view>

#include "search/definitions_scan.h"

namespace promethean::search {

class CExtents {
 protected:
  explicit CExtents(const Tokens& tokens) : t_(tokens) {}

  static constexpr size_t kNone = static_cast<size_t>(-1);
  const Tokens& t_;

  bool double_colon(size_t i) const;
  static bool is_label(std::string_view w);
  size_t skip_requires(size_t i) const;
  // BEGIN_NAMESPACE or DEFINE_TYPE(a, b) on a line of its own, without a semicolon: the declaration comes after it.
  bool is_bare_macro(size_t i) const;
  size_t behind_macro(size_t i) const;
  size_t skip_to_semicolon(size_t i, size_t end) const;
  bool has_type_before(size_t first, size_t name) const;
  // a(1), b{2} { : the body is the brace that follows a closed initialiser.
  size_t initializers(size_t i, size_t end) const;
  std::string_view span(size_t from, size_t to) const;
  std::string_view operator_text(size_t i) const;
  // "A::B" of A::B::name; "A" of A<T>::name.
  std::string_view qualifier(size_t name) const;
  // int f(a, b) int a; char *b; { ... }
  bool old_style_function(size_t name, size_t semicolon) const;
};

}  // namespace promethean::search
