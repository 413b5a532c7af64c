// Questions to single nodes of a tree.
#pragma once

#include <tree_sitter/api.h>

#include <initializer_list>
#include <string_view>
#include <vector>

namespace promethean::search::syntax {

inline constexpr int kMaxDeclaratorDepth = 32;  // pointers to arrays of functions ...

std::string_view type_of(TSNode node);
TSNode field(TSNode node, std::string_view name);
// The children that have this field, in order. (ts_node_field_name_for_child is wrong for repeated ones.)
std::vector<TSNode> fields(TSNode node, std::string_view name);
bool is_one_of(std::string_view type, std::initializer_list<std::string_view> list);
bool is_comment(TSNode node);
uint32_t line_of(TSPoint point);       // 1-based
uint32_t last_line(TSNode node);       // what ends with a newline ends on the line before
bool is_prototype(TSNode declarator);  // f(int) is one; (*f)(int) is a variable
TSNode leaf(TSNode declarator);        // the name at the bottom of a declarator
TSNode inner_type(TSNode type);        // the type's name in a::B<T>, &T

}  // namespace promethean::search::syntax
