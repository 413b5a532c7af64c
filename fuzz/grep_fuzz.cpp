// Patterns: the first line is the pattern, the rest the text. With and without the literal filter the same lines match.
#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "search/grep_pattern.h"
#include "search/grep_syntax.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean::search;
  if (size > 4096) return 0;  // large patterns are slow, not interesting
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\n'), input.size());
  const std::string_view pattern = input.substr(0, cut);
  const std::string_view text = input.substr(std::min(cut + 1, input.size()));
  if (text.find('\0') != std::string_view::npos) return 0;  // no indexed text has one

  GrepOptions options;
  const auto compiled = GrepPattern::compile(pattern, options);
  if (!compiled) return 0;
  const auto found = GrepPattern::Search(**compiled, text, false).next_line(0);
  if (pattern.starts_with("(?i)") || text.starts_with("\xEF\xBB\xBF")) return 0;  // the twin below knows neither

  re2::RE2::Options re2_options;
  re2_options.set_log_errors(false);
  re2_options.set_never_nl(true);
  const re2::RE2 plain("(?m)" + with_unicode_classes(pattern), re2_options);
  if (!plain.ok()) __builtin_trap();
  re2::StringPiece first;
  const re2::StringPiece whole(text.data(), text.size());
  bool any = plain.Match(whole, 0, whole.size(), re2::RE2::UNANCHORED, &first, 1);
  const auto at = any ? static_cast<size_t>(first.data() - text.data()) : 0;
  if (any && (text.empty() || (at == text.size() && text.back() == '\n'))) any = false;
  if (any != found.has_value() || (any && at != found->begin)) __builtin_trap();
  return 0;
}
