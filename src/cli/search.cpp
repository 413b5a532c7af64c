// promethean search: the ranked places that answer a question.
#include <fmt/format.h>

#include "base/strings.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static json::Value answer_json(const SearchAnswer& answer) {
  json::Array results;
  for (const auto& hit : answer.hits) {
    results.push_back({{"path", hit.path},
                       {"startLine", hit.start_line},
                       {"endLine", hit.end_line},
                       {"score", hit.score},
                       {"symbol", hit.symbol},
                       {"signature", hit.signature},
                       {"text", base::sanitize_utf8(hit.text)}});
  }
  return {{"ok", true},
          {"results", results},
          {"generation", answer.freshness.generation},
          {"as_of", answer.freshness.as_of}};
}

// What tells a reader whether this is the place: the signature, else the first lines that are not blank.
static std::string preview(const search::Hit& hit) {
  constexpr int kLines = 3;
  if (!hit.signature.empty()) return "    " + printable(hit.signature) + "\n";
  std::string out;
  int shown = 0;
  for (const auto line : base::split(hit.text, '\n')) {
    if (base::trim(line).empty()) continue;
    out += "    " + printable(line) + "\n";
    if (++shown == kLines) break;
  }
  return out;
}

static void print_hit(const search::Hit& hit, const Invocation& invocation) {
  const bool on = invocation.color_out;
  print(fmt::format("{}:{}{}\n{}", paint(printable(hit.path), Colour::kPath, on),
                    paint(fmt::format("{}-{}", hit.start_line, hit.end_line), Colour::kLine, on),
                    hit.symbol.empty() ? "" : "  " + printable(hit.symbol), paint(preview(hit), Colour::kDim, on)));
}

Exit run_search(const Invocation& invocation, const SearchOptions& options) {
  auto kind = kind_of(options.kind);
  if (!kind) return fail(std::move(kind).error());
  if (base::trim(options.query).empty())
    return fail(Code::kInvalidArgument, "the query is empty", "give words or a question");
  auto lookup = open_lookup(invocation);
  if (!lookup) return fail(std::move(lookup).error());
  auto answer = (*lookup)->search(options.query, {.limit = static_cast<size_t>(options.limit), .kind = *kind});
  if (!answer) return fail(std::move(answer).error());

  if (invocation.json) {
    print_json(answer_json(*answer));
  } else {
    for (const auto& hit : answer->hits) print_hit(hit, invocation);
  }
  return answer->hits.empty() ? kExitNotFound : kExitDone;
}

}  // namespace promethean::cli
