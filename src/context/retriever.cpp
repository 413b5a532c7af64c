#include "context/retriever.h"

#include <algorithm>

#include "base/hash.h"

namespace promethean::context {

namespace {

constexpr size_t kExactShare = 2;  // exact matches may take one half of the citations; ranking gets the rest
constexpr size_t kPerIdentifier = 3;
constexpr size_t kPerQuote = 2;
constexpr int kGrepContext = 8;                  // lines around a quoted string
constexpr std::chrono::seconds kFirstIndex{30};  // patience while the index is built for the first time
constexpr int kMinLines = 6;                     // an excerpt cut shorter than this to fit the budget is left out

using search::Snapshot;

// Collects citations in order of trust; each is read from disk before it counts.
class Collector {
 public:
  explicit Collector(const base::RootDir& root) : root_(root) {}

  void allow(size_t limit) { limit_ = limit; }  // how many citations there may be from now on

  void offer(const Candidate& candidate) {
    if (citations_.size() >= limit_ ||
        covered(candidate.path, candidate.start_line, std::max(candidate.end_line, candidate.start_line)))
      return;
    auto citation = cite(root_, candidate);
    if (!citation || covered(citation->path, citation->start_line, citation->end_line)) return;
    citations_.push_back(std::move(*citation));
  }

  std::vector<Citation> take() { return std::move(citations_); }

 private:
  // More than half of it has been cited already.
  bool covered(const std::string& path, int start, int end) const {
    return std::ranges::any_of(citations_, [&](const Citation& c) {
      if (c.path != path) return false;
      const int common = std::min(c.end_line, end) - std::max(c.start_line, start) + 1;
      return common * 2 > end - start + 1;
    });
  }

  const base::RootDir& root_;
  size_t limit_ = 0;
  std::vector<Citation> citations_;
};

void add_places(const Snapshot& snapshot, const Question& question, const async::StopFlag& stop, Collector& out) {
  for (const auto& place : question.places) {
    std::vector<std::string> paths = snapshot.find_paths(place.path, 2);
    // An absolute path of a stack trace: its end may still be ours.
    for (size_t slash = place.path.find('/'); paths.empty() && slash != std::string::npos;
         slash = place.path.find('/', slash + 1)) {
      paths = snapshot.find_paths(place.path.substr(slash + 1), 2);
    }
    for (const auto& path : paths) {
      if (place.line > 0) {
        out.offer({path, place.line, 0, "", "path", 0});
        continue;
      }
      search::SearchOptions within{.limit = 1, .kind = search::Kind::kAll, .paths = {path}};
      const auto hits = snapshot.search(question.text, within, stop);
      if (hits.empty()) {
        out.offer({path, 1, kMaxLines / 2, "", "path", 0});
      } else {
        out.offer({path, hits[0].start_line, hits[0].end_line, hits[0].text, "path", hits[0].score});
      }
    }
  }
}

void add_identifiers(const Snapshot& snapshot, const Question& question, Collector& out) {
  for (const auto& name : question.identifiers) {
    for (const auto& symbol : snapshot.find_symbols(name, kPerIdentifier)) {
      const int end = std::min(symbol.end_line, symbol.start_line + kMaxLines - 1);
      out.offer({symbol.path, symbol.start_line, end, "", "symbol", 0});
    }
  }
}

void add_quotes(const Snapshot& snapshot, const Question& question, const async::StopFlag& stop, Collector& out) {
  for (const auto& quote : question.quotes) {
    search::GrepOptions options;
    options.fixed = true;
    options.context = kGrepContext;
    options.max_matches = kPerQuote;
    const auto found = snapshot.grep(quote, options, stop);
    if (!found) continue;
    for (const auto& match : found->matches) out.offer({match.path, match.start_line, match.end_line, "", "quote", 0});
  }
}

std::vector<Citation> collect(const Snapshot& snapshot, const base::RootDir& root, const Question& question,
                              const RetrievalOptions& options, const async::StopFlag& stop) {
  Collector all(root);
  all.allow(std::max<size_t>(1, options.max_citations / kExactShare));
  add_places(snapshot, question, stop, all);
  add_identifiers(snapshot, question, all);
  add_quotes(snapshot, question, stop, all);

  all.allow(options.max_citations);
  search::SearchOptions ranked{.limit = options.max_citations * 2, .kind = options.kind, .paths = {}};
  for (const auto& hit : snapshot.search(question.text, ranked, stop)) {
    if (stop.stopped()) break;
    all.offer({hit.path, hit.start_line, hit.end_line, hit.text, "search", hit.score});
  }
  return all.take();
}

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

}  // namespace

json::Object Retrieval::to_json() const {
  json::Array list;
  for (const auto& citation : citations) list.emplace_back(citation.to_json());
  json::Object out{{"citations", std::move(list)}, {"generation", generation}, {"asOf", base::iso8601(as_of)}};
  json::Array parts;
  for (const auto& part : missing) parts.emplace_back(part);
  if (!parts.empty()) out["missing"] = std::move(parts);
  return out;
}

Task<base::Result<Retrieval>> Retriever::retrieve(Context& ctx, std::string text, RetrievalOptions options,
                                                  CountTokens count) {
  const auto started = base::steady_now();
  Retrieval retrieval;

  // Before the first comparison there is nothing to answer from, so that one is worth a longer wait.
  const auto patience = index_.state().ready ? options.deadline / 2 : std::chrono::milliseconds(kFirstIndex);
  auto view = co_await index_.fresh(ctx, patience);
  if (ctx.done()) co_return base::fail(ctx.error());
  if (!view) {
    retrieval.missing.push_back("index: " + view.error().message());
    co_return retrieval;
  }
  if (!view->stale.empty()) retrieval.missing.push_back("freshness: " + view->stale);
  const auto snapshot = view->snapshot;
  retrieval.generation = snapshot->status().generation;
  retrieval.as_of = snapshot->status().as_of;

  const Question question = read_question(text);
  Context limited(ctx, base::steady_now() + options.deadline);
  const async::StopFlag stop = limited.stop_flag();
  const auto work = [this, snapshot, &question, &options, stop]() -> base::Result<std::vector<Citation>> {
    return collect(*snapshot, root_, question, options, stop);
  };
  auto found = co_await pool_.run(limited, work);
  if (ctx.done()) co_return base::fail(ctx.error());
  if (!found) {
    retrieval.missing.push_back("search: " + found.error().message());
    co_return retrieval;
  }
  auto kept = co_await fit(ctx, std::move(*found), options.max_tokens, std::move(count));
  if (!kept) co_return base::fail(std::move(kept).error());
  retrieval.citations = std::move(*kept);
  retrieval.seconds = std::chrono::duration<double>(base::steady_now() - started).count();
  co_return retrieval;
}

}  // namespace promethean::context
