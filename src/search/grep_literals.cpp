#include "search/grep_literals.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace promethean::search {

namespace {

constexpr size_t kMinLiteral = 2;
constexpr size_t kMaxLiterals = 24;
constexpr size_t kMaxBytes = 4096;  // of all together
constexpr uint64_t kMaxSpread = 4;  // characters of a class that are told apart

using Literals = std::vector<GrepLiteral>;

// What is known of a part of a pattern.
struct Piece {
  bool complete = false;  // each match is one of `strings`; else each match holds one of them (none: nothing is known)
  bool sure = true;       // and each of `strings` matches, wherever it stands
  Literals strings;
};

size_t shortest(const Literals& strings) {
  size_t size = strings.empty() ? 0 : std::string::npos;
  for (const auto& literal : strings) size = std::min(size, literal.text.size());
  return size;
}

// The better filter: longer, then fewer strings.
void keep_better(Literals* best, const Literals& other) {
  const size_t a = std::min(shortest(*best), size_t{8}), b = std::min(shortest(other), size_t{8});
  if (b > a || (b == a && other.size() < best->size())) *best = other;
}

bool is_letter(uint32_t code) {
  return (code | 32) >= 'a' && (code | 32) <= 'z';
}

GrepLiteral literal_of(uint32_t code, bool raw) {
  GrepLiteral literal{.strict = code < 0x80 && is_letter(code)};
  if (raw) {
    literal.text = std::string(1, static_cast<char>(code));
  } else {
    append_utf8(&literal.text, code);
  }
  return literal;
}

// The letter whose two cases (and what folds to them) make up the set; 0: none.
char folded_letter(const CodeSet& set) {
  for (const auto& range : set.ranges()) {
    if (range.first < 'a' || range.first > 'z') continue;
    CodeSet letter = CodeSet::of(range.first);
    if (set == fold_codes(letter) || set == fold_ascii(letter)) return static_cast<char>(range.first);
    return 0;
  }
  return 0;
}

Piece piece_of_set(const GrepNode& node) {
  const CodeSet& set = *node.set;
  Piece piece{.complete = true};
  if (const char letter = folded_letter(set)) {
    piece.strings = {{.text = std::string(1, letter), .fold = true, .wide = set.ranges().back().last >= 0x80}};
    return piece;
  }
  if (set.empty() || set.size() > kMaxSpread) return {};
  for (const auto& [first, last] : set.ranges()) {
    for (uint32_t code = first; code <= last; ++code) piece.strings.push_back(literal_of(code, node.bytes));
  }
  return piece;
}

GrepLiteral joined(const GrepLiteral& a, const GrepLiteral& b) {
  return {a.text + b.text, a.fold || b.fold, a.wide || b.wide, a.strict || b.strict};
}

// Each of `left` followed by each of `right`; nullopt when they become too many or too long.
std::optional<Literals> product(const Literals& left, const Literals& right) {
  if (left.size() * right.size() > kMaxLiterals) return std::nullopt;
  Literals all;
  size_t bytes = 0;
  for (const auto& a : left) {
    for (const auto& b : right) {
      all.push_back(joined(a, b));
      bytes += all.back().text.size();
      if (bytes > kMaxBytes) return std::nullopt;
    }
  }
  return all;
}

Piece piece_of(const GrepNode& node);

// The longest stretches of complete pieces, and the best of all.
class Sequence {
 public:
  void add(Piece piece) {
    sure_ = sure_ && piece.sure;
    if (piece.complete) {
      if (auto longer = product(run_, piece.strings)) {
        run_ = *std::move(longer);
        return;
      }
      end_run();
      run_ = std::move(piece.strings);
    } else {
      end_run();
      keep_better(&best_, piece.strings);
    }
  }
  Piece finish() && {
    if (complete_) return {.complete = true, .sure = sure_, .strings = std::move(run_)};
    end_run();
    return {.strings = std::move(best_)};
  }

 private:
  void end_run() {
    keep_better(&best_, run_);
    run_ = {{}};
    complete_ = false;
  }
  Literals run_ = {{}};
  Literals best_;
  bool complete_ = true, sure_ = true;
};

Piece piece_of_repeat(const GrepNode& node) {
  Piece child = piece_of(node.children[0]);
  if (node.least == 0 && node.most == 1 && child.complete && child.strings.size() < kMaxLiterals) {
    child.strings.insert(node.greedy ? child.strings.end() : child.strings.begin(), GrepLiteral{});
    return child;
  }
  if (node.least == 0) return {};
  Sequence sequence;
  constexpr uint32_t kTimes = 8;
  for (uint32_t i = 0; i < std::min(node.least, kTimes); ++i) sequence.add(child);
  if (node.most != node.least || node.least > kTimes) sequence.add({});
  return std::move(sequence).finish();
}

Piece piece_of_branches(const GrepNode& node) {
  Piece all{.complete = true};
  bool usable = true;
  for (const GrepNode& branch : node.children) {
    Piece piece = piece_of(branch);
    all.complete = all.complete && piece.complete;
    all.sure = all.sure && piece.sure;
    usable = usable && !piece.strings.empty();
    std::ranges::move(piece.strings, std::back_inserter(all.strings));
    if (!usable || all.strings.size() > kMaxLiterals) return {};
  }
  return all;
}

Piece piece_of(const GrepNode& node) {
  switch (node.kind) {
    case GrepNode::Kind::kEmpty:
      return {.complete = true, .strings = {{}}};
    case GrepNode::Kind::kLook:
      return {.complete = true, .sure = false, .strings = {{}}};
    case GrepNode::Kind::kSet:
      return piece_of_set(node);
    case GrepNode::Kind::kRepeat:
      return piece_of_repeat(node);
    case GrepNode::Kind::kAlternate:
      return piece_of_branches(node);
    case GrepNode::Kind::kOpaque:
      return {};
    case GrepNode::Kind::kConcat:
      break;
  }
  Sequence sequence;
  for (const GrepNode& child : node.children) sequence.add(piece_of(child));
  return std::move(sequence).finish();
}

// Folded as a whole, a literal with letters of one case only stands for more than it should.
void lower_folded(GrepLiteral* literal) {
  if (!literal->fold) return;
  for (char& c : literal->text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
}

}  // namespace

RequiredLiterals required_literals(const GrepNode& root) {
  Piece piece = piece_of(root);
  RequiredLiterals literals;
  literals.whole = piece.complete && piece.sure && shortest(piece.strings) > 0 &&
                   std::ranges::none_of(piece.strings, [](const auto& text) { return text.fold && text.strict; });
  if (!literals.whole && shortest(piece.strings) < kMinLiteral) return {};
  literals.any_of = std::move(piece.strings);
  for (GrepLiteral& literal : literals.any_of) lower_folded(&literal);
  return literals;
}

}  // namespace promethean::search
