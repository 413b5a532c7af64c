#include "search/snapshot.h"

#include <algorithm>
#include <tuple>

#include "base/strings.h"
#include "search/grep.h"
#include "search/ranking.h"
#include "search/snapshot_filter.h"

namespace promethean::search {

namespace {

// Names shared by very many definitions ("get") are cut before their scopes are compared.
constexpr size_t kMaxNamesakes = 10'000;

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

bool joins_with_colons(Language language) {
  return language == Language::kC || language == Language::kCpp || language == Language::kRust;
}

// "a::b.c" as {"a", "b", "c"}.
std::vector<std::string_view> name_parts(std::string_view name) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = name.find_first_of(":.#");
    if (const auto part = name.substr(0, end); !part.empty()) parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    name.remove_prefix(end + 1);
  }
}

// Whether `parts` but the last are the end of `scope`, part by part.
bool scope_ends_with(std::string_view scope, const std::vector<std::string_view>& parts) {
  const auto have = name_parts(scope);
  const size_t wanted = parts.size() - 1;
  if (have.size() < wanted) return false;
  return std::equal(parts.begin(), parts.end() - 1, have.end() - static_cast<std::ptrdiff_t>(wanted), base::iequals);
}

}  // namespace

std::optional<Kind> parse_kind(std::string_view text) {
  if (text == "all") return Kind::kAll;
  if (text == "code") return Kind::kCode;
  if (text == "docs") return Kind::kDocs;
  if (text == "tests") return Kind::kTests;
  return std::nullopt;
}

TreeSnapshot::TreeSnapshot(std::shared_ptr<const TreeState> state, IndexStatus status)
    : state_(std::move(state)), status_(std::move(status)) {}

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
      const Symbol enclosing = symbol(ref, *chunk.definition);
      const bool colons = joins_with_colons(static_cast<Language>(file.record->language));
      hit.symbol = enclosing.scope.empty() ? enclosing.name : enclosing.scope + (colons ? "::" : ".") + enclosing.name;
      hit.signature = enclosing.signature;
    }
    hits.push_back(std::move(hit));
  }
  return hits;
}

base::Result<GrepResult> TreeSnapshot::grep(std::string_view pattern, const GrepOptions& options,
                                            const async::StopFlag& stop) const {
  return grep_state(*state_, pattern, options, stop);
}

Symbol TreeSnapshot::symbol(FileRef ref, uint32_t definition) const {
  const LexicalIndex& lexical = state_->segments()[ref.segment]->lexical();
  const LexicalDefinitionInfo info = lexical.definition(definition);
  return {.path = std::string(state_->path(ref)),
          .name = std::string(info.name),
          .kind = std::string(kind_name(info.kind)),
          .scope = lexical.scope(definition),
          .start_line = static_cast<int>(info.start_line),
          .end_line = static_cast<int>(info.end_line),
          .signature = std::string(info.signature)};
}

std::vector<Symbol> TreeSnapshot::find_symbols(std::string_view name, size_t limit) const {
  const auto parts = name_parts(name);
  if (parts.empty()) return {};
  std::vector<Symbol> found;
  for (uint32_t s = 0; s < state_->segments().size(); ++s) {
    const LexicalIndex& lexical = state_->segments()[s]->lexical();
    for (const uint32_t definition : lexical.find_definitions(parts.back(), kMaxNamesakes)) {
      const uint32_t file = lexical.definition(definition).file;
      if (file >= state_->segments()[s]->file_count() || !state_->manifest().segments[s].alive(file)) continue;
      Symbol candidate = symbol({s, file}, definition);
      if (parts.size() == 1 || scope_ends_with(candidate.scope, parts)) found.push_back(std::move(candidate));
    }
  }
  // Exact case first; within it by place.
  std::ranges::sort(found, {}, [&parts](const Symbol& symbol) {
    return std::make_tuple(symbol.name != parts.back(), std::string_view(symbol.path), symbol.start_line);
  });
  if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  return found;
}

std::vector<Symbol> TreeSnapshot::outline(std::string_view path) const {
  const auto ref = state_->find(path);
  if (!ref) return {};
  const auto info = state_->segments()[ref->segment]->lexical().file(ref->file);
  std::vector<Symbol> symbols;
  for (uint32_t i = 0; i < info.definition_count; ++i) symbols.push_back(symbol(*ref, info.first_definition + i));
  return symbols;
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
