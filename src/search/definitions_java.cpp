// Java and C#: types and their members; bodies of methods are skipped.
#include <algorithm>

#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

class JavaScanner {
 public:
  JavaScanner(Language language, const Tokens& tokens, DefinitionList* out)
      : csharp_(language == Language::kCSharp), t_(tokens), out_(*out) {}

  void run() { members(0, t_.size(), kNoParent, 0); }

 private:
  void members(size_t i, size_t end, int parent, int depth) {
    if (depth > kMaxNesting) return;
    while (i < end) i = std::max(member(i, end, parent, depth), i + 1);
  }

  size_t member(size_t first, size_t end, int parent, int depth) {
    size_t i = skip_annotations(first, end);
    size_t words = 0, name = kNone;
    while (i < end) {
      if (t_.is_word(i)) {
        const size_t next = type_declaration(first, i, end, parent, depth);
        if (next != kNone) return next;
        if (csharp_ && t_.is_word(i, "operator")) return method(first, i, next_parenthesis(i, end), end, parent);
        if (csharp_ && t_.is_word(i, "this") && t_.is(i + 1, '[')) return property(first, i, t_.skip(i + 1), parent);
        name = i++;
        ++words;
        continue;
      }
      switch (t_[i].mark) {
        case '<':
          i = skip_angles(t_, i);
          continue;
        case '@':
          i = std::max(skip_annotations(i, end), i + 1);
          continue;
        case '[':
        case '.':
        case '?':
        case ']':
        case '~':
        case '*':
          i = t_.is(i, '[') ? t_.skip(i) : i + 1;
          continue;
        case ':':
          i += 1;
          continue;  // C#: alias::name
        case '(':
          if (name == kNone || parent == kNoParent) {  // a tuple type, or code outside of types
            i = t_.skip(i);
            continue;
          }
          return method(first, name, i, end, parent);
        case '{':
          return braces(first, name, words, i, parent);
        case '=':
          if (csharp_ && t_.is(i + 1, '>') && words > 1) return property_arrow(first, name, i, end, parent);
          return fields(first, name, words, i, end, parent);
        case ';':
        case ',':
          return fields(first, name, words, i, end, parent);
        default:
          return i + 1;
      }
    }
    return end;
  }

  size_t skip_annotations(size_t i, size_t end) const {
    while (i < end) {
      if (t_.is(i, '@') && t_.is_word(i + 1) && !t_.is_word(i + 1, "interface")) {
        i += 2;
        while (t_.is(i, '.') && t_.is_word(i + 1)) i += 2;
        if (t_.is(i, '(')) i = t_.skip(i);
      } else if (csharp_ && t_.is(i, '[')) {
        i = t_.skip(i);
      } else {
        return i;
      }
    }
    return i;
  }

  // kNone when word `i` does not declare a type or namespace.
  size_t type_declaration(size_t first, size_t i, size_t end, int parent, int depth) {
    const std::string_view w = t_.word(i);
    using enum DefinitionKind;
    DefinitionKind kind;
    size_t name = i + 1;
    if (w == "class")
      kind = kClass;
    else if (w == "interface")
      kind = kInterface;
    else if (w == "enum")
      kind = kEnum;
    else if (csharp_ && w == "struct")
      kind = kStruct;
    else if (csharp_ && w == "namespace")
      kind = kNamespace;
    else if (w == "record" && t_.is_word(i + 1))
      kind = csharp_ || t_.is(i + 2, '(') || t_.is(i + 2, '<') ? kClass : kVariable;
    else if (csharp_ && w == "delegate")
      return delegate(first, i, end, parent);
    else
      return kNone;
    if (kind == kVariable) return kNone;
    if (w == "record" && (t_.is_word(name, "class") || t_.is_word(name, "struct"))) ++name;
    if (!t_.is_word(name)) return kNone;
    size_t body = name + 1;
    while (kind == kNamespace && t_.is(body, '.') && t_.is_word(body + 1)) body += 2;
    const std::string_view text = t_.text.substr(t_[name].begin, t_[body - 1].end - t_[name].begin);
    while (body < end && !t_.is(body, '{') && !t_.is(body, ';'))
      body = t_.is(body, '<') ? skip_angles(t_, body) : t_.skip(body);
    if (kind == kNamespace && t_.is(body, ';')) {  // a file-scoped namespace goes on to the end of the file
      const int position = out_.add({.kind = kind,
                                     .name = name,
                                     .first = first,
                                     .body = body,
                                     .last = end - 1,
                                     .parent = parent,
                                     .name_text = text});
      members(body + 1, end, position, depth + 1);
      return end;
    }
    const size_t last = t_.is(body, '{') ? partner(t_, body) : std::min(body, end - 1);
    const int position = out_.add(
        {.kind = kind, .name = name, .first = first, .body = body, .last = last, .parent = parent, .name_text = text});
    if (t_.is(body, '{')) {
      const size_t from = kind == kEnum ? enum_constants(body, last, position) : body + 1;
      members(from, last, position, depth + 1);
    }
    return last + 1;
  }

  size_t delegate(size_t first, size_t i, size_t end, int parent) {
    const size_t open = next_parenthesis(i, end);
    if (open >= end) return kNone;
    const size_t name = t_.is(open - 1, '>') ? name_before_angles(open - 1) : open - 1;
    size_t stop = open;
    while (stop < end && !t_.is(stop, ';')) stop = t_.skip(stop);
    out_.add({.kind = DefinitionKind::kType,
              .name = name,
              .first = first,
              .body = stop,
              .last = std::min(stop, end - 1),
              .parent = parent});
    return stop + 1;
  }

  size_t name_before_angles(size_t i) const {
    while (i > 0 && !t_.is(i, '<')) --i;
    return i > 0 ? i - 1 : 0;
  }

  size_t next_parenthesis(size_t i, size_t end) const {
    while (i < end && !t_.is(i, '(') && !t_.is(i, ';') && !t_.is(i, '{')) ++i;
    return t_.is(i, '(') ? i : end;
  }

  // Returns where the members behind the constants start.
  size_t enum_constants(size_t open, size_t close, int parent) {
    bool expected = true;
    for (size_t i = open + 1; i < close; i = t_.skip(i)) {
      if (t_.is(i, ';')) return i + 1;
      if (t_.is(i, '@')) {
        i = std::max(skip_annotations(i, close), i + 1) - 1;
        continue;
      }
      if (expected && t_.is_word(i)) {
        out_.add(
            {.kind = DefinitionKind::kConstant, .name = i, .first = i, .body = i + 1, .last = i, .parent = parent});
        expected = false;
      } else if (t_.is(i, ',')) {
        expected = true;
      }
    }
    return close;
  }

  size_t method(size_t first, size_t name, size_t open, size_t end, int parent) {
    if (open >= end) return end;
    size_t body = t_.skip(open);
    while (body < end && !t_.is(body, '{') && !t_.is(body, ';') && !arrow(body))
      body = t_.is(body, '<') ? skip_angles(t_, body) : t_.skip(body);
    size_t last = body;
    if (t_.is(body, '{')) last = partner(t_, body);
    while (arrow(body) && last < end && !t_.is(last, ';')) last = t_.skip(last);
    const bool constructor = parent != kNoParent && t_.word(name) == out_.name(parent);
    out_.add({.kind = constructor ? DefinitionKind::kConstructor : DefinitionKind::kMethod,
              .name = name,
              .first = first,
              .body = body,
              .last = std::min(last, end - 1),
              .parent = parent});
    return last + 1;
  }

  bool arrow(size_t i) const { return csharp_ && t_.is(i, '=') && t_.is(i + 1, '>'); }

  // '{' without parameters: a C# property or event, a static or instance initialiser, or loose code.
  size_t braces(size_t first, size_t name, size_t words, size_t open, int parent) {
    if (csharp_ && words > 1 && parent != kNoParent) return property(first, name, open, parent);
    return t_.skip(open);
  }

  size_t property(size_t first, size_t name, size_t open, int parent) {
    size_t last = t_.is(open, '{') ? partner(t_, open) : open;
    if (t_.is(last + 1, '=') || !t_.is(open, '{')) {
      while (last < t_.size() && !t_.is(last, ';')) last = t_.skip(last);
    }
    out_.add({.kind = DefinitionKind::kProperty,
              .name = name,
              .first = first,
              .body = open,
              .last = last,
              .parent = parent});
    return last + 1;
  }

  size_t property_arrow(size_t first, size_t name, size_t i, size_t end, int parent) {
    size_t last = i;
    while (last < end && !t_.is(last, ';')) last = t_.skip(last);
    out_.add({.kind = DefinitionKind::kProperty,
              .name = name,
              .first = first,
              .body = i,
              .last = std::min(last, end - 1),
              .parent = parent});
    return last + 1;
  }

  // `Type a, b = value;`
  size_t fields(size_t first, size_t name, size_t words, size_t i, size_t end, int parent) {
    const bool real = words > 1 && parent != kNoParent && !t_.is_word(first, "import") &&
                      !t_.is_word(first, "package") && !t_.is_word(first, "using") && !t_.is_word(first, "return");
    while (i <= end) {
      if (real && name != kNone) {
        out_.add({.kind = DefinitionKind::kField,
                  .name = name,
                  .first = first,
                  .body = name + 1,
                  .last = name,
                  .parent = parent});
      }
      while (i < end && !t_.is(i, ';') && !t_.is(i, ',')) i = t_.is(i, '<') ? skip_angles(t_, i) : t_.skip(i);
      if (!t_.is(i, ',') || !t_.is_word(i + 1)) break;
      name = i + 1;
      i += 2;
    }
    while (i < end && !t_.is(i, ';')) i = t_.skip(i);
    return i + 1;
  }

  static constexpr size_t kNone = SIZE_MAX;
  const bool csharp_;
  const Tokens& t_;
  DefinitionList& out_;
};

}  // namespace

void scan_java(Language language, const Tokens& tokens, DefinitionList* out) {
  JavaScanner(language, tokens, out).run();
}

}  // namespace promethean::search
