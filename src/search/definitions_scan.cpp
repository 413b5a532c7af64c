#include "search/definitions_scan.h"

#include <algorithm>
#include <numeric>

namespace promethean::search {

int DefinitionList::add(const Found& found) {
  if (list_.size() >= kMaxDefinitions) return kNoParent;
  const Token& name = tokens_[found.name];
  Definition d;
  d.name = found.name_text.empty() ? tokens_.word(found.name) : found.name_text;
  d.kind = found.kind;
  d.parent = found.parent;
  d.line = name.line;
  d.start_line = std::min(tokens_[found.first].line, name.line);
  d.signature_begin = tokens_[found.first].begin;
  d.signature_end = std::max(d.signature_begin, found.body > 0 ? tokens_[found.body - 1].end : d.signature_begin);
  d.receiver = found.receiver;
  list_.push_back(d);
  const int position = static_cast<int>(list_.size()) - 1;
  set_last(position, found.last);
  return position;
}

void DefinitionList::set_last(int position, size_t last_token) {
  if (position < 0) return;
  const Token& last = tokens_[last_token];
  const auto begin = tokens_.text.begin();
  const auto newlines = last.kind == TokenKind::kString ? std::count(begin + last.begin, begin + last.end, '\n') : 0;
  set_end_line(position, last.line + static_cast<uint32_t>(newlines));
}

void DefinitionList::set_end_line(int position, uint32_t line) {
  if (position < 0) return;
  Definition& d = list_[static_cast<size_t>(position)];
  d.end_line = std::max(line, d.line);
}

void DefinitionList::attach_comments() {
  const auto& comments = tokens_.comments;
  for (Definition& d : list_) {
    d.doc_line = d.start_line;
    auto it = std::ranges::lower_bound(comments, d.start_line, {}, &CommentBlock::last_line);
    if (it == comments.begin()) continue;
    --it;
    if (it->last_line + 1 == d.start_line) d.doc_line = it->first_line;
  }
}

std::vector<Definition> DefinitionList::take() {
  attach_comments();
  std::vector<uint32_t> order(list_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, [this](uint32_t a, uint32_t b) {
    const Definition &x = list_[a], &y = list_[b];
    if (x.start_line != y.start_line) return x.start_line < y.start_line;
    return x.signature_begin != y.signature_begin ? x.signature_begin < y.signature_begin : a < b;
  });
  std::vector<int32_t> place(list_.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int32_t>(i);
  std::vector<Definition> sorted;
  sorted.reserve(list_.size());
  for (uint32_t from : order) {
    Definition& d = sorted.emplace_back(list_[from]);
    d.parent = d.parent < 0 ? kNoParent : place[static_cast<size_t>(d.parent)];
    if (d.parent >= static_cast<int32_t>(sorted.size()) - 1) d.parent = kNoParent;
  }
  return sorted;
}

size_t skip_angles(const Tokens& tokens, size_t i) {
  int depth = 0;
  const size_t limit = std::min(tokens.size(), i + 400);
  for (size_t k = i; k < limit; ++k) {
    switch (tokens[k].mark) {
      case '<':
        ++depth;
        break;
      case '>':
        if (k > 0 && (tokens.is(k - 1, '-') || tokens.is(k - 1, '=')) && !tokens[k].spaced) break;
        if (--depth <= 0) return k + 1;
        break;
      case '(':
      case '[':
      case '{':
        k = tokens.skip(k) - 1;
        break;
      case ';':
      case ')':
      case '}':
        return i + 1;
      default:
        break;
    }
  }
  return i + 1;
}

size_t partner(const Tokens& tokens, size_t i) {
  if (i < tokens.match.size() && tokens.match[i] != kNoMatch && tokens.match[i] > i) return tokens.match[i];
  return tokens.size() == 0 ? 0 : tokens.size() - 1;
}

uint32_t column(const Tokens& tokens, size_t i) {
  auto line = std::ranges::upper_bound(tokens.lines, tokens[i].begin, {}, &LineIndent::begin);
  return line == tokens.lines.begin() ? 0 : std::prev(line)->width;
}

namespace {

bool closes_block(const Tokens& tokens, size_t i) {
  const char mark = tokens[i].mark;
  if (mark == '}' || mark == ')' || mark == ']') return true;
  return tokens.is_word(i, "end") || tokens.is_word(i, "done");
}

bool continues_block(const Tokens& tokens, size_t i) {
  for (std::string_view word :
       {"else", "elsif", "elif", "rescue", "ensure", "catch", "after", "when", "where", "then", "with", "in"}) {
    if (tokens.is_word(i, word)) return true;
  }
  return false;
}

}  // namespace

size_t indented_block_end(const Tokens& tokens, size_t i) {
  const uint32_t indent = column(tokens, i);
  size_t last = i;
  for (size_t k = i + 1; k < tokens.size(); ++k) {
    if (tokens[k].first_on_line && column(tokens, k) <= indent) {
      const bool same = column(tokens, k) == indent;
      if (same && closes_block(tokens, k)) return k;
      if (!same || !continues_block(tokens, k)) return last;
    }
    last = k;
  }
  return last;
}

}  // namespace promethean::search
