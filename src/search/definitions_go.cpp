// Go: declarations at file level, fields and method specifications of the types declared there.
#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

class GoScanner {
 public:
  GoScanner(const Tokens& tokens, DefinitionList* out) : t_(tokens), out_(*out) {}

  void run() {
    for (size_t i = 0; i < t_.size();) i = declaration(i);
  }

 private:
  size_t declaration(size_t i) {
    if (!t_[i].first_on_line || !t_.is_word(i)) return t_.skip(i);
    if (t_.is_word(i, "func")) return function(i);
    if (t_.is_word(i, "type")) return group(i, &GoScanner::type_spec);
    if (t_.is_word(i, "var")) return group(i, &GoScanner::variable_spec);
    if (t_.is_word(i, "const")) return group(i, &GoScanner::constant_spec);
    return t_.skip(i);
  }

  // The token behind the last one of the line that `i` stands on, brackets kept whole.
  size_t line_end(size_t i) const {
    size_t k = t_.skip(i);
    while (k < t_.size() && !t_[k].first_on_line && !t_.is(k, ';') && !t_.is(k, ')') && !t_.is(k, '}')) k = t_.skip(k);
    return k;
  }

  size_t function(size_t first) {
    size_t name = first + 1;
    std::string_view receiver;
    if (t_.is(name, '(')) {
      receiver = receiver_type(name);
      name = t_.skip(name);
    }
    if (!t_.is_word(name)) return t_.skip(first);
    size_t body = name + 1;
    if (t_.is(body, '[')) body = t_.skip(body);
    body = t_.skip(body);
    while (body < t_.size() && !t_[body].first_on_line && !opens_body(body)) body = t_.skip(body);
    const bool has_body = t_.is(body, '{') && !t_[body].first_on_line;
    const size_t last = has_body ? partner(t_, body) : body - 1;
    out_.add({.kind = receiver.empty() ? DefinitionKind::kFunction : DefinitionKind::kMethod,
              .name = name,
              .first = first,
              .body = body,
              .last = last,
              .receiver = receiver});
    return last + 1;
  }

  // '{' opens a body unless it belongs to struct{} or interface{} in the result type.
  bool opens_body(size_t i) const {
    return t_.is(i, '{') && !t_.is_word(i - 1, "struct") && !t_.is_word(i - 1, "interface");
  }

  // "T" of (t *T[K]) or (T).
  std::string_view receiver_type(size_t open) const {
    const size_t close = partner(t_, open);
    std::string_view type;
    for (size_t k = open + 1; k < close && !t_.is(k, '['); ++k) {
      if (t_.is_word(k)) type = t_.word(k);
    }
    return type;
  }

  using Spec = size_t (GoScanner::*)(size_t first, size_t name);

  // `keyword spec` or `keyword ( spec... )`.
  size_t group(size_t keyword, Spec spec) {
    if (!t_.is(keyword + 1, '(')) return (this->*spec)(keyword, keyword + 1);
    const size_t close = partner(t_, keyword + 1);
    for (size_t i = keyword + 2; i < close;) {
      i = t_.is_word(i) ? (this->*spec)(i, i) : i + 1;
    }
    return close + 1;
  }

  size_t type_spec(size_t first, size_t name) {
    if (!t_.is_word(name)) return name + 1;
    size_t k = name + 1;
    if (t_.is(k, '[') && !t_[k].first_on_line && !t_.is(k + 1, ']') && t_[k + 1].kind == TokenKind::kWord &&
        t_.is_word(k + 2))
      k = t_.skip(k);
    if (t_.is(k, '=')) ++k;
    const bool is_struct = t_.is_word(k, "struct"), is_interface = t_.is_word(k, "interface");
    const size_t end = line_end(k);
    const DefinitionKind kind = is_struct      ? DefinitionKind::kStruct
                                : is_interface ? DefinitionKind::kInterface
                                               : DefinitionKind::kType;
    const int parent = out_.add(
        {.kind = kind, .name = name, .first = first, .body = is_struct || is_interface ? k + 1 : end, .last = end - 1});
    if ((is_struct || is_interface) && t_.is(k + 1, '{')) members(k + 1, is_struct, parent);
    return end;
  }

  void members(size_t open, bool is_struct, int parent) {
    const size_t close = partner(t_, open);
    for (size_t i = open + 1; i < close;) {
      const size_t end = std::max(line_end(i), i + 1);
      if (t_.is_word(i)) {
        is_struct ? fields(i, end, parent) : method_spec(i, end, parent);
      } else if (is_struct && t_.is(i, '*') && t_.is_word(i + 1)) {
        fields(i + 1, end, parent);
      }
      i = end;
    }
  }

  // `a, b T`; an embedded `pkg.T` is named by its type.
  void fields(size_t i, size_t end, int parent) {
    if (t_.is(i + 1, '.')) {
      while (i + 2 < end && t_.is(i + 1, '.') && t_.is_word(i + 2)) i += 2;
    }
    while (i < end && t_.is_word(i)) {
      out_.add({.kind = DefinitionKind::kField, .name = i, .first = i, .body = end, .last = end - 1, .parent = parent});
      if (!t_.is(i + 1, ',')) return;
      i += 2;
    }
  }

  void method_spec(size_t i, size_t end, int parent) {
    if (!t_.is(i + 1, '(')) return;
    out_.add({.kind = DefinitionKind::kMethod, .name = i, .first = i, .body = end, .last = end - 1, .parent = parent});
  }

  size_t variable_spec(size_t first, size_t name) { return value_spec(first, name, DefinitionKind::kVariable); }
  size_t constant_spec(size_t first, size_t name) { return value_spec(first, name, DefinitionKind::kConstant); }

  size_t value_spec(size_t first, size_t name, DefinitionKind kind) {
    const size_t end = std::max(line_end(name), name + 1);
    for (size_t k = name; k < end && t_.is_word(k); k += 2) {
      if (t_.word(k) != "_") out_.add({.kind = kind, .name = k, .first = first, .body = end, .last = end - 1});
      if (!t_.is(k + 1, ',')) break;
    }
    return end;
  }

  const Tokens& t_;
  DefinitionList& out_;
};

}  // namespace

void scan_go(const Tokens& tokens, DefinitionList* out) {
  GoScanner(tokens, out).run();
}

}  // namespace promethean::search
