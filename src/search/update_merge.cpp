#include "search/update_merge.h"

#include <algorithm>

namespace promethean::search {

namespace {

constexpr uint64_t kSmallSegment = 1 << 20;  // smaller segments are merged by the next change
constexpr uint64_t kLargeSegment = 4 << 20;  // never merged, so that an edit costs what it is, not the tree
constexpr uint64_t kStep = 4;                // a size's upper end, in its lower ones
constexpr size_t kOfOneSize = 4;             // so many of one size become one

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
  const auto add = [&](auto&& wanted) {
    for (uint32_t s = 0; s < segments.size(); ++s) {
      if (wanted(s) && std::ranges::find(chosen, s) == chosen.end()) chosen.push_back(s);
    }
  };
  add([&](uint32_t s) { return living[s] < kSmallSegment || living[s] < segments[s]->content_bytes() / 2; });
  for (uint64_t least = kSmallSegment; least < kLargeSegment; least *= kStep) {
    const auto of_this_size = [&](uint32_t s) { return living[s] >= least && living[s] < least * kStep; };
    size_t count = 0;
    for (uint32_t s = 0; s < segments.size(); ++s) count += of_this_size(s) ? 1 : 0;
    if (count >= kOfOneSize) add(of_this_size);
  }
  return chosen;
}

}  // namespace promethean::search
