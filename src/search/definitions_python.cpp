// Python: logical lines and their indentation. def and class at any depth, assignments at module and class level.
#include "search/definitions_scan.h"

namespace promethean::search {
namespace {

class PythonScanner {
 public:
  PythonScanner(const Tokens& tokens, DefinitionList* out) : t_(tokens), out_(*out) {}

  void run() {
    size_t i = 0;
    while (i < t_.size()) {
      const size_t end = line_end(i);
      close_to(column(t_, i));
      statement(i, end);
      i = end;
    }
    close_to(0);
  }

 private:
  struct Open {
    int definition;
    uint32_t indent;
    bool is_class;
  };

  // The first token of the next logical line: brackets hold a line together, so does a backslash.
  size_t line_end(size_t i) const {
    size_t k = t_.skip(i);
    while (k < t_.size() && (!t_[k].first_on_line || t_.is(k - 1, '\\'))) k = t_.skip(k);
    return k;
  }

  void close_to(uint32_t indent) {
    while (!open_.empty() && open_.back().indent >= indent) {
      out_.set_last(open_.back().definition, last_code_);
      open_.pop_back();
    }
  }

  void statement(size_t i, size_t end) {
    const size_t first = decorators_ == kNone ? i : decorators_;
    last_code_ = end - 1;
    if (t_.is(i, '@')) {
      decorators_ = first;
      return;
    }
    decorators_ = kNone;
    size_t k = i + (t_.is_word(i, "async") ? 1 : 0);
    if ((t_.is_word(k, "def") || t_.is_word(k, "class")) && t_.is_word(k + 1)) return definition(first, k, end, i);
    if (open_.empty() ? column(t_, i) == 0 : open_.back().is_class) assignment(i, end);
  }

  void definition(size_t first, size_t keyword, size_t end, size_t line_first) {
    const bool is_class = t_.is_word(keyword, "class");
    const bool inside_class = !open_.empty() && open_.back().is_class;
    const int parent = open_.empty() ? kNoParent : open_.back().definition;
    const DefinitionKind kind = is_class       ? DefinitionKind::kClass
                                : inside_class ? DefinitionKind::kMethod
                                               : DefinitionKind::kFunction;
    size_t colon = keyword + 2;
    while (colon < end && !t_.is(colon, ':')) colon = t_.skip(colon);
    const int position =
        out_.add({.kind = kind, .name = keyword + 1, .first = first, .body = colon, .last = end - 1, .parent = parent});
    if (position != kNoParent && open_.size() < kMaxNesting)
      open_.push_back({position, column(t_, line_first), is_class});
  }

  // NAME = value, NAME: type, NAME: type = value, A = B = value
  void assignment(size_t i, size_t end) {
    const int parent = open_.empty() ? kNoParent : open_.back().definition;
    while (i + 1 < end && t_.is_word(i)) {
      const bool equals = t_.is(i + 1, '=') && !t_.is(i + 2, '=');
      const bool typed = t_.is(i + 1, ':') && is_plain_name(i) && !t_.is(i + 2, '=');
      if (!equals && !typed) return;
      out_.add(
          {.kind = DefinitionKind::kVariable, .name = i, .first = i, .body = end, .last = end - 1, .parent = parent});
      if (typed) return;
      i += 2;
    }
  }

  bool is_plain_name(size_t i) const {
    for (std::string_view word :
         {"else", "try", "finally", "lambda", "except", "if", "while", "for", "with", "match", "case"}) {
      if (t_.word(i) == word) return false;
    }
    return true;
  }

  static constexpr size_t kNone = SIZE_MAX;
  const Tokens& t_;
  DefinitionList& out_;
  std::vector<Open> open_;
  size_t decorators_ = kNone;
  size_t last_code_ = 0;
};

}  // namespace

void scan_python(const Tokens& tokens, DefinitionList* out) {
  PythonScanner(tokens, out).run();
}

}  // namespace promethean::search
