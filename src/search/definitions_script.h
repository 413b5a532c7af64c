// How far things reach in JavaScript and TypeScript: types, expressions, members. Positions of tokens in and out; all
// read only. `typed` tells whether type annotations are understood.
#pragma once

#include <string_view>

#include "search/definitions_scan.h"

namespace promethean::search {

class ScriptExtents {
 protected:
  ScriptExtents(const Tokens& tokens, bool typed) : typed_(typed), t_(tokens) {}

  const bool typed_;
  const Tokens& t_;

  // Back over export, default, declare, abstract, async and decorators on lines of their own.
  size_t declaration_start(size_t i) const;
  // A brace opens an object when an operand is expected in front of it.
  bool object_literal(size_t i) const;
  bool is_type_annotation(size_t i) const;
  // From a '(' behind a name: parameters, result type; the position of '{', or of what ends the signature.
  size_t body_of(size_t open, size_t end) const;
  // A type after ':', up to '{', '=', ',', ';', ')' or a new statement.
  size_t skip_type(size_t k, size_t end) const;
  size_t end_of_member(size_t k, size_t close) const;
  // The end of an expression: ';' or ',' or a line that cannot go on.
  size_t end_of_value(size_t k, size_t close) const;
  bool ends_expression(size_t k) const;
  bool is_infix(size_t k) const;
  // function, async function, (args) =>, arg =>, class
  bool is_function(size_t k) const;
  size_t class_body(size_t k, size_t end) const;
  // Up to the first brace of a value, so that a signature shows the parameters.
  size_t signature_end(size_t k, size_t stop) const;
  size_t comma(size_t i, size_t close) const;
};

}  // namespace promethean::search
