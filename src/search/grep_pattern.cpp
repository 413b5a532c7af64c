#include "search/grep_pattern.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace promethean::search {

namespace {

constexpr size_t kWindowBytes = 256 << 10;  // scanned by RE2 between two looks at the clock
constexpr uint32_t kFirstLimit = 500'000;   // of PCRE2: some milliseconds, then the clock is looked at
constexpr uint32_t kLastLimit = 10'000'000;

bool is_ascii_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

size_t line_end_at(std::string_view text, size_t at) {
  return std::min(text.find('\n', at), text.size());
}

// Of each literal the longest part without a letter that folds beyond ASCII; none when a part is too short to filter.
std::vector<GrepLiteral> without_wide(const std::vector<GrepLiteral>& literals) {
  constexpr size_t kShortest = 2;
  std::vector<GrepLiteral> parts;
  for (const GrepLiteral& literal : literals) {
    std::string_view best;
    for (std::string_view rest = literal.text; !rest.empty();) {
      const size_t end = literal.wide ? std::min(rest.find_first_of("ks"), rest.size()) : rest.size();
      if (end > best.size()) best = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (best.size() < kShortest) return {};
    parts.push_back({.text = std::string(best), .fold = literal.fold});
  }
  return parts;
}

GrepNode border(Look look) {
  GrepNode node{.kind = GrepNode::Kind::kLook};
  node.look = look;
  return node;
}

// The pattern with the borders of `word`, for GrepVm.
GrepNode bordered(const GrepPlan& plan) {
  if (!plan.word) return plan.root;
  GrepNode whole{.kind = GrepNode::Kind::kConcat};
  whole.children.push_back(border(Look::kWordStartHalf));
  whole.children.push_back(plan.root);
  whole.children.push_back(border(Look::kWordEndHalf));
  return whole;
}

// The same for RE2, which has to consume the border: group 1 is the match.
std::string bordered(const std::string& spelling) {
  static const std::string no_word = [] {
    CodeSet set = word_codes();
    set.add('\n', '\n');
    set.negate();
    return re2_class(set);
  }();
  return "(?:^|" + no_word + ")(" + spelling + ")(?:$|" + no_word + ")";
}

}  // namespace

base::Result<std::unique_ptr<const GrepPattern>> GrepPattern::compile(std::string_view pattern,
                                                                      const GrepOptions& options) {
  auto plan = plan_grep(pattern, options);
  if (!plan) return base::fail(std::move(plan).error());
  return compile(*std::move(plan));
}

base::Result<std::unique_ptr<const GrepPattern>> GrepPattern::compile(GrepPlan plan) {
  std::unique_ptr<GrepPattern> made(new GrepPattern(std::move(plan)));
  const auto& literals = made->plan_.literals.any_of;
  made->finder_needs_ascii_ = std::ranges::any_of(literals, &GrepLiteral::wide);
  if (!literals.empty()) made->finder_.emplace(literals);
  if (auto narrow = without_wide(literals); made->finder_needs_ascii_ && !narrow.empty()) {
    made->unicode_finder_.emplace(std::move(narrow));
  }
  if (made->plan_.engine == GrepPlan::Engine::kPcre2) {
    auto code = Pcre2Code::compile(made->plan_.pcre2_pattern, made->plan_.pcre2_options);
    if (!code) return base::fail(std::move(code).error());
    made->pcre2_.emplace(*std::move(code));
  } else if (made->plan_.engine == GrepPlan::Engine::kRe2 || made->finder_needs_ascii_) {
    if (auto done = made->compile_re2(); !done) return base::fail(std::move(done).error());
  }
  return made;
}

base::Result<std::unique_ptr<re2::RE2>> GrepPattern::re2_for(const std::string& spelling) const {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto regex = std::make_unique<re2::RE2>("(?m)" + (plan_.word ? bordered(spelling) : spelling), options);
  if (regex->ok()) return regex;
  return base::fail(base::Code::kInvalidArgument, "the pattern becomes too large: " + regex->error());
}

base::Result<void> GrepPattern::compile_re2() {
  auto ascii = re2_for(plan_.ascii.pattern);
  if (!ascii) return base::fail(std::move(ascii).error());
  ascii_ = *std::move(ascii);
  const bool text_borders = plan_.word && !plan_.by_line;  // what RE2 consumes would be missing for the next match
  if (text_borders) plan_.ascii.exact = plan_.ascii.exact_on_ascii = plan_.unicode.exact = false;
  if (plan_.ascii.exact) return {};
  auto unicode = re2_for(plan_.unicode.pattern);
  if (!unicode) return base::fail(std::move(unicode).error());
  unicode_ = *std::move(unicode);
  vm_ = GrepVm::compile(bordered(plan_));
  if (vm_ == nullptr) return base::fail(base::Code::kInvalidArgument, "the pattern becomes too large");
  return {};
}

GrepSearch::GrepSearch(const GrepPattern& pattern, const GrepStop& stop) : pattern_(pattern), stop_(stop) {
  if (pattern.pcre2_) pcre2_.emplace(*pattern.pcre2_, Pcre2Limits{});
}

void GrepSearch::begin(std::string_view text, bool ascii) {
  text_ = text;
  mark_ = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  text_.remove_prefix(mark_);
  ascii_ = ascii;
  const bool narrow = !ascii && pattern_.finder_needs_ascii_;
  const auto& finder = narrow ? pattern_.unicode_finder_ : pattern_.finder_;
  finder_ = finder ? &*finder : nullptr;
  literals_decide_ = finder_ != nullptr && !narrow && pattern_.plan_.engine == GrepPlan::Engine::kLiterals;
}

bool GrepSearch::exact(bool ascii) const {
  return pattern_.plan_.ascii.exact || (ascii && pattern_.plan_.ascii.exact_on_ascii);
}

bool GrepSearch::borders_hold(std::string_view text, const TextMatch& match) const {
  return look_holds(border(Look::kWordStartHalf), text, match.begin) &&
         look_holds(border(Look::kWordEndHalf), text, match.end);
}

// The plan's literals are the pattern.
std::optional<TextMatch> GrepSearch::find_literal(size_t from) const {
  for (; from < text_.size(); ++from) {
    from = finder_->find(text_, from);
    if (from == LiteralFinder::kNone) return std::nullopt;
    for (size_t i = 0; i < finder_->count(); ++i) {
      const TextMatch match{from, from + finder_->size(i)};
      const bool there = finder_->count() == 1 || finder_->is_at(i, text_, from);
      if (there && (!pattern_.plan_.word || borders_hold(text_, match))) return match;
    }
  }
  return std::nullopt;
}

std::optional<TextMatch> GrepSearch::find_re2(const re2::RE2& regex, std::string_view text, size_t from) const {
  std::array<re2::StringPiece, 2> groups;
  const re2::StringPiece whole(text.data(), text.size());
  const size_t group = pattern_.plan_.word ? 1 : 0;
  const int wanted = static_cast<int>(group) + 1;
  if (!regex.Match(whole, from, text.size(), re2::RE2::UNANCHORED, groups.data(), wanted)) return std::nullopt;
  const auto begin = static_cast<size_t>(groups[group].data() - text.data());
  return TextMatch{begin, begin + groups[group].size()};
}

// With a small limit first, so that the clock is looked at before much time is spent.
std::optional<TextMatch> GrepSearch::find_pcre2(std::string_view text, size_t from) {
  for (uint32_t limit = kFirstLimit;; limit = kLastLimit) {
    pcre2_->set_match_limit(limit);
    const auto outcome = pcre2_->find(text, from);
    if (outcome == Pcre2Match::Outcome::kFound) return TextMatch{pcre2_->begin(), pcre2_->end()};
    if (outcome == Pcre2Match::Outcome::kNone || stop_.stopped()) return std::nullopt;
    if (limit == kLastLimit) {
      hit_limit_ = true;
      return std::nullopt;
    }
  }
}

std::optional<TextMatch> GrepSearch::find_in(std::string_view text, bool ascii, size_t from) {
  if (pcre2_) return find_pcre2(text, from);
  if (exact(ascii)) return find_re2(*pattern_.ascii_, text, from);
  const re2::RE2& filter = ascii ? *pattern_.ascii_ : *pattern_.unicode_;
  if (!find_re2(filter, text, from)) return std::nullopt;
  return pattern_.vm_->find(text, from, &scratch_, [this] { return stop_.stopped(); });
}

std::optional<TextMatch> GrepSearch::match_line(size_t begin, size_t end) {
  const std::string_view line = text_.substr(begin, end - begin);
  const auto found = find_in(line, ascii_ || is_ascii_text(line), 0);
  if (!found) return std::nullopt;
  return TextMatch{begin + found->begin, begin + found->end};
}

std::optional<TextMatch> GrepSearch::find_filtered_line(size_t from) {
  while (from < text_.size()) {
    const size_t literal = finder_->find(text_, from);
    if (literal == LiteralFinder::kNone) return std::nullopt;
    const size_t newline = literal == 0 ? std::string_view::npos : text_.rfind('\n', literal - 1);
    const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    const size_t end = line_end_at(text_, literal);
    if (const auto found = match_line(begin, end)) return found;
    if (stop_.flag.stopped() || (pcre2_ && stop_.late())) return std::nullopt;
    from = end + 1;
  }
  return std::nullopt;
}

// RE2 runs over many lines at once; only what it is not sure about is looked at by line.
std::optional<TextMatch> GrepSearch::find_unfiltered_line(size_t from) {
  while (from < text_.size() && !stop_.stopped()) {
    if (pcre2_) {
      const size_t end = line_end_at(text_, from);
      if (const auto found = match_line(from, end)) return found;
      from = end + 1;
      continue;
    }
    const size_t cut = from + kWindowBytes < text_.size() ? line_end_at(text_, from + kWindowBytes) : text_.size();
    const std::string_view window = text_.substr(0, cut);
    const re2::RE2& regex = ascii_ || pattern_.plan_.ascii.exact ? *pattern_.ascii_ : *pattern_.unicode_;
    const auto found = find_re2(regex, window, from);
    // An empty match behind the last newline is on no line.
    if (!found || (found->begin == text_.size() && text_.back() == '\n')) {
      from = cut + 1;
      continue;
    }
    if (exact(ascii_)) return found;
    const size_t newline = found->begin == 0 ? std::string_view::npos : text_.rfind('\n', found->begin - 1);
    const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    const size_t end = line_end_at(text_, found->begin);
    if (const auto sure = match_line(begin, end)) return sure;
    from = end + 1;
  }
  return std::nullopt;
}

std::optional<TextMatch> GrepSearch::find_line(size_t from) {
  if (literals_decide_) return find_literal(from);
  return finder_ != nullptr ? find_filtered_line(from) : find_unfiltered_line(from);
}

std::optional<TextMatch> GrepSearch::next_line(size_t from) {
  if (ascii_ && pattern_.plan_.needs_non_ascii) return std::nullopt;
  const auto found = find_line(std::max(from, mark_) - mark_);
  return found ? std::optional(TextMatch{found->begin + mark_, found->end + mark_}) : std::nullopt;
}

std::optional<TextMatch> GrepSearch::next(size_t from) {
  from = std::max(from, mark_) - mark_;
  if (from > text_.size() || text_.empty()) return std::nullopt;
  std::optional<TextMatch> found;
  if (literals_decide_) {
    found = find_literal(from);
  } else if (finder_ == nullptr || finder_->find(text_, from) != LiteralFinder::kNone) {
    found = find_in(text_, ascii_, from);
  }
  if (!found || (found->begin == text_.size() && text_.back() == '\n')) return std::nullopt;
  return TextMatch{found->begin + mark_, found->end + mark_};
}

}  // namespace promethean::search
