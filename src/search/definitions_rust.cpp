// Rust: items at any depth, the fields of structs and the variants of enums.
#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

class RustScanner {
 public:
  RustScanner(const Tokens& tokens, DefinitionList* out) : t_(tokens), out_(*out) {}

  void run() { items(0, t_.size(), kNoParent, false, 0); }

 private:
  void items(size_t i, size_t end, int parent, bool in_type, int depth) {
    if (depth > kMaxNesting) return;
    size_t first = i;
    while (i < end) {
      if (t_.is(i, '#') && (t_.is(i + 1, '[') || t_.is(i + 1, '!'))) {
        i = t_.skip(t_.is(i + 1, '!') ? i + 2 : i + 1);
      } else if (is_prefix(i)) {
        i = t_.is(i + 1, '(') && t_.word(i) == "pub" ? t_.skip(i + 1) : i + 1;
        if (t_[i].kind == TokenKind::kString) ++i;
      } else {
        i = item(first, i, end, parent, in_type, depth);
        first = i;
      }
    }
  }

  bool is_prefix(size_t i) const {
    if (!t_.is_word(i)) return false;
    const std::string_view w = t_.word(i);
    if (w == "const")
      return t_.is_word(i + 1, "fn") || t_.is_word(i + 1, "unsafe") || t_.is_word(i + 1, "async") ||
             t_.is_word(i + 1, "extern");
    return w == "pub" || w == "unsafe" || w == "async" || w == "default" ||
           (w == "extern" && !t_.is_word(i + 1, "crate") && !t_.is(i + 1, '{') && !t_.is(i + 2, '{'));
  }

  size_t item(size_t first, size_t i, size_t end, int parent, bool in_type, int depth) {
    if (t_.is(i, '{')) return block(i, parent, depth);
    if (!t_.is_word(i)) return t_.is(i, '(') || t_.is(i, '[') ? descend(i, parent, depth) : i + 1;
    const std::string_view w = t_.word(i);
    using enum DefinitionKind;
    if (w == "fn" && t_.is_word(i + 1)) return braced(first, i + 1, end, in_type ? kMethod : kFunction, parent, depth);
    if (w == "struct" && t_.is_word(i + 1)) return braced(first, i + 1, end, kStruct, parent, depth);
    if (w == "union" && t_.is_word(i + 1) && (t_.is(i + 2, '{') || t_.is(i + 2, '<')))
      return braced(first, i + 1, end, kUnion, parent, depth);
    if (w == "enum" && t_.is_word(i + 1)) return braced(first, i + 1, end, kEnum, parent, depth);
    if (w == "trait" && t_.is_word(i + 1)) return braced(first, i + 1, end, kTrait, parent, depth);
    if (w == "mod" && t_.is_word(i + 1)) return braced(first, i + 1, end, kModule, parent, depth);
    if (w == "type" && t_.is_word(i + 1)) return simple(first, i + 1, end, kType, parent);
    if (w == "impl" && !t_.is(i - 1, ':') && !t_.is(i - 1, '>') && !t_.is(i - 1, '&') && !t_.is(i - 1, '<'))
      return impl(first, i, end, parent, depth);
    if (w == "const" && t_.is_word(i + 1) && t_.is(i + 2, ':')) return simple(first, i + 1, end, kConstant, parent);
    if (w == "static" && (t_.is_word(i + 1)))
      return simple(first, t_.is_word(i + 1, "mut") ? i + 2 : i + 1, end, kVariable, parent);
    if (w == "macro_rules" && t_.is(i + 1, '!') && t_.is_word(i + 2)) return macro(first, i + 2, parent);
    return i + 1;
  }

  // Item macros such as cfg_rt! { pub fn ... } hold items of their own; so do function bodies.
  size_t block(size_t open, int parent, int depth) {
    const size_t close = partner(t_, open);
    items(open + 1, close, parent, parent != kNoParent && holds_methods(parent), depth + 1);
    return close + 1;
  }

  size_t descend(size_t open, int parent, int depth) {
    const size_t close = partner(t_, open);
    items(open + 1, close, parent, false, depth + 1);
    return close + 1;
  }

  bool holds_methods(int position) const {
    const DefinitionKind kind = out_.kind(position);
    return kind == DefinitionKind::kImpl || kind == DefinitionKind::kTrait;
  }

  // From the name on: generics, parameters and bounds up to '{', ';' or the end.
  size_t body_of(size_t i, size_t end) const {
    while (i < end && !t_.is(i, '{') && !t_.is(i, ';')) i = t_.is(i, '<') ? skip_angles(t_, i) : t_.skip(i);
    return i;
  }

  size_t braced(size_t first, size_t name, size_t end, DefinitionKind kind, int parent, int depth) {
    const size_t body = body_of(name + 1, end);
    const size_t last = t_.is(body, '{') ? partner(t_, body) : std::min(body, end - 1);
    const int position =
        out_.add({.kind = kind, .name = name, .first = first, .body = body, .last = last, .parent = parent});
    if (position == kNoParent || !t_.is(body, '{')) return last + 1;
    if (kind == DefinitionKind::kStruct || kind == DefinitionKind::kUnion) {
      fields(body, last, position);
    } else if (kind == DefinitionKind::kEnum) {
      variants(body, last, position);
    } else {
      items(body + 1, last, position, kind == DefinitionKind::kTrait, depth + 1);
    }
    return last + 1;
  }

  size_t impl(size_t first, size_t keyword, size_t end, int parent, int depth) {
    const size_t body = body_of(keyword + 1, end);
    if (!t_.is(body, '{')) return body;
    const size_t name = impl_name(keyword + 1, body);
    const size_t last = partner(t_, body);
    const int position = out_.add(
        {.kind = DefinitionKind::kImpl, .name = name, .first = first, .body = body, .last = last, .parent = parent});
    items(body + 1, last, position, true, depth + 1);
    return last + 1;
  }

  // The last segment of the type: `impl<T> Trait for path::Type<T> where ...` is named Type.
  size_t impl_name(size_t i, size_t body) const {
    if (t_.is(i, '<')) i = skip_angles(t_, i);
    size_t name = i;
    for (; i < body && !t_.is_word(i, "where"); i = t_.is(i, '<') ? skip_angles(t_, i) : t_.skip(i)) {
      const bool word = t_.is_word(i) && t_.word(i) != "dyn" && t_.word(i) != "mut" && t_.word(i) != "for";
      if (word && !t_.is(i - 1, '\'')) name = i;
    }
    return name;
  }

  size_t simple(size_t first, size_t name, size_t end, DefinitionKind kind, int parent) {
    size_t k = name + 1;
    while (k < end && !t_.is(k, ';')) k = t_.skip(k);
    k = std::min(k, end);
    const size_t last = k < end ? k : k - 1;
    out_.add({.kind = kind, .name = name, .first = first, .body = k, .last = last, .parent = parent});
    return last + 1;
  }

  size_t macro(size_t first, size_t name, int parent) {
    const size_t last = partner(t_, name + 1);
    out_.add({.kind = DefinitionKind::kMacro,
              .name = name,
              .first = first,
              .body = name + 1,
              .last = last,
              .parent = parent});
    return last + 1;
  }

  void fields(size_t open, size_t close, int parent) {
    for (size_t i = open + 1; i < close;) {
      i = skip_attributes(i, close);
      const size_t first = i;
      if (t_.is_word(i, "pub")) i = t_.is(i + 1, '(') ? t_.skip(i + 1) : i + 1;
      const size_t end = comma(i, close);
      if (t_.is_word(i) && t_.is(i + 1, ':')) {
        out_.add({.kind = DefinitionKind::kField,
                  .name = i,
                  .first = first,
                  .body = end,
                  .last = end - 1,
                  .parent = parent});
      }
      i = end + 1;
    }
  }

  void variants(size_t open, size_t close, int parent) {
    for (size_t i = open + 1; i < close;) {
      i = skip_attributes(i, close);
      const size_t end = comma(i, close);
      if (t_.is_word(i)) {
        out_.add(
            {.kind = DefinitionKind::kConstant, .name = i, .first = i, .body = end, .last = end - 1, .parent = parent});
      }
      i = end + 1;
    }
  }

  size_t skip_attributes(size_t i, size_t close) const {
    while (i < close && t_.is(i, '#')) i = t_.skip(i + 1);
    return i;
  }

  size_t comma(size_t i, size_t close) const {
    while (i < close && !t_.is(i, ',')) i = t_.is(i, '<') ? skip_angles(t_, i) : t_.skip(i);
    return std::min(i, close);
  }

  const Tokens& t_;
  DefinitionList& out_;
};

}  // namespace

void scan_rust(const Tokens& tokens, DefinitionList* out) {
  RustScanner(tokens, out).run();
}

}  // namespace promethean::search
