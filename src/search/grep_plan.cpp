#include "search/grep_plan.h"

#include "base/strings.h"
#include "search/grep_parse.h"
#include "search/grep_pcre2.h"

namespace promethean::search {

namespace {

constexpr std::string_view kTooLarge = "the pattern becomes too large";
constexpr std::string_view kNeedsPcre2 =
    "the pattern has look-around or back-references, which this engine does not know";

std::unexpected<base::Error> bad_pattern(std::string message, std::string hint = {}) {
  return base::fail(base::Code::kInvalidArgument, std::move(message), std::move(hint));
}

ParseFlags parse_flags(const GrepOptions& options) {
  ParseFlags flags;
  flags.ignore_case = options.ignore_case;
  flags.dot_all = options.dot_all;
  flags.verbose = options.verbose;
  flags.crlf = options.crlf;
  return flags;
}

// Whether the text holds the begin of a look-around or a back-reference, for patterns that are not understood else.
bool mentions_pcre2(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with('\\')) {
      if (rest.size() > 1 && ((rest[1] >= '1' && rest[1] <= '9') || rest[1] == 'k')) return true;
      ++i;
    } else if (rest.starts_with("(?=") || rest.starts_with("(?!") || rest.starts_with("(?<=") ||
               rest.starts_with("(?<!")) {
      return true;
    }
  }
  return false;
}

std::string quoted_for_pcre2(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool special = std::string_view("\\^$.[]|()?*+{}#-/ \t").find(c) != std::string_view::npos;
    if (special) out += '\\';
    out += c;
  }
  return out;
}

void plan_pcre2(std::string_view pattern, const GrepOptions& options, GrepPlan* plan) {
  plan->engine = GrepPlan::Engine::kPcre2;
  plan->by_line = !options.multiline;
  plan->pcre2_pattern = options.fixed ? quoted_for_pcre2(pattern) : std::string(pattern);
  // The newline ends a comment of the `x` mode.
  if (options.word)
    plan->pcre2_pattern = "(?<!\\w)(?:" + plan->pcre2_pattern + (options.verbose ? "\n" : "") + ")(?!\\w)";
  plan->pcre2_options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  if (options.ignore_case) plan->pcre2_options |= PCRE2_CASELESS;
  if (options.dot_all) plan->pcre2_options |= PCRE2_DOTALL;
  if (options.verbose) plan->pcre2_options |= PCRE2_EXTENDED;
}

base::Result<void> plan_re2(const GrepOptions& options, GrepPlan* plan) {
  plan->by_line = !options.multiline || !may_span_lines(plan->root);
  if (plan->by_line && !forbid_newlines(&plan->root)) {
    return bad_pattern("the pattern asks for a newline, but lines are matched one by one", "set multiline (-U)");
  }
  plan->needs_non_ascii = needs_non_ascii(plan->root);
  plan->literals = required_literals(plan->root);
  if (plan->literals.whole) plan->engine = GrepPlan::Engine::kLiterals;
  auto ascii = spell_for_re2(plan->root, false);
  auto unicode = spell_for_re2(plan->root, true);
  if (!ascii || !unicode) return bad_pattern(std::string(kTooLarge));
  plan->ascii = *std::move(ascii);
  plan->unicode = *std::move(unicode);
  return {};
}

}  // namespace

base::Result<GrepPlan> plan_grep(std::string_view pattern, const GrepOptions& options) {
  if (pattern.size() > GrepPlan::kMaxPatternBytes) return bad_pattern("the pattern is longer than 16 KB");
  GrepPlan plan;
  plan.word = options.word;
  ParsedPattern parsed;
  bool understood = true;
  bool pcre2 = options.engine == GrepEngine::kPcre2;
  if (options.fixed) {
    parsed.root = parse_fixed(pattern, options.ignore_case);
  } else {
    auto read = parse_pattern(pattern, parse_flags(options));
    const bool asks = read ? read->needs_pcre2 : mentions_pcre2(pattern);
    pcre2 = pcre2 || (asks && options.engine == GrepEngine::kAuto);
    if (asks && !pcre2) return bad_pattern(std::string(kNeedsPcre2), "set engine to auto or pcre2 (-P)");
    if (!read && !pcre2) return base::fail(std::move(read).error());
    understood = read && !(pcre2 && read->foreign);
    if (read) parsed = *std::move(read);
  }
  plan.root = std::move(parsed.root);
  if (pcre2) {
    if (understood) plan.literals = required_literals(plan.root);
    plan_pcre2(pattern, options, &plan);
    return plan;
  }
  if (auto planned = plan_re2(options, &plan); !planned) return base::fail(std::move(planned).error());
  return plan;
}

}  // namespace promethean::search
