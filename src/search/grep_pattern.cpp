#include "search/grep_pattern.h"

#include <algorithm>
#include <array>

#include "search/grep_syntax.h"

namespace promethean::search {

namespace {

re2::RE2::Options re2_options(bool ignore_case, bool multiline) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(GrepPattern::kMaxMemory);
  options.set_case_sensitive(!ignore_case);
  options.set_never_nl(!multiline);
  return options;
}

// U+212A folds to k and U+017F to s: ignoring case, they may stand where an ASCII literal has the letter.
bool folds_outside_ascii(const std::vector<std::string>& literals) {
  return std::ranges::any_of(literals, [](const auto& text) { return text.find_first_of("ks") != std::string::npos; });
}

std::unexpected<base::Error> bad(std::string message, std::string hint = {}) {
  return base::fail(base::Code::kInvalidArgument, std::move(message), std::move(hint));
}

}  // namespace

base::Result<std::unique_ptr<GrepPattern>> GrepPattern::compile(std::string_view pattern, const GrepOptions& options) {
  if (pattern.size() > kMaxPatternBytes) return bad("the pattern is longer than 16 KB");
  bool ignore_case = options.ignore_case;
  if (!options.fixed && pattern.starts_with("(?i)")) {
    ignore_case = true;
    pattern.remove_prefix(4);
  }
  if (!options.multiline && (options.fixed ? pattern.find('\n') != std::string_view::npos : names_newline(pattern))) {
    return bad("the pattern asks for a newline, but lines are matched one by one", "set multiline (-U)");
  }
  std::unique_ptr<GrepPattern> made(new GrepPattern());
  RequiredLiterals literals;
  if (!options.fixed) {
    literals = required_literals(pattern, ignore_case);
  } else if (!ignore_case && !pattern.empty()) {
    literals = {{std::string(pattern)}, true};
  } else {
    literals = required_literals(re2::RE2::QuoteMeta(re2::StringPiece(pattern.data(), pattern.size())), ignore_case);
  }
  const bool literal_only = literals.whole && !options.word && literals.any_of.size() == 1;
  if (!literal_only || !options.fixed) {
    auto built = made->build_regex(pattern, options, ignore_case);
    if (!built) return base::fail(std::move(built).error());
  }
  if (literal_only) {
    made->regex_.reset();
    made->literal_size_ = literals.any_of[0].size();
  }
  made->fold_needs_ascii_ = ignore_case && folds_outside_ascii(literals.any_of);
  if (!literals.any_of.empty()) made->finder_.emplace(std::move(literals.any_of), ignore_case);
  return made;
}

base::Result<void> GrepPattern::build_regex(std::string_view pattern, const GrepOptions& options, bool ignore_case) {
  const re2::StringPiece given(pattern.data(), pattern.size());
  const auto re2 = re2_options(ignore_case, options.multiline);
  std::string spelled;
  if (options.fixed) {
    spelled = re2::RE2::QuoteMeta(given);
  } else {
    const re2::RE2 alone(given, re2);  // for an error in the user's own words
    if (!alone.ok()) return bad(alone.error(), "patterns are RE2's: no look-around, no back-references");
    spelled = with_unicode_classes(pattern);
  }
  if (options.word) {
    const std::string border = "[^" + std::string(unicode_word_set()) + "]";
    spelled = "(?:^|" + border + ")(" + spelled + ")(?:$|" + border + ")";
    group_ = 1;
  }
  regex_ = std::make_unique<re2::RE2>("(?m)" + spelled, re2);
  if (!regex_->ok()) return bad(regex_->error());
  return {};
}

std::optional<GrepPattern::Match> GrepPattern::match(std::string_view text, size_t from) const {
  std::array<re2::StringPiece, 2> groups;
  const re2::StringPiece whole(text.data(), text.size());
  if (!regex_->Match(whole, from, text.size(), re2::RE2::UNANCHORED, groups.data(), group_ + 1)) return std::nullopt;
  const re2::StringPiece& found = groups[static_cast<size_t>(group_)];
  const auto begin = static_cast<size_t>(found.data() - text.data());
  return Match{begin, begin + found.size()};
}

GrepPattern::Search::Search(const GrepPattern& pattern, std::string_view text, bool ascii)
    : pattern_(pattern), text_(text), mark_(text.starts_with("\xEF\xBB\xBF") ? 3 : 0) {
  text_.remove_prefix(mark_);
  if (pattern.finder_ && (ascii || !pattern.fold_needs_ascii_)) finder_ = &*pattern.finder_;
}

std::optional<GrepPattern::Match> GrepPattern::Search::find_line(size_t from) const {
  while (from < text_.size()) {
    if (finder_ == nullptr) {
      auto found = pattern_.match(text_, from);
      // An empty match behind the last newline is on no line.
      if (found && found->begin == text_.size() && text_.back() == '\n') return std::nullopt;
      return found;
    }
    const size_t literal = finder_->find(text_, from);
    if (literal == LiteralFinder::kNone) return std::nullopt;
    if (!pattern_.regex_) return Match{literal, literal + pattern_.literal_size_};
    const size_t newline = literal == 0 ? std::string_view::npos : text_.rfind('\n', literal - 1);
    const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    const size_t end = std::min(text_.find('\n', literal), text_.size());
    if (const auto found = pattern_.match(text_.substr(begin, end - begin), 0)) {
      return Match{begin + found->begin, begin + found->end};
    }
    from = end + 1;
  }
  return std::nullopt;
}

std::optional<GrepPattern::Match> GrepPattern::Search::find(size_t from) const {
  if (from > text_.size() || text_.empty()) return std::nullopt;
  if (finder_ != nullptr) {
    const size_t literal = finder_->find(text_, from);
    if (literal == LiteralFinder::kNone) return std::nullopt;
    if (!pattern_.regex_) return Match{literal, literal + pattern_.literal_size_};
  }
  auto found = pattern_.match(text_, from);
  if (found && found->begin == text_.size() && text_.back() == '\n') return std::nullopt;
  return found;
}

std::optional<GrepPattern::Match> GrepPattern::Search::next_line(size_t from) {
  const auto found = find_line(std::max(from, mark_) - mark_);
  return found ? std::optional(Match{found->begin + mark_, found->end + mark_}) : std::nullopt;
}

std::optional<GrepPattern::Match> GrepPattern::Search::next(size_t from) {
  const auto found = find(std::max(from, mark_) - mark_);
  return found ? std::optional(Match{found->begin + mark_, found->end + mark_}) : std::nullopt;
}

}  // namespace promethean::search
