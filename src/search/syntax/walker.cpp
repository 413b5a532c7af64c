#include "search/syntax/walker.h"

#include <algorithm>

#include "search/syntax/nodes.h"

namespace promethean::search::syntax {

namespace {

using enum DefinitionKind;

constexpr uint32_t kMaxNodeDepth = 500;  // of nodes; beyond it nothing is looked at

bool is_function_value(TSNode value) {
  return !ts_node_is_null(value) &&
         is_one_of(type_of(value), {"arrow_function", "function_expression", "function", "generator_function"});
}

bool is_function(DefinitionKind kind) {
  return kind == kFunction || kind == kMethod || kind == kConstructor;
}

bool holds_methods(DefinitionKind kind) {
  return kind == kClass || kind == kStruct || kind == kUnion || kind == kInterface || kind == kTrait || kind == kImpl ||
         kind == kEnum;
}

class Walker {
 public:
  Walker(const Grammar& grammar, TSNode root, std::string_view text)
      : grammar_(grammar), text_(text), cursor_(ts_tree_cursor_new(root)) {}
  ~Walker() { ts_tree_cursor_delete(&cursor_); }
  Walker(const Walker&) = delete;
  Walker& operator=(const Walker&) = delete;

  std::vector<Definition> run() {
    uint32_t depth = 0;
    for (;;) {
      const TSNode node = ts_tree_cursor_current_node(&cursor_);
      path_.resize(depth);
      path_.push_back(node);
      comments_.resize(depth + 1);
      if (is_comment(node)) note_comment(node, depth);
      enter(node, depth);
      comments_[depth].code_row = is_comment(node) ? comments_[depth].code_row : ts_node_end_point(node).row;
      if (depth < kMaxNodeDepth && ts_tree_cursor_goto_first_child(&cursor_)) {
        ++depth;
        continue;
      }
      while (!ts_tree_cursor_goto_next_sibling(&cursor_)) {
        if (!ts_tree_cursor_goto_parent(&cursor_)) return std::move(list_);
        --depth;
      }
    }
  }

 private:
  struct Open {
    uint32_t depth;
    int position;
  };
  // The last comments among the siblings at one depth, joined while they follow each other.
  struct Comments {
    uint32_t first = 0, last = 0;    // lines
    uint32_t code_row = UINT32_MAX;  // on which the last sibling that is no comment ended
  };

  void note_comment(TSNode node, uint32_t depth) {
    Comments& c = comments_[depth];
    const uint32_t row = ts_node_start_point(node).row;
    if (row == c.code_row) return;  // behind code: it belongs to that
    if (c.last + 1 != row + 1) c.first = row + 1;
    c.last = last_line(node);
  }

  std::string_view text_of(TSNode node) const {
    const uint32_t begin = ts_node_start_byte(node), end = ts_node_end_byte(node);
    return begin <= end && end <= text_.size() ? text_.substr(begin, end - begin) : std::string_view();
  }

  void enter(TSNode node, uint32_t depth) {
    while (!open_.empty() && open_.back().depth >= depth) open_.pop_back();
    const Rule* rule = grammar_.rule(ts_node_symbol(node));
    if (rule == nullptr || list_.size() >= kMaxDefinitions) return;
    if ((rule->flags & Rule::kOuter) != 0 && inside_function() && !is_callable(node, *rule)) return;
    if ((rule->flags & Rule::kNeedsBody) != 0 && ts_node_is_null(field(node, "body"))) return;
    if ((rule->flags & Rule::kDeclarators) != 0) return declarators(node, *rule, depth);
    if ((rule->flags & Rule::kNames) != 0) return names(node, *rule);
    const int position = (rule->flags & Rule::kValue) != 0 ? by_value(node, *rule) : definition(node, *rule);
    if (position >= 0) open_.push_back({depth, position});
  }

  int parent() const { return open_.empty() ? -1 : open_.back().position; }

  bool inside_function() const {
    return std::ranges::any_of(
        open_, [this](const Open& open) { return is_function(list_[static_cast<size_t>(open.position)].kind); });
  }

  static bool is_callable(TSNode node, const Rule& rule) {
    if ((rule.flags & Rule::kValue) == 0) return false;
    const TSNode value = field(node, "value");
    return is_function_value(value) || (!ts_node_is_null(value) && type_of(value) == "class");
  }

  // ---- what a node defines ----

  int definition(TSNode node, const Rule& rule) {
    TSNode name = field(node, "name");
    DefinitionKind kind = rule.kind;
    std::string_view receiver;
    if (kind == kImpl) name = inner_type(field(node, "type"));
    if (ts_node_is_null(name) && kind == kFunction) name = declared_name(node);
    if (ts_node_is_null(name)) return -1;
    if (type_of(name) == "qualified_identifier") {
      name = innermost(name, &receiver);
    } else if (type_of(name) == "nested_namespace_specifier") {
      name = last_namespace(name, &receiver);
    } else if (type_of(name) == "template_type" || type_of(name) == "template_function") {
      name = field(name, "name");
    }
    if (ts_node_is_null(name)) return -1;
    if ((rule.flags & Rule::kMember) != 0 && (!receiver.empty() || inside_type())) kind = kMethod;
    if (rule.type == "type_spec") kind = go_type(node);
    if (rule.type == "method_declaration") receiver = go_receiver(node);
    if (rule.type == "method_definition" && text_of(name) == "constructor") kind = kConstructor;
    if (rule.type == "mod_item" && ts_node_is_null(field(node, "body"))) return add(node, name, kind, receiver), -1;
    return add(node, name, kind, receiver);
  }

  bool inside_type() const {
    return !open_.empty() && holds_methods(list_[static_cast<size_t>(open_.back().position)].kind);
  }

  int by_value(TSNode node, const Rule& rule) {
    TSNode name = field(node, rule.type == "assignment" ? "left" : "name");
    if (rule.type == "field_definition") name = field(node, "property");
    const bool assignment = rule.type == "assignment_expression";
    const TSNode value = field(node, assignment ? "right" : "value");
    if (assignment) {
      name = field(node, "left");
      if (!is_function_value(value) || type_of(name) != "member_expression") return -1;
      name = field(name, "property");
    }
    if (ts_node_is_null(name)) return -1;
    const bool plain = is_one_of(type_of(name), {"identifier", "property_identifier", "private_property_identifier"});
    if (!plain || (rule.type == "assignment" && type_of(above(1)) != "expression_statement")) return -1;
    return add(node, name, kind_by_value(rule, name, value), {});
  }

  DefinitionKind kind_by_value(const Rule& rule, TSNode name, TSNode value) const {
    if (is_function_value(value)) return rule.kind == kProperty ? kMethod : kFunction;
    if (!ts_node_is_null(value) && type_of(value) == "class") return kClass;
    if (rule.type == "variable_declarator") {
      const TSNode declaration = above(1);
      return text_of(declaration).starts_with("const") ? kConstant : kVariable;
    }
    if (rule.type == "assignment") {
      if (inside_type()) return kField;
      const std::string_view written = text_of(name);
      const bool upper = std::ranges::none_of(written, [](char c) { return c >= 'a' && c <= 'z'; });
      return upper ? kConstant : kVariable;
    }
    return rule.kind;
  }

  // One definition for each name: `a, b int`.
  void names(TSNode node, const Rule& rule) {
    for (const TSNode name : fields(node, "name")) add(node, name, rule.kind, {});
  }

  // One definition for each declarator that is no prototype.
  void declarators(TSNode node, const Rule& rule, uint32_t depth) {
    if (rule.kind == kVariable && text_of(node).starts_with("extern ")) return;
    const TSNode type = field(node, "type");
    const bool body = !ts_node_is_null(type) && !ts_node_is_null(field(type, "body"));
    const bool nameless = body && ts_node_is_null(field(type, "name"));
    bool first = true;
    for (const TSNode declarator : fields(node, "declarator")) {
      const bool typedef_of_body = rule.kind == kType && nameless && first;
      first = false;
      if (rule.kind != kType && is_prototype(declarator)) continue;
      const TSNode name = leaf(declarator);
      if (ts_node_is_null(name)) continue;
      const Rule* of_type = typedef_of_body ? grammar_.rule(ts_node_symbol(type)) : nullptr;
      const int position = add(node, name, of_type != nullptr ? of_type->kind : rule.kind, {});
      if (of_type != nullptr && position >= 0) open_.push_back({depth, position});
    }
  }

  TSNode declared_name(TSNode node) const { return leaf(field(node, "declarator")); }

  // Of A::B::name the name; `receiver` becomes "A::B", "A" of A<T>::name.
  TSNode innermost(TSNode qualified, std::string_view* receiver) const {
    const uint32_t begin = ts_node_start_byte(qualified);
    TSNode scope = field(qualified, "scope");
    TSNode name = field(qualified, "name");
    for (int i = 0; i < kMaxDeclaratorDepth && !ts_node_is_null(name) && type_of(name) == "qualified_identifier"; ++i) {
      scope = field(name, "scope");
      name = field(name, "name");
    }
    if (ts_node_is_null(scope) || ts_node_is_null(name)) return name;
    uint32_t end = ts_node_end_byte(scope);
    if (type_of(scope) == "template_type") end = ts_node_end_byte(field(scope, "name"));
    if (begin < end && end <= text_.size()) *receiver = text_.substr(begin, end - begin);
    if (type_of(name) == "template_function") return field(name, "name");
    return name;
  }

  // b of `namespace a::b`.
  TSNode last_namespace(TSNode nested, std::string_view* receiver) const {
    TSNode last = nested;
    for (int i = 0; i < kMaxDeclaratorDepth && ts_node_named_child_count(last) > 0; ++i) {
      last = ts_node_named_child(last, ts_node_named_child_count(last) - 1);
    }
    const std::string_view whole = text_of(nested);
    *receiver = whole.substr(0, whole.rfind("::"));
    return last;
  }

  static DefinitionKind go_type(TSNode node) {
    const TSNode type = field(node, "type");
    if (ts_node_is_null(type)) return kType;
    return type_of(type) == "struct_type" ? kStruct : type_of(type) == "interface_type" ? kInterface : kType;
  }

  // The type's name in `func (t *T[K]) f()`.
  std::string_view go_receiver(TSNode node) const {
    TSNode at = field(node, "receiver");
    if (ts_node_is_null(at)) return {};
    at = ts_node_named_child(at, 0);
    if (!ts_node_is_null(at)) at = field(at, "type");
    for (int i = 0; i < kMaxDeclaratorDepth && !ts_node_is_null(at); ++i) {
      if (type_of(at) == "type_identifier") return text_of(at);
      at = ts_node_named_child(at, 0);
    }
    return {};
  }

  // ---- where it lies ----

  // The node `levels` above the current one; the root above itself.
  TSNode above(size_t levels) const { return path_[path_.size() > levels ? path_.size() - 1 - levels : 0]; }

  // How many nodes around the current one belong to it: decorators, export, template heads, `const`.
  size_t wrappers() const {
    size_t levels = 0;
    while (levels + 1 < path_.size() && wraps(above(levels + 1), above(levels))) ++levels;
    return levels;
  }

  static bool wraps(TSNode outer, TSNode node) {
    const std::string_view type = type_of(outer);
    if (is_one_of(type, {"decorated_definition", "export_statement", "template_declaration", "expression_statement",
                         "ambient_declaration"}))
      return true;
    // These hold lists: only the first one begins with them.
    return is_one_of(type, {"lexical_declaration", "variable_declaration", "type_declaration", "const_declaration",
                            "var_declaration"}) &&
           ts_node_start_point(outer).row == ts_node_start_point(node).row;
  }

  // The first line of the comments right above what is `levels` above the current node.
  uint32_t doc_line(size_t levels, uint32_t start_line) const {
    const Comments& c = comments_[path_.size() - 1 - levels];
    return c.first > 0 && c.last + 1 == start_line ? c.first : start_line;
  }

  // `node` is the current one.
  int add(TSNode node, TSNode name, DefinitionKind kind, std::string_view receiver) {
    const size_t levels = wrappers();
    const TSNode outer = above(levels);
    Definition d;
    d.name = name_text(name);
    if (d.name.empty()) return -1;
    d.kind = kind;
    d.parent = parent();
    d.receiver = receiver;
    d.line = line_of(ts_node_start_point(name));
    d.start_line = std::min(line_of(ts_node_start_point(outer)), d.line);
    d.end_line = std::max(last_line(node), d.line);
    d.doc_line = doc_line(levels, d.start_line);
    const bool decorated = type_of(outer) == "decorated_definition";
    d.signature_begin = ts_node_start_byte(decorated ? node : outer);
    d.signature_end = std::max(signature_end(node, name), d.signature_begin);
    list_.push_back(d);
    return static_cast<int>(list_.size()) - 1;
  }

  std::string_view name_text(TSNode name) const {
    std::string_view text = text_of(name);
    if (type_of(name) == "operator_cast") text = text.substr(0, text.find('('));
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'')) text = text.substr(1, text.size() - 2);
    return text;
  }

  static uint32_t signature_end(TSNode node, TSNode name) {
    for (const std::string_view part : {"body", "value", "right"}) {
      const TSNode at = field(node, part);
      if (!ts_node_is_null(at) && ts_node_start_byte(at) > ts_node_end_byte(name)) {
        const TSNode body = field(at, "body");  // of a function that is a value
        return ts_node_is_null(body) ? ts_node_start_byte(at) : ts_node_start_byte(body);
      }
    }
    const TSNode type = field(node, "type");
    const bool spec = type_of(node) == "type_spec";
    if (spec && !ts_node_is_null(type) && ts_node_start_point(type).row != ts_node_end_point(type).row)
      return ts_node_end_byte(name);
    return std::max(ts_node_end_byte(node), ts_node_end_byte(name));
  }

  const Grammar& grammar_;
  const std::string_view text_;
  TSTreeCursor cursor_;
  std::vector<TSNode> path_;        // from the root to the current node
  std::vector<Comments> comments_;  // by depth
  std::vector<Open> open_;
  std::vector<Definition> list_;
};

// Wrappers may begin before their neighbours: the order is that of the starts, and parents keep their children.
std::vector<Definition> in_order(std::vector<Definition> list) {
  std::vector<uint32_t> order(list.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&list](uint32_t i) { return std::pair(list[i].start_line, i); });
  std::vector<int32_t> place(list.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int32_t>(i);
  std::vector<Definition> sorted;
  sorted.reserve(list.size());
  for (const uint32_t i : order) {
    Definition d = list[i];
    if (d.parent >= 0) d.parent = place[static_cast<size_t>(d.parent)];
    if (d.parent >= static_cast<int32_t>(sorted.size())) d.parent = -1;
    sorted.push_back(d);
  }
  return sorted;
}

}  // namespace

std::vector<Definition> walk(const Grammar& grammar, TSNode root, std::string_view text) {
  return in_order(Walker(grammar, root, text).run());
}

}  // namespace promethean::search::syntax
