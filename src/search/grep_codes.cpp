#include "search/grep_codes.h"

#include <algorithm>

namespace promethean::search {

CodeSet::CodeSet(std::vector<Range> ranges) : ranges_(std::move(ranges)) {
  tidy();
}

// Sorts, and joins what touches.
void CodeSet::tidy() {
  std::ranges::sort(ranges_, {}, &Range::first);
  size_t kept = 0;
  for (const Range& range : ranges_) {
    if (kept > 0 && range.first <= ranges_[kept - 1].last + 1) {
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
}

void CodeSet::add(uint32_t first, uint32_t last) {
  const bool in_order = ranges_.empty() || first > ranges_.back().last + 1;
  ranges_.push_back({first, last});
  if (!in_order) tidy();
}

void CodeSet::add(const CodeSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  tidy();
}

void CodeSet::intersect(const CodeSet& other) {
  std::vector<Range> both;
  for (size_t a = 0, b = 0; a < ranges_.size() && b < other.ranges_.size();) {
    const Range x = ranges_[a], y = other.ranges_[b];
    const Range shared{std::max(x.first, y.first), std::min(x.last, y.last)};
    if (shared.first <= shared.last) both.push_back(shared);
    ++(x.last < y.last ? a : b);
  }
  ranges_ = std::move(both);
}

void CodeSet::subtract(const CodeSet& other) {
  CodeSet rest = other;
  rest.ranges_.push_back({0xD800, 0xDFFF});  // negate() leaves them out, and no set needs them
  rest.tidy();
  rest.negate(kMaxCode);
  intersect(rest);
}

void CodeSet::negate(uint32_t max) {
  std::vector<Range> out;
  uint32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > max) break;
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= max) out.push_back({next, max});
  ranges_ = std::move(out);
  if (max == kMaxCode) intersect(CodeSet({{0, 0xD7FF}, {0xE000, kMaxCode}}));
}

bool CodeSet::has(uint32_t code) const {
  const auto after = std::ranges::upper_bound(ranges_, code, {}, &Range::first);
  return after != ranges_.begin() && std::prev(after)->last >= code;
}

std::optional<uint32_t> CodeSet::single() const {
  if (ranges_.size() != 1 || ranges_[0].first != ranges_[0].last) return std::nullopt;
  return ranges_[0].first;
}

uint64_t CodeSet::size() const {
  uint64_t codes = 0;
  for (const Range& range : ranges_) codes += range.last - range.first + 1;
  return codes;
}

CodeSet fold_ascii(const CodeSet& set) {
  CodeSet folded = set;
  for (uint32_t c = 'a'; c <= 'z'; ++c) {
    if (set.has(c)) folded.add(c - 32, c - 32);
    if (set.has(c - 32)) folded.add(c, c);
  }
  return folded;
}

void append_utf8(std::string* out, uint32_t code) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

Decoded decode_utf8(std::string_view text, size_t at) {
  const auto byte = [text](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const uint32_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() - at < size) return {};
  uint32_t code = lead & (0x7F >> size);
  for (uint32_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > CodeSet::kMaxCode || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

Decoded decode_before(std::string_view text, size_t at) {
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  const Decoded found = decode_utf8(text.substr(0, at), begin);
  return begin + found.size == at ? found : Decoded{};
}

}  // namespace promethean::search
