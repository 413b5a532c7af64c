#include "context/local_evidence.h"

#include <algorithm>

#include "context/collector.h"
#include "search/paths.h"

namespace promethean::context {

namespace {

using async::StopFlag;
using search::Snapshot;

constexpr size_t kPerIdentifier = 3;
constexpr size_t kPerQuote = 2;
constexpr int kGrepContext = 8;                  // lines around a quoted string
constexpr size_t kSamePath = 4;                  // files that the end of a path may mean
constexpr size_t kMaxCounted = 16 << 20;         // bytes of a file whose lines are counted
constexpr std::chrono::seconds kFirstIndex{30};  // patience while the index is built for the first time

// Reads each place from disk before it counts; places that are gone are left out.
class Reader {
 public:
  Reader(const base::RootDir& root, size_t limit) : root_(root) { all_.allow(limit); }

  void offer(const Candidate& candidate) {
    if (all_.full() ||
        all_.covers(candidate.path, candidate.start_line, std::max(candidate.end_line, candidate.start_line)))
      return;
    if (auto citation = cite(root_, candidate)) all_.add(std::move(*citation));
  }
  std::vector<Citation> take() { return all_.take(); }

 private:
  const base::RootDir& root_;
  Collector all_;
};

void offer_places(const Snapshot& snapshot, const Question& question, const StopFlag& stop, Reader& out) {
  for (const auto& place : question.places) {
    for (const auto& path : search::resolve_path(snapshot, place.path, 2)) {
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

void offer_identifiers(const Snapshot& snapshot, const Question& question, const StopFlag& stop, Reader& out) {
  for (const auto& name : question.identifiers) {
    const search::SymbolQuery query{.name = name, .loosest = search::NameMatch::kExact, .limit = kPerIdentifier};
    for (const auto& symbol : snapshot.find_symbols(query, stop).symbols) {
      const int end = std::min(symbol.end_line, symbol.start_line + kMaxLines - 1);
      out.offer({symbol.path, symbol.start_line, end, "", "symbol", 0});
    }
  }
}

void offer_quotes(const Snapshot& snapshot, const Question& question, const StopFlag& stop, Reader& out) {
  for (const auto& quote : question.quotes) {
    search::GrepOptions options;
    options.fixed = true;
    options.context = kGrepContext;
    options.max_matches = kPerQuote;
    const auto found = snapshot.grep(quote, options, stop);
    if (!found) continue;
    for (const auto& match : found->matches) {
      out.offer({std::string(match.path), match.start_line, match.end_line, "", "quote", 0});
    }
  }
}

class LocalView final : public EvidenceView {
 public:
  LocalView(search::LiveIndex::View view, const base::RootDir& root, async::BlockingPool& pool)
      : view_(std::move(view)), root_(root), pool_(pool) {}

  EvidenceState state() const override {
    return {view_.snapshot->status().generation, view_.as_of, view_.pending, view_.stale};
  }

  Task<Citations> symbols(Context& ctx, const Question& question, size_t limit) override {
    return read(ctx, limit, [this, &question](const StopFlag& stop, Reader& out) {
      offer_places(*view_.snapshot, question, stop, out);
      offer_identifiers(*view_.snapshot, question, stop, out);
    });
  }

  Task<Citations> grep(Context& ctx, const Question& question, size_t limit) override {
    return read(ctx, limit, [this, &question](const StopFlag& stop, Reader& out) {
      offer_quotes(*view_.snapshot, question, stop, out);
    });
  }

  Task<Citations> search(Context& ctx, const Question& question, size_t limit, search::Kind kind) override {
    return read(ctx, limit, [this, &question, limit, kind](const StopFlag& stop, Reader& out) {
      const search::SearchOptions ranked{.limit = limit, .kind = kind, .paths = {}};
      for (const auto& hit : view_.snapshot->search(question.text, ranked, stop)) {
        if (stop.stopped()) break;
        out.offer({hit.path, hit.start_line, hit.end_line, hit.text, "search", hit.score});
      }
    });
  }

 private:
  template <class Offer>
  Task<Citations> read(Context& ctx, size_t limit, Offer offer) {
    const StopFlag stop = ctx.stop_flag();
    const auto work = [this, limit, &offer, stop]() -> Citations {
      Reader out(root_, limit);
      offer(stop, out);
      return out.take();
    };
    auto found = co_await pool_.run(ctx, work);
    // What a scan found before it was stopped is not what there is.
    if (found && ctx.done()) co_return base::fail(ctx.error());
    co_return found;
  }

  const search::LiveIndex::View view_;
  const base::RootDir& root_;
  async::BlockingPool& pool_;
};

int lines_in(const base::RootDir& root, const std::string& path) {
  const auto text = root.read_file(path, kMaxCounted);
  return text ? static_cast<int>(split_lines(*text).size()) : -1;
}

}  // namespace

Task<base::Result<std::unique_ptr<EvidenceView>>> LocalEvidence::view(Context& ctx,
                                                                      std::chrono::milliseconds patience) {
  // Before the first comparison there is nothing to answer from, so that one is worth a longer wait.
  const auto wait = index_.state().ready ? patience : std::chrono::milliseconds(kFirstIndex);
  auto view = co_await index_.fresh(ctx, wait);
  if (!view) co_return base::fail(std::move(view).error());
  co_return std::make_unique<LocalView>(std::move(*view), root_, pool_);
}

Task<base::Result<std::vector<int>>> LocalEvidence::count_lines(Context& ctx, std::vector<std::string> paths) {
  const auto snapshot = index_.snapshot();
  const StopFlag stop = ctx.stop_flag();
  const auto work = [this, &paths, &snapshot, stop]() -> base::Result<std::vector<int>> {
    std::vector<int> counts;
    for (const auto& path : paths) {
      if (stop.stopped()) break;
      int most = lines_in(root_, path);
      for (const auto& file : snapshot->find_paths(path, kSamePath)) most = std::max(most, lines_in(root_, file));
      counts.push_back(most);
    }
    counts.resize(paths.size(), -1);
    return counts;
  };
  auto counts = co_await pool_.run(ctx, work);
  if (counts && ctx.done()) co_return base::fail(ctx.error());
  co_return counts;
}

}  // namespace promethean::context
