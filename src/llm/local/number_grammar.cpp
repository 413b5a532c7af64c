#include "llm/local/number_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace promethean::llm::local {

namespace {

constexpr int64_t kMost = 999'999'999'999'999;  // what every reader of JSON takes without rounding

std::string any_digits(size_t count) {
  return count == 1 ? "[0-9]" : fmt::format("[0-9]{{{}}}", count);
}

std::string digit(char from, char to) {
  return from == to ? fmt::format("\"{}\"", from) : fmt::format("[{}-{}]", from, to);
}

std::string alternatives(const std::vector<std::string>& list) {
  if (list.size() == 1) return list.front();
  return list.empty() ? std::string() : fmt::format("({})", fmt::join(list, " | "));
}

// Between two texts of digits of the same length; a point stands before the last `decimals` of them.
std::string between(std::string_view low, std::string_view high, size_t decimals) {
  if (low.empty()) return {};
  const size_t left = low.size();
  const std::string point = decimals > 0 && left == decimals ? "\".\" " : "";
  const bool free =
      low.find_first_not_of('0') == std::string_view::npos && high.find_first_not_of('9') == std::string_view::npos;
  if (free && decimals > 0 && left > decimals) return any_digits(left - decimals) + " \".\" " + any_digits(decimals);
  if (free) return point + any_digits(left);

  const std::string zeros(left - 1, '0');
  const std::string nines(left - 1, '9');
  const auto from = [&](char first, char last, std::string_view low_rest, std::string_view high_rest) {
    return point + digit(first, last) + " " + between(low_rest, high_rest, decimals);
  };
  if (low[0] == high[0]) return from(low[0], low[0], low.substr(1), high.substr(1));
  std::vector<std::string> list;
  char first = low[0];
  char last = high[0];
  if (low.substr(1) != zeros) list.push_back(from(first, first, low.substr(1), nines)), ++first;
  if (high.substr(1) != nines) --last;
  if (first <= last) list.push_back(from(first, last, zeros, nines));
  if (last != high[0]) list.push_back(from(high[0], high[0], zeros, high.substr(1)));
  return alternatives(list);
}

// The numerals of low / 10^decimals to high / 10^decimals, 0 <= low.
std::vector<std::string> counted(uint64_t low, uint64_t high, size_t decimals) {
  std::vector<std::string> list;
  for (size_t digits = decimals + 1; digits <= 19; ++digits) {
    // Leading zeros only before the point, and only one.
    const uint64_t ceiling = digits == 19 ? std::numeric_limits<int64_t>::max()
                                          : static_cast<uint64_t>(std::llround(std::pow(10.0, digits))) - 1;
    const uint64_t floor = digits == decimals + 1 ? 0 : static_cast<uint64_t>(std::llround(std::pow(10.0, digits - 1)));
    const uint64_t from = std::max(low, floor);
    const uint64_t to = std::min(high, ceiling);
    if (from > to) continue;
    list.push_back(between(fmt::format("{:0{}}", from, digits), fmt::format("{:0{}}", to, digits), decimals));
  }
  return list;
}

void add_scaled(int64_t low, int64_t high, size_t decimals, std::vector<std::string>& list) {
  if (low > high) return;
  if (low < 0) {
    const uint64_t from = high < 0 ? uint64_t{0} - static_cast<uint64_t>(high) : 1;
    const auto numerals = counted(from, uint64_t{0} - static_cast<uint64_t>(low), decimals);
    if (!numerals.empty()) list.push_back("\"-\" " + alternatives(numerals));
  }
  if (high >= 0) {
    for (auto& numeral :
         counted(static_cast<uint64_t>(std::max<int64_t>(low, 0)), static_cast<uint64_t>(high), decimals))
      list.push_back(std::move(numeral));
  }
}

// The integers n with n / scale in the range.
struct Scaled {
  int64_t low = -kMost;
  int64_t high = kMost;
};
std::optional<Scaled> scaled(const NumberRange& range, double scale) {
  Scaled out;
  const auto fits = [](double bound) { return std::abs(bound) <= static_cast<double>(kMost); };
  if (range.least) {
    const double bound = std::ceil(*range.least * scale);
    if (bound > static_cast<double>(kMost)) return std::nullopt;
    if (fits(bound)) {
      out.low = static_cast<int64_t>(bound);
      const auto too_low = [&] {
        const double value = static_cast<double>(out.low) / scale;
        return value < *range.least || (range.above && value == *range.least);
      };
      while (too_low()) ++out.low;
    }
  }
  if (range.most) {
    const double bound = std::floor(*range.most * scale);
    if (bound < static_cast<double>(-kMost)) return std::nullopt;
    if (fits(bound)) {
      out.high = static_cast<int64_t>(bound);
      const auto too_high = [&] {
        const double value = static_cast<double>(out.high) / scale;
        return value > *range.most || (range.below && value == *range.most);
      };
      while (too_high()) --out.high;
    }
  }
  if (out.low > out.high) return std::nullopt;
  return out;
}

}  // namespace

std::string integer_grammar(std::optional<int64_t> least, std::optional<int64_t> most) {
  const int64_t low = least.value_or(!most || *most > -kMost ? -kMost : std::numeric_limits<int64_t>::min() + 1);
  const int64_t high = most.value_or(low < kMost ? kMost : std::numeric_limits<int64_t>::max());
  std::vector<std::string> list;
  add_scaled(low, high, 0, list);
  return alternatives(list);
}

std::string number_grammar(const NumberRange& range) {
  std::vector<std::string> list;
  for (size_t decimals = 0; decimals <= 15; ++decimals) {
    const bool usual = decimals <= 3 || decimals == 6;
    if (!usual && !list.empty()) continue;
    if (const auto within = scaled(range, std::pow(10.0, decimals)))
      add_scaled(within->low, within->high, decimals, list);
  }
  return alternatives(list);
}

}  // namespace promethean::llm::local
