// Which segments an update writes anew together with what it has read.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "search/manifest.h"
#include "search/segment.h"

namespace promethean::search {

// Positions of the small ones, of those that are half gone, and of four or more larger ones of about one size. What is
// written again for an edit is so bounded by the size of what was edited lately, and their number stays small.
std::vector<uint32_t> segments_to_merge(const Manifest& manifest,
                                        std::span<const std::shared_ptr<const Segment>> segments);

}  // namespace promethean::search
