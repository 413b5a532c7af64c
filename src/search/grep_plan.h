// The plan of a grep: what a pattern with its options means, before a byte of text is looked at. Which engine decides,
// which literals must be there, whether lines are matched one by one. What an index may skip is decided from this.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "search/grep_ast.h"
#include "search/grep_literals.h"
#include "search/grep_spell.h"
#include "search/index.h"

namespace promethean::search {

struct GrepPlan {
  static constexpr size_t kMaxPatternBytes = 16 << 10;

  enum class Engine {
    kLiterals,  // a match is one of the literals, with word borders where `word`
    kRe2,       // RE2, and GrepVm where RE2 is not exact
    kPcre2,
  };
  Engine engine = Engine::kRe2;
  bool by_line = true;  // no match reaches over a newline, and lines stand alone
  bool word = false;
  bool needs_non_ascii = false;  // no text of ASCII has a match
  RequiredLiterals literals;

  // kRe2
  GrepNode root;               // without the borders of `word`
  Re2Spelling ascii, unicode;  // for texts of ASCII, and for others

  // kPcre2
  std::string pcre2_pattern;
  uint32_t pcre2_options = 0;
};

// kInvalidArgument with the reason for what ripgrep would not accept either.
base::Result<GrepPlan> plan_grep(std::string_view pattern, const GrepOptions& options);

}  // namespace promethean::search
