// Counting newlines, 32 bytes at a time where the processor can.
#pragma once

#include <cstdint>
#include <string_view>

namespace promethean::search {

uint64_t count_newlines(std::string_view text);

}  // namespace promethean::search
