#include "search/content.h"

#include <algorithm>

#include "search/newlines.h"

namespace promethean::search {

namespace {

// The end of the block that begins at `begin`: after the last newline within kBlockBytes, else after the next one.
size_t block_end(std::string_view text, size_t begin) {
  if (text.size() - begin <= kBlockBytes) return text.size();
  const size_t newline = text.rfind('\n', begin + kBlockBytes - 1);
  if (newline != std::string_view::npos && newline >= begin) return newline + 1;
  const size_t next = text.find('\n', begin + kBlockBytes);
  return next == std::string_view::npos ? text.size() : next + 1;
}

bool has_high_bit(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

}  // namespace

ContentBuilder::Place ContentBuilder::add(uint32_t file, std::string_view text) {
  Place place{.offset = bytes_.size(), .first_block = static_cast<uint32_t>(blocks_.size())};
  uint32_t line = 1;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = block_end(text, begin);
    const std::string_view part = text.substr(begin, end - begin);
    blocks_.push_back({.offset = place.offset + begin,
                       .size = static_cast<uint32_t>(part.size()),
                       .file = file,
                       .first_line = line,
                       .flags = has_high_bit(part) ? BlockRecord::kNonAscii : 0});
    line += static_cast<uint32_t>(count_newlines(part));
    begin = end;
  }
  place.block_count = static_cast<uint32_t>(blocks_.size()) - place.first_block;
  place.line_count = line - 1 + (!text.empty() && text.back() != '\n' ? 1 : 0);
  bytes_ += text;
  bytes_ += '\0';
  return place;
}

uint32_t FileText::line_at(size_t offset) const {
  if (blocks_.empty()) return 1;
  const auto after = std::ranges::upper_bound(blocks_, offset_ + offset, {}, &BlockRecord::offset);
  const BlockRecord& block = *(after == blocks_.begin() ? after : after - 1);
  const size_t begin = block.offset - offset_;
  // The end of a text that ends in a newline is counted to the line before it.
  const size_t end = offset == text_.size() && offset > begin && text_[offset - 1] == '\n' ? offset - 1 : offset;
  return block.first_line + static_cast<uint32_t>(count_newlines(text_.substr(begin, end - begin)));
}

size_t FileText::line_begin(uint32_t line) const {
  if (line <= 1 || blocks_.empty()) return line <= 1 ? 0 : text_.size();
  const auto after = std::ranges::upper_bound(blocks_, line, {}, &BlockRecord::first_line);
  const BlockRecord& block = *(after == blocks_.begin() ? after : after - 1);
  size_t at = block.offset - offset_;
  for (uint32_t n = block.first_line; n < line; ++n) {
    const size_t newline = text_.find('\n', at);
    if (newline == std::string_view::npos) return text_.size();
    at = newline + 1;
  }
  return at;
}

std::string_view FileText::lines(uint32_t first, uint32_t last) const {
  const size_t begin = line_begin(first);
  const size_t end = last >= line_count_ ? text_.size() : line_begin(last + 1);
  return begin < end ? text_.substr(begin, end - begin) : std::string_view();
}

bool FileText::ascii() const {
  return std::ranges::none_of(blocks_, [](const BlockRecord& block) { return block.flags & BlockRecord::kNonAscii; });
}

}  // namespace promethean::search
