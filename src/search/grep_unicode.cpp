// Unicode's properties and case folding, read out of PCRE2.
#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "base/check.h"
#include "base/strings.h"
#include "search/grep_codes.h"
#include "search/grep_pcre2.h"

namespace promethean::search {

namespace {

// Code points one after another. Those between the stretches are alike: the first one of such a gap stands for all.
struct Stretch {
  uint32_t first = 0, last = 0;
};
constexpr std::array kStretches{Stretch{0, 0xD7FF}, Stretch{0xE000, 0x3FFFF}, Stretch{0xE0000, 0xE0FFF}};
constexpr std::array kGaps{Stretch{0x40000, 0xDFFFF}, Stretch{0xE1000, 0xEFFFF},   Stretch{0xF0000, 0xFFFFD},
                           Stretch{0xFFFFE, 0xFFFFF}, Stretch{0x100000, 0x10FFFD}, Stretch{0x10FFFE, 0x10FFFF}};

std::string text_of(Stretch stretch) {
  std::string text;
  for (uint32_t code = stretch.first; code <= stretch.last; ++code) append_utf8(&text, code);
  return text;
}

// All code points that the class, in PCRE2's syntax, has; nullopt when PCRE2 does not know it.
std::optional<CodeSet> read_class(const std::string& class_text) {
  const auto compiled = Pcre2Code::compile("(?:" + class_text + ")+", PCRE2_UTF | PCRE2_NO_UTF_CHECK);
  if (!compiled) return std::nullopt;
  Pcre2Match match(*compiled, {});
  CodeSet found;
  for (const Stretch stretch : kStretches) {
    const std::string text = text_of(stretch);
    for (size_t at = 0; match.find(text, at) == Pcre2Match::Outcome::kFound; at = match.end()) {
      found.add(decode_utf8(text, match.begin()).code, decode_before(text, match.end()).code);
    }
  }
  for (const Stretch gap : kGaps) {
    if (match.find(text_of({gap.first, gap.first}), 0) == Pcre2Match::Outcome::kFound) found.add(gap.first, gap.last);
  }
  return found;
}

CodeSet known_class(const std::string& class_text) {
  auto set = read_class(class_text);
  CHECK(set.has_value());
  return *std::move(set);
}

// As Unicode compares names: without case, spaces, hyphens and underscores.
std::string loose(std::string_view name) {
  std::string out;
  for (const char c : base::to_lower(name)) {
    if (c != ' ' && c != '_' && c != '-') out += c;
  }
  return out.starts_with("is") && out.size() > 2 ? out.substr(2) : out;
}

struct CategoryName {
  std::string_view name, category;
};
constexpr auto kCategories = std::to_array<CategoryName>({
    {"casedletter", "L&"},
    {"lc", "L&"},
    {"closepunctuation", "Pe"},
    {"connectorpunctuation", "Pc"},
    {"control", "Cc"},
    {"cntrl", "Cc"},
    {"currencysymbol", "Sc"},
    {"dashpunctuation", "Pd"},
    {"decimalnumber", "Nd"},
    {"digit", "Nd"},
    {"enclosingmark", "Me"},
    {"finalpunctuation", "Pf"},
    {"format", "Cf"},
    {"initialpunctuation", "Pi"},
    {"letter", "L"},
    {"letternumber", "Nl"},
    {"lineseparator", "Zl"},
    {"lowercaseletter", "Ll"},
    {"mark", "M"},
    {"combiningmark", "M"},
    {"mathsymbol", "Sm"},
    {"modifierletter", "Lm"},
    {"modifiersymbol", "Sk"},
    {"nonspacingmark", "Mn"},
    {"number", "N"},
    {"openpunctuation", "Ps"},
    {"other", "C"},
    {"otherletter", "Lo"},
    {"othernumber", "No"},
    {"otherpunctuation", "Po"},
    {"othersymbol", "So"},
    {"paragraphseparator", "Zp"},
    {"privateuse", "Co"},
    {"punctuation", "P"},
    {"punct", "P"},
    {"separator", "Z"},
    {"spaceseparator", "Zs"},
    {"spacingmark", "Mc"},
    {"symbol", "S"},
    {"titlecaseletter", "Lt"},
    {"unassigned", "Cn"},
    {"uppercaseletter", "Lu"},
});
constexpr std::array kShortCategories{"C",  "Cc", "Cf", "Cn", "Co", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
                                      "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf",
                                      "Pi", "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};

// A class of PCRE2 for a general category by one of its names; empty: none.
std::string category_class(const std::string& name) {
  if (name == "any") return "[\\x{0}-\\x{10FFFF}]";
  if (name == "ascii") return "[\\x00-\\x7F]";
  if (name == "assigned") return "\\P{Cn}";
  for (const auto& entry : kCategories) {
    if (entry.name == name) return "\\p{" + std::string(entry.category) + "}";
  }
  for (const std::string_view entry : kShortCategories) {
    if (base::to_lower(entry) == name) return "\\p{" + std::string(entry) + "}";
  }
  return {};
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// In the order in which ripgrep resolves a lone name: binary property, general category, script.
std::optional<CodeSet> read_property(const std::string& key, const std::string& value) {
  if (!is_name(value)) return std::nullopt;
  if (key == "sc" || key == "script") return read_class("\\p{sc:" + value + "}");
  if (key == "scx" || key == "scriptextensions") return read_class("\\p{scx:" + value + "}");
  const std::string category = category_class(value);
  if (key == "gc" || key == "generalcategory") return category.empty() ? std::nullopt : read_class(category);
  if (!key.empty()) return std::nullopt;
  if (!category.empty()) return read_class(category);
  if (auto script = read_class("\\p{sc:" + value + "}")) return script;
  return value.starts_with("bidi") && !value.starts_with("bidic") && !value.starts_with("bidim")
             ? std::nullopt
             : read_class("\\p{" + value + "}");
}

// What folds at all: the only code points that need to be asked about.
const std::vector<uint32_t>& folding_codes() {
  static const std::vector<uint32_t> codes = [] {
    std::vector<uint32_t> list;
    for (const auto& range : known_class("[\\p{CWCM}\\p{CWCF}]").ranges()) {
      for (uint32_t code = range.first; code <= range.last; ++code) list.push_back(code);
    }
    return list;
  }();
  return codes;
}

std::string class_text_of(const CodeSet& set) {
  std::string text = "[";
  char range[40];
  for (const auto& [first, last] : set.ranges()) {
    std::snprintf(range, sizeof(range), "\\x{%x}-\\x{%x}", first, last);
    text += range;
  }
  return text + "]";
}

CodeSet read_folds(const CodeSet& set) {
  static const std::string text = [] {
    std::string all;
    for (const uint32_t code : folding_codes()) append_utf8(&all, code);
    return all;
  }();
  const auto compiled = Pcre2Code::compile(class_text_of(set), PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_CASELESS);
  CHECK(compiled.has_value());
  Pcre2Match match(*compiled, {});
  CodeSet folded = set;
  std::vector<CodeSet::Range> more;
  for (size_t at = 0; match.find(text, at) == Pcre2Match::Outcome::kFound; at = match.end()) {
    const uint32_t code = decode_utf8(text, match.begin()).code;
    more.push_back({code, code});
  }
  folded.add(CodeSet(std::move(more)));
  return folded;
}

}  // namespace

const CodeSet& word_codes() {
  static const CodeSet set = known_class("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}]");
  return set;
}

const CodeSet& digit_codes() {
  static const CodeSet set = known_class("\\p{Nd}");
  return set;
}

const CodeSet& space_codes() {
  static const CodeSet set{{'\t', '\r'},     {' ', ' '},       {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
                           {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
  return set;
}

std::shared_ptr<const CodeSet> property_codes(std::string_view text) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const CodeSet>> known;
  const size_t sign = text.find_first_of("=:");
  const bool unlike = sign != std::string_view::npos && sign > 0 && text[sign - 1] == '!';
  const std::string key = sign == std::string_view::npos ? "" : loose(text.substr(0, sign - (unlike ? 1 : 0)));
  const std::string value = loose(sign == std::string_view::npos ? text : text.substr(sign + 1));
  if (sign != std::string_view::npos && key.empty()) return nullptr;
  const std::string name = key + (unlike ? "!" : "=") + value;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(name); found != known.end()) return found->second;
  auto set = read_property(key, value);
  if (!set) return nullptr;
  if (unlike) set->negate();
  return known[name] = std::make_shared<const CodeSet>(*std::move(set));
}

CodeSet fold_codes(const CodeSet& set) {
  if (const auto code = set.single(); code && *code < 0x80) {
    CodeSet folded = fold_ascii(set);
    if ((*code | 32) == 'k') folded.add(0x212A, 0x212A);  // the Kelvin sign
    if ((*code | 32) == 's') folded.add(0x17F, 0x17F);    // the long s
    return folded;
  }
  if (set.empty()) return set;
  if (!set.single()) return read_folds(set);
  static std::mutex mutex;
  static std::map<uint32_t, CodeSet> known;
  const std::lock_guard lock(mutex);
  const uint32_t code = *set.single();
  if (!std::ranges::binary_search(folding_codes(), code)) return set;
  const auto found = known.find(code);
  return found != known.end() ? found->second : known[code] = read_folds(set);
}

}  // namespace promethean::search
