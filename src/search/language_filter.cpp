#include "search/language_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace promethean::search {

namespace {

using enum Language;

struct LanguageAlias {
  std::string_view name;
  Language language;
  Language other = kUnknown;
};
// Beside the names of language.h.
constexpr auto kAliases = std::to_array<LanguageAlias>({
    {"asm", kAssembly},
    {"bash", kShell},
    {"c++", kCpp},
    {"cc", kCpp},
    {"clj", kClojure},
    {"cs", kCSharp},
    {"c#", kCSharp},
    {"docker", kDockerfile},
    {"ex", kElixir},
    {"f#", kFSharp},
    {"fs", kFSharp},
    {"golang", kGo},
    {"hs", kHaskell},
    {"htm", kHtml},
    {"js", kJavaScript, kVue},
    {"jl", kJulia},
    {"kt", kKotlin},
    {"make", kMakefile},
    {"mk", kMakefile},
    {"md", kMarkdown},
    {"ml", kOCaml},
    {"objective-c", kObjectiveC},
    {"objectivec", kObjectiveC},
    {"pl", kPerl},
    {"protobuf", kProto},
    {"ps", kPowerShell},
    {"ps1", kPowerShell},
    {"py", kPython},
    {"rb", kRuby},
    {"rs", kRust},
    {"sh", kShell},
    {"ts", kTypeScript},
    {"txt", kText},
    {"viml", kVimScript},
    {"yml", kYaml},
});

std::vector<Language> languages_named(std::string_view name) {
  for (uint8_t i = 1; i < kLanguageCount; ++i) {
    if (language_name(static_cast<Language>(i)) == name) return {static_cast<Language>(i)};
  }
  const auto alias = std::ranges::find(kAliases, name, &LanguageAlias::name);
  if (alias == kAliases.end()) return {};
  return alias->other == kUnknown ? std::vector{alias->language} : std::vector{alias->language, alias->other};
}

std::string_view nearest_language(std::string_view name) {
  std::string_view best;
  size_t distance = SIZE_MAX;
  const auto offer = [&](std::string_view candidate) {
    const auto away = static_cast<size_t>(base::edit_distance(name, candidate));
    if (away < distance) best = candidate, distance = away;
  };
  for (uint8_t i = 1; i < kLanguageCount; ++i) offer(language_name(static_cast<Language>(i)));
  for (const auto& alias : kAliases) offer(alias.name);
  return best;
}

}  // namespace

base::Result<LanguageFilter> LanguageFilter::parse(const std::vector<std::string>& names) {
  LanguageFilter filter;
  for (const std::string& given : names) {
    const std::string name = base::to_lower(given.substr(0, 64));
    if (name == "h") {
      filter.headers_ = true;
      continue;
    }
    const auto languages = languages_named(name);
    if (languages.empty()) {
      auto error = base::bad_field("lang", fmt::format("\"{}\" is no language that is known here; the nearest is {}",
                                                       name, nearest_language(name)));
      return error;
    }
    filter.languages_.resize(kLanguageCount);
    for (const Language language : languages) filter.languages_[static_cast<size_t>(language)] = true;
  }
  return filter;
}

bool LanguageFilter::accepts(Language language, std::string_view path) const {
  if (empty()) return true;
  if (headers_ && (path.ends_with(".h") || path.ends_with(".hh") || path.ends_with(".hpp"))) return true;
  if (languages_.empty()) return false;
  const bool c_header = path.ends_with(".h") && (language == kC || language == kCpp);
  if (c_header) return languages_[static_cast<size_t>(kC)] || languages_[static_cast<size_t>(kCpp)];
  return languages_[static_cast<size_t>(language)];
}

}  // namespace promethean::search
