// GrepPattern: a plan compiled; and GrepSearch, which finds its matches in one text after another.
//
// Literals that must be there are looked for first; around each one the line is given to the engine. Threads: a
// GrepPattern is immutable; a GrepSearch belongs to one thread and refers to its pattern.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string_view>

#include "async/context.h"
#include "search/grep_finder.h"
#include "search/grep_pcre2.h"
#include "search/grep_plan.h"
#include "search/grep_vm.h"

namespace promethean::search {

// When to stop, asked on any thread.
struct GrepStop {
  async::StopFlag flag;
  std::optional<base::SteadyTime> deadline;

  bool late() const { return deadline && base::steady_now() >= *deadline; }
  bool stopped() const { return flag.stopped() || late(); }
};

class GrepPattern {
 public:
  static constexpr int64_t kMaxMemory = 64 << 20;  // of RE2's program and its cached states

  static base::Result<std::unique_ptr<const GrepPattern>> compile(GrepPlan plan);
  static base::Result<std::unique_ptr<const GrepPattern>> compile(std::string_view pattern, const GrepOptions& options);
  const GrepPlan& plan() const { return plan_; }

 private:
  friend class GrepSearch;
  explicit GrepPattern(GrepPlan plan) : plan_(std::move(plan)) {}
  base::Result<void> compile_re2();
  base::Result<std::unique_ptr<re2::RE2>> re2_for(const std::string& spelling) const;

  GrepPlan plan_;
  std::optional<LiteralFinder> finder_;          // none: every line must be looked at
  std::optional<LiteralFinder> unicode_finder_;  // for texts beyond ASCII, where k and s have folds
  bool finder_needs_ascii_ = false;              // the two differ
  std::unique_ptr<re2::RE2> ascii_, unicode_;
  std::unique_ptr<const GrepVm> vm_;
  std::optional<Pcre2Code> pcre2_;
};

class GrepSearch {
 public:
  GrepSearch(const GrepPattern& pattern, const GrepStop& stop);

  // The text that next() and next_line() are about. `ascii` says that all its bytes are. A byte order mark is no part
  // of the first line, as in ripgrep, but offsets count it.
  void begin(std::string_view text, bool ascii);
  // For plans by line: the first match of the next line at or after `from` that has one. `from` is the begin of a line.
  std::optional<TextMatch> next_line(size_t from);
  // The next match that begins at or after `from`, anywhere in the text; in a text of one line, any pattern's.
  std::optional<TextMatch> next(size_t from);

  // PCRE2 gave up at least once since the object was made.
  bool hit_limit() const { return hit_limit_; }

 private:
  std::optional<TextMatch> find_line(size_t from);
  std::optional<TextMatch> find_literal(size_t from) const;
  std::optional<TextMatch> find_filtered_line(size_t from);
  std::optional<TextMatch> find_unfiltered_line(size_t from);
  std::optional<TextMatch> match_line(size_t begin, size_t end);
  std::optional<TextMatch> find_in(std::string_view text, bool ascii, size_t from);
  std::optional<TextMatch> find_re2(const re2::RE2& regex, std::string_view text, size_t from) const;
  std::optional<TextMatch> find_pcre2(std::string_view text, size_t from);
  bool borders_hold(std::string_view text, const TextMatch& match) const;
  bool exact(bool ascii) const;

  const GrepPattern& pattern_;
  const GrepStop& stop_;
  std::string_view text_;  // without its mark
  size_t mark_ = 0;        // size of the mark
  bool ascii_ = false;
  bool literals_decide_ = false;
  const LiteralFinder* finder_ = nullptr;
  GrepVm::Scratch scratch_;
  std::optional<Pcre2Match> pcre2_;
  bool hit_limit_ = false;
};

}  // namespace promethean::search
