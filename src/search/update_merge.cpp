#include "search/update_merge.h"

namespace promethean::search {

namespace {

constexpr uint64_t kSmallSegment = 1 << 20;  // smaller segments are merged by the next change
constexpr uint64_t kLargestMerged = 48 << 20;
constexpr size_t kManySegments = 10;

uint64_t living_bytes(const SegmentState& state, const Segment& segment) {
  uint64_t bytes = 0;
  for (uint32_t f = 0; f < segment.file_count(); ++f) {
    if (state.alive(f)) bytes += segment.file(f).record->size;
  }
  return bytes;
}

}  // namespace

std::vector<uint32_t> segments_to_merge(const Manifest& manifest,
                                        std::span<const std::shared_ptr<const Segment>> segments) {
  std::vector<uint64_t> living(segments.size());
  for (uint32_t s = 0; s < segments.size(); ++s) living[s] = living_bytes(manifest.segments[s], *segments[s]);
  std::vector<uint32_t> chosen;
  for (uint64_t limit = kSmallSegment; limit <= kLargestMerged; limit *= 4) {
    chosen.clear();
    for (uint32_t s = 0; s < segments.size(); ++s) {
      if (living[s] < limit || living[s] < segments[s]->content_bytes() / 2) chosen.push_back(s);
    }
    if (segments.size() - chosen.size() < kManySegments) break;
  }
  return chosen;
}

}  // namespace promethean::search
