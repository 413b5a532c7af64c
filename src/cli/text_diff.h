// Unified differences of two texts, as diff -u writes them.
#pragma once

#include <string>
#include <string_view>

namespace promethean::cli {

// "" when the texts are equal; else "--- OLD", "+++ NEW" and hunks with three lines around each change. Texts whose
// differing parts are very long are shown as replaced as a whole.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view old_name,
                         std::string_view new_name);

}  // namespace promethean::cli
