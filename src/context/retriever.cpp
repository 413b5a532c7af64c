#include "context/retriever.h"

#include <algorithm>

#include "async/together.h"
#include "base/hash.h"
#include "context/collector.h"

namespace promethean::context {

namespace {

constexpr size_t kExactShare = 2;  // exact matches may take one half of the citations; ranking gets the rest
constexpr int kMinLines = 6;       // an excerpt cut shorter than this to fit the budget is left out

// Shortens a citation to its first lines that have about `tokens` of its `whole` tokens. False when too little is left.
bool shorten(Citation& citation, int64_t tokens, int64_t whole) {
  const auto lines = split_lines(citation.text);
  const auto keep = static_cast<size_t>(static_cast<double>(lines.size()) * static_cast<double>(tokens) /
                                        static_cast<double>(std::max<int64_t>(whole, 1)) * 0.9);
  if (keep < kMinLines || keep >= lines.size()) return false;
  size_t bytes = 0;
  for (size_t i = 0; i < keep; ++i) bytes += lines[i].size();
  citation.text.resize(bytes);
  citation.end_line = citation.start_line + static_cast<int>(keep) - 1;
  citation.hash = base::hash8(citation.text);
  std::erase_if(citation.suspicious, [&](int line) { return line > citation.end_line; });
  if (citation.doc_end_line > citation.end_line) citation.doc_start_line = citation.doc_end_line = 0;
  return true;
}

Task<base::Result<std::vector<Citation>>> fit(Context& ctx, std::vector<Citation> found, int64_t budget,
                                              CountTokens count) {
  std::vector<Citation> kept;
  for (auto& citation : found) {
    if (budget <= 0) break;
    std::string text = citation.place() + "\n" + citation.text;
    auto whole = co_await count(ctx, text);
    if (!whole) co_return base::fail(std::move(whole).error());
    if (*whole > budget) {
      if (!shorten(citation, budget, *whole)) continue;
      text = citation.place() + "\n" + citation.text;
      whole = co_await count(ctx, text);
      if (!whole) co_return base::fail(std::move(whole).error());
      if (*whole > budget) continue;
    }
    budget -= *whole;
    kept.push_back(std::move(citation));
  }
  co_return kept;
}

// Moves what a part gave into `all`, or its error into `missing`.
bool take_part(std::string_view name, Citations part, Collector& all, std::vector<std::string>& missing) {
  if (!part) {
    missing.push_back(std::string(name) + ": " + part.error().message());
    return false;
  }
  for (auto& citation : *part) all.add(std::move(citation));
  return true;
}

}  // namespace

json::Object Retrieval::to_json() const {
  json::Array list;
  for (const auto& citation : citations) list.emplace_back(citation.to_json());
  json::Object out{{"citations", std::move(list)},
                   {"generation", state.generation},
                   {"as_of", base::iso8601(state.as_of)},
                   {"pending", state.pending}};
  if (!missing.empty()) out["missing"] = json::Array(missing.begin(), missing.end());
  return out;
}

Task<base::Result<Retrieval>> Retriever::retrieve(Context& ctx, std::string text, RetrievalOptions options,
                                                  CountTokens count) {
  auto view = co_await source_.view(ctx, options.deadline / 2);
  if (ctx.done()) co_return base::fail(ctx.error());
  if (!view) co_return base::fail(base::Code::kUnavailable, "nothing can be retrieved: " + view.error().message());

  Retrieval retrieval;
  retrieval.state = (*view)->state();
  if (!retrieval.state.stale.empty()) retrieval.missing.push_back("freshness: " + retrieval.state.stale);

  const Question question = read_question(text);
  const size_t exact = std::max<size_t>(1, options.max_citations / kExactShare);
  Context limited(ctx, base::steady_now() + options.deadline);
  auto [symbols, grep, search] = co_await async::together(
      ctx.core(), (*view)->symbols(limited, question, exact), (*view)->grep(limited, question, exact),
      (*view)->search(limited, question, options.max_citations + exact, options.kind));
  if (ctx.done()) co_return base::fail(ctx.error());

  Collector all;
  all.allow(exact);
  const bool has_symbols = take_part("symbols", std::move(symbols), all, retrieval.missing);
  const bool has_grep = take_part("grep", std::move(grep), all, retrieval.missing);
  all.allow(options.max_citations);
  const bool has_search = take_part("search", std::move(search), all, retrieval.missing);
  if (!has_symbols && !has_grep && !has_search) {
    std::string why;
    for (const auto& part : retrieval.missing) why += (why.empty() ? "" : "; ") + part;
    co_return base::fail(base::Code::kUnavailable, "nothing can be retrieved: " + why);
  }
  auto kept = co_await fit(ctx, all.take(), options.max_tokens, std::move(count));
  if (!kept) co_return base::fail(std::move(kept).error());
  retrieval.citations = std::move(*kept);
  co_return retrieval;
}

}  // namespace promethean::context
