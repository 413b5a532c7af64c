#include "search/chunk.h"

#include <algorithm>

namespace promethean::search {
namespace {

using enum DefinitionKind;

class Chunker {
 public:
  Chunker(std::string_view text, std::span<const Definition> definitions, const ChunkLimits& limits)
      : text_(text), definitions_(definitions), limits_(limits) {
    for (size_t at = 0; at < text.size();) {
      starts_.push_back(static_cast<uint32_t>(at));
      const size_t end = text.find('\n', at);
      at = end == std::string_view::npos ? text.size() : end + 1;
    }
    starts_.push_back(static_cast<uint32_t>(text.size()));
    next_sibling_.assign(definitions.size(), -1);
    link_children();
  }

  std::vector<Chunk> run() {
    if (line_count() > 0) split(1, line_count(), first_root_, 0);
    merge();
    return std::move(chunks_);
  }

 private:
  struct Piece {
    uint32_t first, last;
    bool whole;  // a definition that must not be cut
  };

  uint32_t line_count() const { return static_cast<uint32_t>(starts_.size() - 1); }
  uint32_t bytes(uint32_t first, uint32_t last) const { return starts_[last] - starts_[first - 1]; }
  bool fits(uint32_t first, uint32_t last) const {
    return last - first + 1 <= limits_.max_lines && bytes(first, last) <= limits_.max_bytes;
  }

  // Small facts (fields, constants, one-line types) are lines of what encloses them, not pieces of their own.
  static bool is_structure(const Definition& d) {
    const bool small = d.kind == kField || d.kind == kVariable || d.kind == kConstant || d.kind == kProperty ||
                       d.kind == kMacro || d.kind == kType || d.kind == kTable || d.kind == kTarget;
    return !small || d.end_line >= d.start_line + 2;
  }

  void link_children() {
    first_child_.assign(definitions_.size(), -1);
    std::vector<int32_t> last_child(definitions_.size(), -1);
    int32_t last_root = -1;
    for (size_t i = 0; i < definitions_.size(); ++i) {
      if (!is_structure(definitions_[i])) continue;
      int32_t parent = definitions_[i].parent;
      while (parent >= 0 && !is_structure(definitions_[static_cast<size_t>(parent)]))
        parent = definitions_[static_cast<size_t>(parent)].parent;
      int32_t& first = parent < 0 ? first_root_ : first_child_[static_cast<size_t>(parent)];
      int32_t& last = parent < 0 ? last_root : last_child[static_cast<size_t>(parent)];
      (last < 0 ? first : next_sibling_[static_cast<size_t>(last)]) = static_cast<int32_t>(i);
      last = static_cast<int32_t>(i);
    }
  }

  // Cuts lines [first, last] along a list of sibling definitions.
  void split(uint32_t first, uint32_t last, int32_t child, int depth) {
    uint32_t cursor = first;
    for (; child >= 0; child = next_sibling_[static_cast<size_t>(child)]) {
      const Definition& d = definitions_[static_cast<size_t>(child)];
      const uint32_t from = std::max(d.doc_line, cursor), to = std::min(d.end_line, last);
      if (to < from) continue;
      if (from > cursor) plain(cursor, from - 1);
      if (fits(from, to)) {
        pieces_.push_back({from, to, true});
      } else if (first_child_[static_cast<size_t>(child)] >= 0 && depth < 64) {
        split(from, to, first_child_[static_cast<size_t>(child)], depth + 1);
      } else {
        plain(from, to);
      }
      cursor = to + 1;
    }
    if (cursor <= last) plain(cursor, last);
  }

  bool is_blank(uint32_t line) const {
    const std::string_view row = text_.substr(starts_[line - 1], starts_[line] - starts_[line - 1]);
    return row.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
  }
  uint32_t indent(uint32_t line) const {
    const std::string_view row = text_.substr(starts_[line - 1], starts_[line] - starts_[line - 1]);
    const size_t at = row.find_first_not_of(" \t");
    return at == std::string_view::npos ? 0 : static_cast<uint32_t>(at);
  }

  // Lines without definitions: cut where a blank line or a shallow one stands, near the target.
  void plain(uint32_t first, uint32_t last) {
    while (first <= last && is_blank(first)) ++first;
    while (last > first && is_blank(last)) --last;
    while (first <= last) {
      const uint32_t end =
          fits(first, last) && last - first < limits_.target_lines + limits_.min_lines ? last : best_cut(first, last);
      pieces_.push_back({first, end, false});
      first = end + 1;
      while (first <= last && is_blank(first)) ++first;
    }
  }

  uint32_t best_cut(uint32_t first, uint32_t last) const {
    uint32_t best = first;
    double best_score = -1e9;
    for (uint32_t end = first; end < last && end - first < limits_.max_lines; ++end) {
      if (end > first && bytes(first, end) > limits_.max_bytes) break;
      const uint32_t lines = end - first + 1;
      const double away = lines > limits_.target_lines ? lines - limits_.target_lines : limits_.target_lines - lines;
      double score = -away / 8.0;
      if (lines < limits_.min_lines) score -= 4;
      if (is_blank(end + 1)) score += 2;
      score -= std::min<uint32_t>(indent(end + 1), 16) / 4.0;
      if (score > best_score) best_score = score, best = end;
    }
    return best;
  }

  // Small neighbours become one chunk.
  void merge() {
    size_t i = 0;
    while (i < pieces_.size()) {
      Piece current = pieces_[i++];
      while (i < pieces_.size() && joins(current, pieces_[i])) current.last = pieces_[i++].last;
      emit(current);
    }
  }

  bool joins(const Piece& a, const Piece& b) const {
    if (!fits(a.first, b.last)) return false;
    const uint32_t lines = b.last - a.first + 1;
    if (lines <= limits_.target_lines) return true;
    return a.last - a.first + 1 < limits_.min_lines / 2 || b.last - b.first + 1 < limits_.min_lines / 2;
  }

  void emit(Piece piece) {
    while (piece.first < piece.last && is_blank(piece.first)) ++piece.first;
    while (piece.last > piece.first && is_blank(piece.last)) --piece.last;
    if (is_blank(piece.first)) return;
    chunks_.push_back({piece.first, piece.last, starts_[piece.first - 1], starts_[piece.last], owner(piece)});
  }

  // The smallest definition around the chunk, else the one that fills at least half of it.
  int32_t owner(const Piece& piece) {
    while (scan_ < definitions_.size() && definitions_[scan_].start_line <= piece.last) {
      recent_.push_back(static_cast<int32_t>(scan_++));
    }
    std::erase_if(recent_, [&](int32_t i) { return definitions_[static_cast<size_t>(i)].end_line < piece.first; });
    int32_t enclosing = -1, filling = -1;
    uint32_t smallest = UINT32_MAX, most = (piece.last - piece.first + 1) / 2;
    for (int32_t i : recent_) {
      const Definition& d = definitions_[static_cast<size_t>(i)];
      const bool encloses = d.doc_line <= piece.first && d.end_line >= piece.last;
      const uint32_t size = d.end_line - d.doc_line + 1;
      if (encloses && size <= smallest) smallest = size, enclosing = i;
      const uint32_t from = std::max(d.doc_line, piece.first), to = std::min(d.end_line, piece.last);
      if (!encloses && to >= from && to - from + 1 > most) most = to - from + 1, filling = i;
    }
    return filling >= 0 ? filling : enclosing;
  }

  const std::string_view text_;
  const std::span<const Definition> definitions_;
  const ChunkLimits limits_;
  std::vector<uint32_t> starts_;
  std::vector<int32_t> first_child_, next_sibling_, recent_;
  std::vector<Piece> pieces_;
  std::vector<Chunk> chunks_;
  int32_t first_root_ = -1;
  size_t scan_ = 0;
};

}  // namespace

std::vector<Chunk> chunk_file(std::string_view text, std::span<const Definition> definitions,
                              const ChunkLimits& limits) {
  if (text.size() >= UINT32_MAX) return {};
  return Chunker(text, definitions, limits).run();
}

}  // namespace promethean::search
