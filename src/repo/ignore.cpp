#include "repo/ignore.h"

#include <strings.h>

#include <algorithm>

namespace promethean::repo {

namespace {

bool is_special(char c) {
  return c == '*' || c == '?' || c == '[' || c == '\\';
}

// Drops unescaped blanks at the end: `a\ ` keeps its blank. A line that ends in a lone backslash is left as it is.
std::string_view trim_trailing_spaces(std::string_view line) {
  size_t keep = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      if (++i == line.size()) return line;
      keep = i + 1;
    } else if (line[i] != ' ') {
      keep = i + 1;
    }
  }
  return line.substr(0, keep);
}

}  // namespace

IgnoreRules IgnoreRules::parse(std::string_view text, bool ignore_case) {
  IgnoreRules rules;
  rules.ignore_case_ = ignore_case;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty() && rules.rules_.size() < kMaxRules) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.back() == '\r') line.remove_suffix(1);
    line = trim_trailing_spaces(line.substr(0, line.find('\0')));  // git reads C strings
    if (!line.empty()) rules.rules_.push_back(parse_line(line, ignore_case));
  }
  return rules;
}

IgnoreRules::Rule IgnoreRules::parse_line(std::string_view line, bool ignore_case) {
  Rule rule;
  if (line.starts_with('!')) rule.negated = true, line.remove_prefix(1);
  if (line.ends_with('/')) rule.directory_only = true, line.remove_suffix(1);
  rule.name_only = line.find('/') == std::string_view::npos;
  if (!rule.name_only && line.starts_with('/')) line.remove_prefix(1);

  const size_t literal = static_cast<size_t>(std::ranges::find_if(line, is_special) - line.begin());
  rule.literal = literal == line.size();
  if (rule.name_only && line.starts_with('*') && std::ranges::none_of(line.substr(1), is_special)) {
    rule.suffix_only = true;
    rule.prefix = line.substr(1);
    return rule;
  }
  if (rule.name_only && !rule.literal) {
    rule.rest = Glob::compile(line, Glob::Mode::kName, ignore_case);
    return rule;
  }
  // As in git, the remainder is a pattern of its own: in `foo**/bar` the stars open it.
  rule.prefix = line.substr(0, literal);
  rule.rest = Glob::compile(line.substr(literal), Glob::Mode::kPath, ignore_case);
  return rule;
}

bool IgnoreRules::equal(std::string_view a, std::string_view b) const {
  if (a.size() != b.size()) return false;
  return ignore_case_ ? ::strncasecmp(a.data(), b.data(), a.size()) == 0 : a == b;
}

bool IgnoreRules::matches(const Rule& rule, std::string_view text) const {
  if (rule.literal) return equal(rule.prefix, text);
  if (text.size() < rule.prefix.size()) return false;
  if (rule.suffix_only) return equal(rule.prefix, text.substr(text.size() - rule.prefix.size()));
  if (!equal(rule.prefix, text.substr(0, rule.prefix.size()))) return false;
  return rule.rest.matches(text.substr(rule.prefix.size()));
}

Verdict IgnoreRules::match(std::string_view path, bool is_directory) const {
  const size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->directory_only && !is_directory) continue;
    if (matches(*rule, rule->name_only ? name : path)) return rule->negated ? Verdict::kKept : Verdict::kIgnored;
  }
  return Verdict::kNone;
}

IgnoreScope::Ptr IgnoreScope::outermost(IgnoreRules overrides) {
  auto scope = std::make_shared<IgnoreScope>();
  scope->overrides_ = std::make_shared<const IgnoreRules>(std::move(overrides));
  return scope;
}

IgnoreScope::Ptr IgnoreScope::below(Ptr parent, Layer layer) {
  auto scope = std::make_shared<IgnoreScope>();
  scope->overrides_ = parent->overrides_;
  scope->parent_ = std::move(parent);
  scope->layer_ = std::move(layer);
  return scope;
}

Verdict IgnoreScope::ask(const Layer& layer, const IgnoreRules& rules, std::string_view path, bool is_directory) {
  if (rules.empty()) return Verdict::kNone;
  if (!layer.above.empty()) return rules.match(layer.above + std::string(path), is_directory);
  return rules.match(layer.directory.empty() ? path : path.substr(layer.directory.size() + 1), is_directory);
}

Verdict IgnoreScope::ask_ignore_files(std::string_view path, bool is_directory) const {
  for (const IgnoreScope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    const Verdict verdict = ask(scope->layer_, scope->layer_.ignore, path, is_directory);
    if (verdict != Verdict::kNone) return verdict;
  }
  return Verdict::kNone;
}

Verdict IgnoreScope::ask_git(std::string_view path, bool is_directory) const {
  for (const IgnoreScope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    const Layer& layer = scope->layer_;
    Verdict verdict = ask(layer, layer.gitignore, path, is_directory);
    if (verdict != Verdict::kNone || !layer.repository_top) {
      if (verdict != Verdict::kNone) return verdict;
      continue;
    }
    verdict = ask(layer, layer.info_exclude, path, is_directory);
    return verdict != Verdict::kNone ? verdict : ask(layer, layer.global_exclude, path, is_directory);
  }
  return Verdict::kNone;
}

bool IgnoreScope::ignored(std::string_view path, bool is_directory) const {
  Verdict verdict = overrides_->match(path, is_directory);
  if (verdict == Verdict::kNone) verdict = ask_ignore_files(path, is_directory);
  if (verdict == Verdict::kNone) verdict = ask_git(path, is_directory);
  return verdict == Verdict::kIgnored;
}

}  // namespace promethean::repo
