// Patterns that are texts, and what holds of a parsed pattern as a whole.
#include <algorithm>

#include "search/grep_parse.h"

namespace promethean::search {

GrepNode parse_fixed(std::string_view text, bool ignore_case) {
  GrepNode sequence{.kind = GrepNode::Kind::kConcat};
  for (size_t at = 0; at < text.size();) {
    const Decoded character = decode_utf8(text, at);
    const bool raw = character.size == 0;
    CodeSet set = CodeSet::of(raw ? static_cast<unsigned char>(text[at]) : character.code);
    sequence.children.push_back(GrepNode::of(ignore_case && !raw ? fold_codes(set) : std::move(set), raw));
    at += raw ? 1 : character.size;
  }
  if (sequence.children.empty()) return GrepNode{};
  return sequence;
}

bool forbid_newlines(GrepNode* node) {
  if (node->kind == GrepNode::Kind::kSet && node->set->has('\n')) {
    if (node->set->single()) return false;
    CodeSet rest = *node->set;
    rest.subtract(CodeSet::of('\n'));
    node->set = std::make_shared<const CodeSet>(std::move(rest));
  }
  if (node->kind == GrepNode::Kind::kLook && node->look == Look::kTextStart) node->look = Look::kLineStart;
  if (node->kind == GrepNode::Kind::kLook && node->look == Look::kTextEnd) node->look = Look::kLineEnd;
  return std::ranges::all_of(node->children, [](GrepNode& child) { return forbid_newlines(&child); });
}

bool may_span_lines(const GrepNode& node) {
  if (node.kind == GrepNode::Kind::kOpaque) return true;
  if (node.kind == GrepNode::Kind::kSet && node.set->has('\n')) return true;
  if (node.kind == GrepNode::Kind::kLook) {
    return node.look == Look::kTextStart || node.look == Look::kTextEnd || node.look == Look::kCrlfStart ||
           node.look == Look::kCrlfEnd;
  }
  return std::ranges::any_of(node.children, may_span_lines);
}

bool needs_non_ascii(const GrepNode& node) {
  switch (node.kind) {
    case GrepNode::Kind::kSet:
      return !node.set->empty() && node.set->ranges().front().first >= 0x80;
    case GrepNode::Kind::kRepeat:
      return node.least > 0 && needs_non_ascii(node.children[0]);
    case GrepNode::Kind::kConcat:
      return std::ranges::any_of(node.children, needs_non_ascii);
    case GrepNode::Kind::kAlternate:
      return std::ranges::all_of(node.children, needs_non_ascii);
    default:
      return false;
  }
}

}  // namespace promethean::search
