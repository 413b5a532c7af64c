#include "search/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace promethean::search {
namespace {

FileText text_of(const ContentBuilder& builder, const ContentBuilder::Place& place, size_t size) {
  return FileText(std::string_view(builder.bytes()).substr(place.offset, size), place.offset,
                  std::span(builder.blocks()).subspan(place.first_block, place.block_count), place.line_count);
}

TEST(Content, BlocksAreWholeLinesOfOneFile) {
  std::mt19937 random(5);
  ContentBuilder builder;
  std::string text;
  while (text.size() < 10 * kBlockBytes) text += std::string(random() % 3000, 'x') + "\n";
  text += std::string(3 * kBlockBytes, 'y') + "\nlast";
  builder.add(0, "first file\n");
  const auto place = builder.add(1, text);
  uint64_t at = place.offset;
  for (const BlockRecord& block : std::span(builder.blocks()).subspan(place.first_block, place.block_count)) {
    EXPECT_EQ(block.offset, at);
    EXPECT_EQ(block.file, 1u);
    const auto bytes = std::string_view(builder.bytes()).substr(block.offset, block.size);
    EXPECT_TRUE(block.size <= kBlockBytes || bytes.find('\n') >= kBlockBytes - 1);
    EXPECT_TRUE(bytes.ends_with('\n') || bytes.ends_with("last"));
    at += block.size;
  }
  EXPECT_EQ(at, place.offset + text.size());
}

TEST(Content, LinesAndOffsetsAgreeWithCounting) {
  std::mt19937 random(6);
  for (int round = 0; round < 30; ++round) {
    std::string text;
    for (unsigned n = random() % 3000; n > 0; --n) text += std::string(random() % 40, 'z') + (random() % 9 ? "\n" : "");
    ContentBuilder builder;
    const auto file = text_of(builder, builder.add(0, text), text.size());
    const auto newlines = static_cast<uint32_t>(std::ranges::count(text, '\n'));
    EXPECT_EQ(file.line_count(), newlines + (text.empty() || text.back() == '\n' ? 0 : 1));
    uint32_t line = 1;
    size_t begin = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (i % 97 == 0) ASSERT_EQ(file.line_at(i), line);
      if (i == begin && line % 13 == 0) ASSERT_EQ(file.line_begin(line), i);
      if (text[i] == '\n') ++line, begin = i + 1;
    }
    EXPECT_EQ(file.lines(1, file.line_count()), text);
    EXPECT_EQ(file.line_begin(file.line_count() + 2), text.size());
  }
}

TEST(Content, AnEmptyTextHasNoLines) {
  ContentBuilder builder;
  const auto file = text_of(builder, builder.add(0, ""), 0);
  EXPECT_EQ(file.line_count(), 0u);
  EXPECT_EQ(file.lines(1, 5), "");
  EXPECT_EQ(file.line_at(0), 1u);
}

TEST(Content, KnowsWhatIsAscii) {
  ContentBuilder builder;
  EXPECT_TRUE(text_of(builder, builder.add(0, "plain\n"), 6).ascii());
  EXPECT_FALSE(text_of(builder, builder.add(1, "\xC3\xA9\n"), 3).ascii());
}

}  // namespace
}  // namespace promethean::search
