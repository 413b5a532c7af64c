// Patterns: the first byte is options, the rest of the first line the pattern, the other lines the text. What the
// engines find behind their filters is what a linear machine finds line by line; PCRE2 must only survive.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "search/grep_parse.h"
#include "search/grep_pattern.h"

namespace {

using namespace promethean::search;

std::optional<TextMatch> first_line_match(const GrepVm& vm, std::string_view text) {
  GrepVm::Scratch scratch;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto found = vm.find(text.substr(begin, end - begin), 0, &scratch, [] { return false; });
    if (found) return TextMatch{begin + found->begin, begin + found->end};
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 4096) return 0;  // large patterns are slow, not interesting
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\n'), input.size());
  if (cut == 0) return 0;
  const std::string_view pattern = input.substr(1, cut - 1);
  const std::string_view text = input.substr(std::min(cut + 1, input.size()));
  if (text.find('\0') != std::string_view::npos) return 0;  // no indexed text has one

  GrepOptions options;
  options.ignore_case = (data[0] & 1) != 0;
  options.word = (data[0] & 2) != 0;
  options.fixed = (data[0] & 4) != 0;
  options.multiline = (data[0] & 8) != 0;
  options.engine = (data[0] & 16) != 0 ? GrepEngine::kPcre2 : GrepEngine::kAuto;
  const auto compiled = GrepPattern::compile(pattern, options);
  if (!compiled) return 0;
  const GrepPlan& plan = (*compiled)->plan();
  const GrepStop stop;
  GrepSearch search(**compiled, stop);
  search.begin(text, false);
  const auto found = plan.by_line ? search.next_line(0) : search.next(0);
  if (found && (found->end < found->begin || found->end > text.size())) __builtin_trap();

  const bool comparable = plan.by_line && !plan.word && plan.engine != GrepPlan::Engine::kPcre2;
  if (!comparable || text.starts_with("\xEF\xBB\xBF")) return 0;
  const auto vm = GrepVm::compile(plan.root);
  if (vm == nullptr) return 0;
  const auto expected = first_line_match(*vm, text);
  if (found.has_value() != expected.has_value()) __builtin_trap();
  if (found && found->begin != expected->begin) __builtin_trap();
  return 0;
}
