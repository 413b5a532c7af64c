#include "search/snapshot.h"

#include <algorithm>
#include <utility>

#include "search/grep.h"
#include "search/ranking.h"
#include "search/references.h"
#include "search/snapshot_filter.h"
#include "search/symbol_find.h"
#include "search/symbol_text.h"

namespace promethean::search {

namespace {

RankKind rank_kind(Kind kind) {
  switch (kind) {
    case Kind::kAll:
      return RankKind::kAll;
    case Kind::kCode:
      return RankKind::kCode;
    case Kind::kDocs:
      return RankKind::kDocs;
    case Kind::kTests:
      return RankKind::kTests;
  }
  return RankKind::kAll;
}

}  // namespace

std::optional<Kind> parse_kind(std::string_view text) {
  if (text == "all") return Kind::kAll;
  if (text == "code") return Kind::kCode;
  if (text == "docs") return Kind::kDocs;
  if (text == "tests") return Kind::kTests;
  return std::nullopt;
}

TreeSnapshot::TreeSnapshot(std::shared_ptr<const TreeState> state, IndexStatus status,
                           std::shared_ptr<const TreeOnDisk> disk)
    : state_(std::move(state)), status_(std::move(status)), disk_(std::move(disk)) {}

std::vector<Hit> TreeSnapshot::search(std::string_view query, const SearchOptions& options,
                                      const async::StopFlag& stop) const {
  std::vector<RankSegment> segments;
  for (uint32_t s = 0; s < state_->segments().size(); ++s) {
    segments.push_back({&state_->segments()[s]->lexical(), state_->manifest().segments[s].gone});
  }
  RankOptions rank_options;
  rank_options.limit = options.limit;
  rank_options.kind = rank_kind(options.kind);
  const FileFilter filter(Kind::kAll, options.paths);
  if (!options.paths.empty()) {
    rank_options.accept = [&filter](std::string_view path) { return filter.accepts_path(path); };
  }
  std::vector<Hit> hits;
  for (const RankedChunk& ranked : rank(segments, query, rank_options, stop)) {
    const FileRef ref{ranked.segment, ranked.file};
    const Segment::File file = state_->file(ref);
    const LexicalIndex& lexical = state_->segments()[ref.segment]->lexical();
    const LexicalChunkInfo chunk = lexical.chunk(ranked.chunk);
    Hit hit;
    hit.path = file.path;
    hit.start_line = static_cast<int>(chunk.start_line);
    hit.end_line = static_cast<int>(chunk.end_line);
    hit.chunk = ranked.chunk - lexical.file(ranked.file).first_chunk;
    hit.score = ranked.score;
    hit.text = file.text.lines(chunk.start_line, chunk.end_line);
    if (chunk.definition) {
      const Symbol enclosing = symbol_of(*state_, ref, *chunk.definition);
      const std::string joint(scope_joint(static_cast<Language>(file.record->language)));
      hit.symbol = enclosing.scope.empty() ? enclosing.name : enclosing.scope + joint + enclosing.name;
      hit.signature = enclosing.signature;
    }
    hits.push_back(std::move(hit));
  }
  return hits;
}

base::Result<GrepResult> TreeSnapshot::grep(std::string_view pattern, const GrepOptions& options,
                                            const async::StopFlag& stop) const {
  auto result = grep_tree({*state_, disk_.get()}, pattern, options, stop);
  using Kept = std::pair<std::shared_ptr<const TreeState>, std::shared_ptr<const void>>;
  if (result) result->keeps = std::make_shared<const Kept>(state_, std::move(result->keeps));
  return result;
}

SymbolsFound TreeSnapshot::find_symbols(const SymbolQuery& query, const async::StopFlag& stop) const {
  return search::find_symbols(*state_, query, stop);
}

ReferencesFound TreeSnapshot::find_references(const ReferenceQuery& query, const async::StopFlag& stop) const {
  return search::find_references(*state_, query, stop);
}

Snapshot::SymbolCount TreeSnapshot::count_symbols(const std::vector<std::string>& paths) const {
  const FileFilter filter(Kind::kAll, paths);
  SymbolCount count;
  for (const FileRef ref : state_->files()) {
    if (!filter.accepts_path(state_->path(ref))) continue;
    ++count.files;
    count.symbols += state_->segments()[ref.segment]->lexical().file(ref.file).definition_count;
  }
  return count;
}

std::vector<std::string> TreeSnapshot::find_paths(std::string_view suffix, size_t limit) const {
  while (suffix.starts_with("./") || suffix.starts_with('/')) suffix.remove_prefix(suffix[0] == '/' ? 1 : 2);
  if (suffix.empty()) return {};
  std::vector<std::string_view> found;
  for (const FileRef ref : state_->files()) {
    const std::string_view path = state_->path(ref);
    if (!path.ends_with(suffix)) continue;
    if (path.size() == suffix.size() || path[path.size() - suffix.size() - 1] == '/') found.push_back(path);
  }
  std::ranges::sort(found, {}, [](std::string_view path) { return std::make_pair(path.size(), path); });
  if (found.size() > limit) found.resize(limit);
  return {found.begin(), found.end()};
}

std::vector<LeftOut> TreeSnapshot::left_out(std::string_view reason, std::string_view after, size_t limit) const {
  std::vector<LeftOut> out;
  const auto& all = state_->manifest().left_out;
  for (auto at = std::ranges::upper_bound(all, after, {}, &LeftOutFile::path); at != all.end(); ++at) {
    if (out.size() == limit) break;
    const std::string_view why = reason_name(at->reason);
    if (reason.empty() || why == reason) out.push_back({at->path, std::string(why), at->seen.stat.size});
  }
  return out;
}

std::vector<std::string> TreeSnapshot::files() const {
  std::vector<std::string> paths;
  paths.reserve(state_->files().size());
  for (const FileRef ref : state_->files()) paths.emplace_back(state_->path(ref));
  return paths;
}

}  // namespace promethean::search
