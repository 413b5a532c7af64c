#include "search/grep_spell.h"

#include <algorithm>

namespace promethean::search {

namespace {

constexpr size_t kMaxSpelling = 4 << 20;
constexpr uint32_t kRe2Repeats = 1000;  // what RE2 allows, nested repetitions multiplied

void append_code(std::string* out, uint32_t code) {
  const bool plain = (code >= '0' && code <= '9') || ((code | 32) >= 'a' && (code | 32) <= 'z') || code == '_';
  if (plain || code >= 0xA0) return append_utf8(out, code);
  char escaped[16];
  std::snprintf(escaped, sizeof(escaped), "\\x{%x}", code);
  *out += escaped;
}

class Speller {
 public:
  explicit Speller(bool unicode_text) : unicode_text_(unicode_text) {}

  bool spell(const GrepNode& node, uint32_t repeated);
  Re2Spelling take() && { return std::move(out_); }

 private:
  bool set(const GrepNode& node);
  void look(const GrepNode& node);
  bool list(const GrepNode& node, std::string_view separator, uint32_t repeated);
  bool repeat(const GrepNode& node, uint32_t repeated);
  bool times(const GrepNode& node, uint32_t least, uint32_t most, uint32_t repeated);
  void inexact() { out_.exact = out_.exact_on_ascii = false; }

  bool unicode_text_;
  Re2Spelling out_;
};

bool Speller::spell(const GrepNode& node, uint32_t repeated) {
  if (out_.pattern.size() > kMaxSpelling) return false;
  switch (node.kind) {
    case GrepNode::Kind::kEmpty:
      out_.pattern += "(?:)";
      return true;
    case GrepNode::Kind::kSet:
      return set(node);
    case GrepNode::Kind::kLook:
      look(node);
      return true;
    case GrepNode::Kind::kConcat:
      return list(node, "", repeated);
    case GrepNode::Kind::kAlternate:
      return list(node, "|", repeated);
    case GrepNode::Kind::kRepeat:
      return repeat(node, repeated);
    case GrepNode::Kind::kOpaque:
      return false;
  }
  return false;
}

bool Speller::set(const GrepNode& node) {
  if (node.bytes && !node.ascii_only()) {
    inexact();
    out_.pattern += "\\C";
    return true;
  }
  if (const auto code = node.set->single()) {
    append_code(&out_.pattern, *code);
  } else {
    out_.pattern += re2_class(*node.set);
  }
  return true;
}

void Speller::look(const GrepNode& node) {
  const bool ascii_words = node.bytes;
  const auto word = [&](std::string_view spelling) {
    if (!ascii_words) out_.exact = false;
    const bool left_out = unicode_text_ && !ascii_words;
    if (left_out) inexact();
    out_.pattern += left_out ? "(?:)" : spelling;
  };
  switch (node.look) {
    case Look::kLineStart:
      out_.pattern += '^';
      return;
    case Look::kLineEnd:
      out_.pattern += '$';
      return;
    case Look::kTextStart:
      out_.pattern += "\\A";
      return;
    case Look::kTextEnd:
      out_.pattern += "\\z";
      return;
    case Look::kWord:
      return word("\\b");
    case Look::kNotWord:
      return word("\\B");
    case Look::kWordStart:
    case Look::kWordEnd:
      inexact();
      return word("\\b");
    default:
      inexact();
      out_.pattern += "(?:)";
  }
}

bool Speller::list(const GrepNode& node, std::string_view separator, uint32_t repeated) {
  out_.pattern += "(?:";
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out_.pattern += separator;
    if (!spell(node.children[i], repeated)) return false;
  }
  out_.pattern += ')';
  return true;
}

// RE2 counts to 1000: what is repeated more often is written more often.
bool Speller::repeat(const GrepNode& node, uint32_t repeated) {
  const uint32_t step = std::max<uint32_t>(1, kRe2Repeats / repeated);
  for (uint32_t least = node.least; least > 0;) {
    const uint32_t now = std::min(least, step);
    least -= now;
    const bool rest = least == 0 && node.most != GrepNode::kUnlimited && node.most - node.least + now <= step;
    if (rest) return times(node, now, node.most - node.least + now, repeated);
    if (!times(node, now, now, repeated)) return false;
  }
  if (node.most == GrepNode::kUnlimited) return times(node, 0, GrepNode::kUnlimited, repeated);
  for (uint32_t most = node.most - node.least; most > 0;) {
    const uint32_t now = std::min(most, step);
    most -= now;
    if (!times(node, 0, now, repeated)) return false;
  }
  if (node.most == 0) out_.pattern += "(?:)";
  return true;
}

bool Speller::times(const GrepNode& node, uint32_t least, uint32_t most, uint32_t repeated) {
  const uint32_t inner = repeated * std::max<uint32_t>(1, most == GrepNode::kUnlimited ? least : most);
  out_.pattern += "(?:";
  if (!spell(node.children[0], inner)) return false;
  out_.pattern += ')';
  if (most == GrepNode::kUnlimited) {
    out_.pattern += '*';
  } else if (least == 0 && most == 1) {
    out_.pattern += '?';
  } else if (least != 1 || most != 1) {
    out_.pattern += '{' + std::to_string(least) + ',' + std::to_string(most) + '}';
  } else {
    return true;
  }
  if (!node.greedy) out_.pattern += '?';
  return true;
}

}  // namespace

std::string re2_class(const CodeSet& set) {
  if (set.empty()) return "[^\\x00-\\x{10FFFF}]";
  std::string out = "[";
  for (const auto& [first, last] : set.ranges()) {
    append_code(&out, first);
    if (last == first) continue;
    out += '-';
    append_code(&out, last);
  }
  return out + "]";
}

std::optional<Re2Spelling> spell_for_re2(const GrepNode& root, bool unicode_text) {
  Speller speller(unicode_text);
  if (!speller.spell(root, 1)) return std::nullopt;
  return std::move(speller).take();
}

}  // namespace promethean::search
