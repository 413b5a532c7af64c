#include "search/syntax/nodes.h"

#include <algorithm>

namespace promethean::search::syntax {

std::string_view type_of(TSNode node) {
  return ts_node_type(node);
}

TSNode field(TSNode node, std::string_view name) {
  return ts_node_child_by_field_name(node, name.data(), static_cast<uint32_t>(name.size()));
}

std::vector<TSNode> fields(TSNode node, std::string_view name) {
  std::vector<TSNode> found;
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
    const char* field_name = ts_tree_cursor_current_field_name(&cursor);
    const TSNode child = ts_tree_cursor_current_node(&cursor);
    if (field_name != nullptr && field_name == name && ts_node_is_named(child)) found.push_back(child);
  }
  ts_tree_cursor_delete(&cursor);
  return found;
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, type) != list.end();
}

bool is_comment(TSNode node) {
  return is_one_of(type_of(node), {"comment", "line_comment", "block_comment"});
}

uint32_t line_of(TSPoint point) {
  return point.row + 1;
}

uint32_t last_line(TSNode node) {
  const TSPoint end = ts_node_end_point(node);
  return end.column == 0 && end.row > ts_node_start_point(node).row ? end.row : end.row + 1;
}

bool is_prototype(TSNode declarator) {
  for (int i = 0; i < kMaxDeclaratorDepth && !ts_node_is_null(declarator); ++i) {
    const TSNode inner = field(declarator, "declarator");
    if (type_of(declarator) == "function_declarator")
      return ts_node_is_null(inner) || type_of(inner) != "parenthesized_declarator";
    declarator = ts_node_is_null(inner) ? ts_node_named_child(declarator, 0) : inner;
  }
  return false;
}

TSNode leaf(TSNode declarator) {
  for (int i = 0; i < kMaxDeclaratorDepth && !ts_node_is_null(declarator); ++i) {
    if (is_one_of(type_of(declarator), {"identifier", "field_identifier", "type_identifier", "operator_name",
                                        "destructor_name", "qualified_identifier", "template_function"})) {
      return declarator;
    }
    if (type_of(declarator) == "operator_cast" || type_of(declarator) == "structured_binding_declarator")
      return declarator;
    TSNode inner = field(declarator, "declarator");
    if (ts_node_is_null(inner)) inner = field(declarator, "name");  // Java's variable_declarator
    declarator = ts_node_is_null(inner) ? ts_node_named_child(declarator, 0) : inner;
  }
  return declarator;
}

TSNode inner_type(TSNode type) {
  for (int i = 0; i < kMaxDeclaratorDepth && !ts_node_is_null(type); ++i) {
    const TSNode inner = field(type, type_of(type) == "scoped_type_identifier" ? "name" : "type");
    if (ts_node_is_null(inner)) break;
    type = inner;
  }
  return type;
}

}  // namespace promethean::search::syntax
