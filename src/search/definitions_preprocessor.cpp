#include "search/definitions_preprocessor.h"

#include "base/strings.h"

namespace promethean::search {

bool BranchChooser::directive(std::string_view line) {
  line.remove_prefix(1);
  line = base::trim(line);
  size_t end = 0;
  while (end < line.size() && line[end] >= 'a' && line[end] <= 'z') ++end;
  const std::string_view name = line.substr(0, end);
  if (name == "define") return !skipping();
  if (name == "if" || name == "ifdef" || name == "ifndef")
    open(name == "if" ? base::trim(line.substr(end)) : std::string_view());
  if (name == "else" || name == "elif" || name == "elifdef" || name == "elifndef") alternative();
  if (name == "endif" && !stack_.empty()) stack_.pop_back();
  return false;
}

int BranchChooser::depth() {
  for (; counted_ < tokens_->list.size(); ++counted_) {
    const char mark = tokens_->list[counted_].mark;
    if (mark == '{' || mark == '(') ++depth_;
    if (mark == '}' || mark == ')') --depth_;
  }
  return depth_;
}

bool BranchChooser::at_statement_border() const {
  if (tokens_->list.empty()) return true;
  const Token& last = tokens_->list.back();
  return last.kind == TokenKind::kDirective || last.mark == ';' || last.mark == '{' || last.mark == '}' ||
         last.mark == ',' || last.mark == ':';
}

void BranchChooser::open(std::string_view condition) {
  const bool outer = skipping();
  const bool never = condition == "0" || condition.starts_with("0 ") || condition.starts_with("0/");
  stack_.push_back({depth(), !at_statement_border(), outer || never, outer, !never});
}

void BranchChooser::alternative() {
  if (stack_.empty()) return;
  Branch& branch = stack_.back();
  const bool unbalanced = depth() != branch.depth || !at_statement_border();
  branch.skip = branch.outer_skip || (branch.taken && (branch.mid_statement || unbalanced));
  branch.taken = true;
}

}  // namespace promethean::search
