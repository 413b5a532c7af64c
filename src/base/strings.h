// Small string tools that std lacks. All take and give UTF-8 bytes; none depends on the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace promethean::base {

std::vector<std::string_view> split(std::string_view text, char separator);  // n separators give n + 1 parts
std::string_view trim(std::string_view text);                                // ASCII white space at both ends
std::string to_lower(std::string_view text);                                 // ASCII
bool iequals(std::string_view a, std::string_view b);                        // ASCII case-insensitive
bool is_valid_utf8(std::string_view text);
std::string sanitize_utf8(std::string_view text);  // every invalid byte becomes U+FFFD
std::string join(const std::vector<std::string>& parts, std::string_view separator);

std::optional<int64_t> parse_int(std::string_view text);  // decimal, whole text, in range

// "30d", "12h", "5m", "10s", "250ms" -> milliseconds; nullopt for anything else.
std::optional<int64_t> parse_duration_ms(std::string_view text);

// Damerau-Levenshtein distance, for "did you mean".
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word` within a third of its length, or nullopt.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

std::string human_bytes(uint64_t bytes);     // "12.3 MB"
std::string human_count(uint64_t count);     // "78,579"
std::string human_duration(double seconds);  // "1.2 s", "3 min 4 s"

}  // namespace promethean::base
