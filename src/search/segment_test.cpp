#include "search/segment.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/hash.h"
#include "search/manifest.h"

namespace promethean::search {
namespace {

std::string sample_bytes() {
  SegmentBuilder builder;
  for (const char* path : {"a/b.cpp", "a/c.py", "d.txt"}) {
    std::string text = std::string("// ") + path + "\nint alpha() {\n  return 1;\n}\n";
    const uint64_t hash = base::hash64(text);
    const FileClass file_class = classify(path, text);
    builder.add(*prepare_file(path, std::move(text), hash, file_class));
  }
  return std::move(builder).encode();
}

TEST(Segment, GivesBackWhatWasPutIn) {
  const auto segment = Segment::from_bytes(sample_bytes());
  ASSERT_TRUE(segment.has_value());
  ASSERT_EQ((*segment)->file_count(), 3u);
  const Segment::File file = (*segment)->file(1);
  EXPECT_EQ(file.path, "a/c.py");
  EXPECT_EQ(file.text.lines(2, 2), "int alpha() {\n");
  EXPECT_EQ(file.record->content_hash, base::hash64(file.text.text()));
  EXPECT_EQ((*segment)->find("d.txt"), 2u);
  EXPECT_FALSE((*segment)->find("d").has_value());
}

TEST(Segment, AnEmptyOneIsSound) {
  const auto segment = Segment::from_bytes(SegmentBuilder().encode());
  ASSERT_TRUE(segment.has_value());
  EXPECT_EQ((*segment)->file_count(), 0u);
}

TEST(Segment, EveryFlippedBitAndEveryTruncationIsNoticed) {
  const std::string good = sample_bytes();
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    const size_t at = random() % bad.size();
    bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
    const auto segment = Segment::from_bytes(bad);
    if (!segment) continue;
    // Only the padding between sections is covered by no checksum, and it means nothing.
    for (uint32_t f = 0; f < 3; ++f) EXPECT_EQ((*segment)->file(f).text.text().substr(0, 3), "// ") << at;
  }
  for (size_t size = 0; size < good.size(); size += 7) {
    EXPECT_FALSE(Segment::from_bytes(good.substr(0, size)).has_value()) << size;
  }
}

TEST(Segment, DamageBehindValidChecksumsIsHarmless) {
  const std::string good = sample_bytes();
  std::mt19937 random(4);
  for (int i = 0; i < 3000; ++i) {
    std::string bad = good;
    for (int n = 0; n < 3; ++n) bad[32 + random() % (bad.size() - 32)] = static_cast<char>(random());
    reseal_segment(&bad);
    const auto segment = Segment::from_bytes(bad);
    if (!segment) continue;
    for (uint32_t f = 0; f < (*segment)->file_count(); ++f) {
      const auto file = (*segment)->file(f);
      (void)file.text.lines(1, file.text.line_count());
      (void)file.text.line_at(file.text.text().size());
      (void)(*segment)->find(file.path);
    }
  }
}

TEST(Manifest, GivesBackWhatWasPutIn) {
  Manifest manifest;
  manifest.generation = 7;
  manifest.as_of = base::wall_now();
  manifest.ignored = 3;
  SeenFile seen{.stat = {.size = 5, .mtime_ns = -6, .ctime_ns = 7, .inode = 8}, .racy = true};
  manifest.segments.push_back(SegmentState::make(42, {seen, {}, seen}));
  manifest.segments[0].remove(1);
  manifest.left_out = {{"a.png", LeftOutReason::kBinary, seen}, {"b", LeftOutReason::kTooLarge, {}}};
  const std::string bytes = encode_manifest(manifest);
  const auto back = decode_manifest(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(encode_manifest(*back), bytes);
  EXPECT_FALSE(back->segments[0].alive(1));
  EXPECT_TRUE(back->segments[0].seen[2].racy);
  EXPECT_EQ(back->left_out[0].path, "a.png");
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_manifest(bytes.substr(0, size)).has_value());
}

TEST(Manifest, DamageIsNoticed) {
  const std::string good = encode_manifest({.generation = 1, .segments = {SegmentState::make(1, {{}, {}})}});
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    EXPECT_FALSE(decode_manifest(bad).has_value()) << i;
  }
}

}  // namespace
}  // namespace promethean::search
