// Ranking: which chunks answer a query. BM25F over split identifiers, then rules that look at files and names.
//
//   std::vector<RankSegment> segments{{&base_index, base_dead}, {&delta_index, {}}};
//   for (const RankedChunk& hit : rank(segments, "where are ignore rules matched", {.limit = 10}, stop)) ...
//
// Several segments answer as one: term statistics are summed over all, removed files give no hits (their terms still
// count in the statistics until segments are merged). Threads: pure; the indexes must outlive the call.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/context.h"
#include "search/lexical.h"

namespace promethean::search {

struct RankSegment {
  const LexicalIndex* index = nullptr;
  std::span<const uint64_t> removed;  // bit f of word f/64: file f is gone or replaced; may be shorter than the files
};

enum class RankKind : uint8_t { kAll, kCode, kDocs, kTests };

// Every number of the ranking, as data. The defaults were fitted on a development set (bench/retrieval).
struct RankWeights {
  double k1 = 1.4;
  double b = 0.75;
  double body = 1;
  double definition = 2;       // a term inside a name that the chunk defines
  double path = 2;             // a term of the path; the file's stem counts twice
  double path_coverage = 1.2;  // share of the query's terms that the path holds
  double stem_share = 0.45;    // share of the file's name that the query speaks of
  double coherence = 0.9;      // other chunks of the same file that match too
  double symbol_bare = 5;      // the query is one identifier and the chunk defines it
  double symbol_inside = 1;    // the query mentions an identifier that the chunk defines
  double symbol_file = 0.3;    // a bare symbol's definition in a file of the same name counts this share more
  double penalty_aside = 0.3;  // tests, examples, legacy, unless asked for
  double penalty_docs = 0.3;   // prose and data, unless asked for
  double penalty_asked = 0.5;  // either of them when the query speaks of tests or of documentation
  double repeat = 0.35;        // each further chunk of a file that is already listed
};

struct RankOptions {
  size_t limit = 10;
  RankKind kind = RankKind::kAll;
  std::function<bool(std::string_view path)> accept;  // asked at most once a file; empty: all
  RankWeights weights;
};

struct RankedChunk {
  uint32_t segment = 0;  // position in the list given
  uint32_t file = 0;     // numbers within that segment
  uint32_t chunk = 0;
  double score = 0;
};

// Best first. An empty query, or one without a known term, gives nothing. Stops early, with what it has, when `stop` is
// set.
std::vector<RankedChunk> rank(std::span<const RankSegment> segments, std::string_view query, const RankOptions& options,
                              const async::StopFlag& stop);

}  // namespace promethean::search
