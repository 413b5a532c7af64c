#include "search/ranking.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "search/ranking_query.h"

namespace promethean::search {
namespace {

bool is_set(std::span<const uint64_t> bits, uint32_t at) {
  return at / 64 < bits.size() && (bits[at / 64] >> (at % 64) & 1);
}

// The scores of one segment's chunks and files while a query runs.
struct SegmentScores {
  const RankSegment* segment = nullptr;
  std::vector<float> chunk;          // by chunk
  std::vector<uint32_t> touched;     // chunks with a score
  std::vector<float> file_path;      // by file: idf of the query's terms that its path holds
  std::vector<uint8_t> stem_terms;   // by file: how many of the query's terms its stem holds
  std::vector<float> term_path;      // by file: the current term's weight in the path
  std::vector<uint32_t> path_files;  // files of the current term
  std::vector<uint8_t> seen;         // by chunk: the current term counted here already
};

struct FileSum {
  double best = 0;
  double sum = 0;
  uint32_t best_chunk = 0;
};

class Ranker {
 public:
  Ranker(std::span<const RankSegment> segments, std::string_view text, const RankOptions& options,
         const async::StopFlag& stop)
      : options_(options), w_(options.weights), query_(analyze(text)), stop_(stop) {
    for (const RankSegment& segment : segments) {
      SegmentScores& s = scores_.emplace_back();
      s.segment = &segment;
      s.chunk.assign(segment.index->chunk_count(), 0);
      // One more than there are files: a damaged chunk may name file 0 of none.
      const size_t files = segment.index->file_count() + size_t{1};
      s.file_path.assign(files, 0);
      s.term_path.assign(files, 0);
      s.stem_terms.assign(files, 0);
      chunk_total_ += segment.index->chunk_count();
      length_total_ += static_cast<double>(segment.index->total_length());
    }
  }

  std::vector<RankedChunk> run() {
    if (chunk_total_ == 0) return {};
    for (const QueryTerm& term : query_.terms) {
      if (stop_.stopped()) break;
      score_term(term);
    }
    collect();
    add_file_rules();
    add_definitions();
    return select();
  }

 private:
  void score_term(const QueryTerm& term) {
    std::vector<std::optional<LexicalIndex::Term>> found;
    double document_frequency = 0;
    for (const SegmentScores& s : scores_) {
      found.push_back(s.segment->index->find_term(term.text));
      if (!found.back()) continue;
      document_frequency += std::max(found.back()->chunk_count, found.back()->file_count);
    }
    if (document_frequency == 0) return;
    const double idf = rarity(document_frequency, static_cast<double>(chunk_total_));
    const double path_idf = term.compound ? 0 : idf;  // its parts are counted already
    idf_total_ += path_idf;
    for (size_t i = 0; i < scores_.size(); ++i) {
      if (found[i]) score_postings(*found[i], idf, path_idf, &scores_[i]);
    }
  }

  // Inverse document frequency as in BM25; never quite zero.
  static double rarity(double with, double total) {
    return std::max(std::log(1 + (total - with + 0.5) / (with + 0.5)), 0.01);
  }

  void score_postings(const LexicalIndex::Term& term, double idf, double path_idf, SegmentScores* s) {
    const LexicalIndex& index = *s->segment->index;
    Posting p;
    for (PostingReader files(term.files, index.file_count()); files.next(&p);) {
      s->term_path[p.id] = static_cast<float>(p.body);
      s->file_path[p.id] += static_cast<float>(path_idf);
      if (path_idf > 0 && p.body >= 2) ++s->stem_terms[p.id];
      s->path_files.push_back(p.id);
    }
    // Chunks of files whose path holds the term count even without it in their text.
    s->seen.assign(s->path_files.empty() ? 0 : index.chunk_count(), 0);
    for (PostingReader chunks(term.chunks, index.chunk_count()); chunks.next(&p);) {
      const LexicalChunkInfo chunk = index.chunk(p.id);
      add(p.id, w_.body * p.body + w_.definition * p.definition + w_.path * s->term_path[chunk.file], chunk.length, idf,
          s);
      if (!s->seen.empty()) s->seen[p.id] = 1;
    }
    for (uint32_t file : s->path_files) {
      const LexicalFileInfo info = index.file(file);
      for (uint32_t c = info.first_chunk; c < info.first_chunk + info.chunk_count; ++c) {
        if (!s->seen[c]) add(c, w_.path * s->term_path[file], index.chunk(c).length, idf, s);
      }
      s->term_path[file] = 0;
    }
    s->path_files.clear();
  }

  void add(uint32_t chunk, double frequency, uint32_t length, double idf, SegmentScores* s) const {
    const double average = length_total_ / static_cast<double>(chunk_total_);
    const double norm = w_.k1 * (1 - w_.b + w_.b * length / std::max(average, 1.0));
    if (s->chunk[chunk] == 0) s->touched.push_back(chunk);
    s->chunk[chunk] += static_cast<float>(idf * frequency * (w_.k1 + 1) / (frequency + norm));
  }

  // What scored, without removed and unwanted files.
  void collect() {
    for (uint32_t i = 0; i < scores_.size(); ++i) {
      SegmentScores& s = scores_[i];
      std::ranges::sort(s.touched);
      uint32_t last_file = UINT32_MAX;
      bool wanted = false;
      for (uint32_t c : s.touched) {
        const uint32_t file = s.segment->index->chunk(c).file;
        if (file != last_file) wanted = is_wanted(s, file), last_file = file;
        if (wanted) hits_.push_back({.segment = i, .file = file, .chunk = c, .score = s.chunk[c]});
      }
    }
  }

  bool is_wanted(const SegmentScores& s, uint32_t file) const {
    if (is_set(s.segment->removed, file)) return false;
    const LexicalFileInfo info = s.segment->index->file(file);
    const Role role = info.file_class.role;
    if (options_.kind == RankKind::kCode && role != Role::kCode && role != Role::kTests) return false;
    if (options_.kind == RankKind::kDocs && role != Role::kDocs) return false;
    if (options_.kind == RankKind::kTests && role != Role::kTests) return false;
    return !options_.accept || options_.accept(info.path);
  }

  // Path coverage lifts every chunk of a file, coherence its best one.
  void add_file_rules() {
    double top = 0, top_sum = 0;
    for (const RankedChunk& hit : hits_) top = std::max(top, hit.score);
    for (size_t i = 0; i < hits_.size();) {
      const size_t end = file_end(i);
      double sum = 0;
      for (size_t k = i; k < end; ++k) sum += hits_[k].score;
      top_sum = std::max(top_sum, sum);
      i = end;
    }
    top_ = top;
    for (size_t i = 0; i < hits_.size();) {
      const size_t end = file_end(i);
      double sum = 0;
      size_t best = i;
      for (size_t k = i; k < end; ++k) {
        sum += hits_[k].score;
        if (hits_[k].score > hits_[best].score) best = k;
      }
      if (top_sum > 0) hits_[best].score += top * w_.coherence * sum / top_sum;
      const double share = idf_total_ > 0 ? scores_[hits_[i].segment].file_path[hits_[i].file] / idf_total_ : 0;
      const double lift = top * (w_.path_coverage * share + w_.stem_share * stem_share(hits_[i]));
      for (size_t k = i; k < end; ++k) hits_[k].score += lift;
      i = end;
    }
  }

  // How much of a file's name the query speaks of: 1 for "mux" and mux.go, 1/2 for "mux" and mux_test.go.
  double stem_share(const RankedChunk& hit) const {
    const SegmentScores& s = scores_[hit.segment];
    const uint8_t parts = s.segment->index->file(hit.file).stem_terms;
    return parts == 0 ? 0 : std::min(1.0, static_cast<double>(s.stem_terms[hit.file]) / parts);
  }

  size_t file_end(size_t i) const {
    size_t end = i;
    while (end < hits_.size() && hits_[end].file == hits_[i].file && hits_[end].segment == hits_[i].segment) ++end;
    return end;
  }

  // Chunks that define what the query names.
  void add_definitions() {
    for (const QueryIdentifier& identifier : query_.identifiers) {
      for (uint32_t i = 0; i < scores_.size(); ++i) boost_definitions(identifier, i);
    }
  }

  void boost_definitions(const QueryIdentifier& identifier, uint32_t segment) {
    constexpr size_t kMaxNamesakes = 256;
    std::map<RankedChunk*, double> best;
    const LexicalIndex& index = *scores_[segment].segment->index;
    for (uint32_t number : index.find_definitions(identifier.name, kMaxNamesakes)) {
      const LexicalDefinitionInfo d = index.definition(number);
      const double weight = definition_weight(identifier, d);
      if (weight <= 0) continue;
      if (RankedChunk* hit = find_hit(segment, d)) best[hit] = std::max(best[hit], weight);
    }
    for (auto [hit, weight] : best) {
      const bool own_file = query_.bare && stem_share(*hit) == 1;
      hit->score += top_ * weight * (own_file ? 1 + w_.symbol_file : 1);
    }
  }

  double definition_weight(const QueryIdentifier& identifier, const LexicalDefinitionInfo& d) const {
    if (d.kind == DefinitionKind::kModule && d.start_line == d.end_line) return 0;  // `mod name;`
    const bool exact = d.name == identifier.name;
    double weight = query_.bare ? w_.symbol_bare : w_.symbol_inside;
    if (!identifier.sure && !query_.bare) {
      if (!exact || !is_type(d.kind)) return 0;
    }
    if (!exact) weight *= 0.5;
    return weight * kind_weight(d.kind);
  }

  static bool is_type(DefinitionKind kind) {
    using enum DefinitionKind;
    return kind == kClass || kind == kStruct || kind == kInterface || kind == kTrait || kind == kEnum ||
           kind == kUnion || kind == kType || kind == kModule;
  }

  static double kind_weight(DefinitionKind kind) {
    using enum DefinitionKind;
    switch (kind) {
      case kField:
      case kVariable:
      case kProperty:
      case kConstant:
        return 0.4;
      case kHeading:
      case kTarget:
      case kTable:
        return 0.2;
      case kImpl:
      case kConstructor:
      case kNamespace:
        return 0.5;
      default:
        return 1;
    }
  }

  // hits_ is in order of segment, file and chunk until select().
  RankedChunk* find_hit(uint32_t segment, const LexicalDefinitionInfo& d) {
    auto it = std::ranges::lower_bound(hits_, std::pair(segment, d.file), {},
                                       [](const RankedChunk& h) { return std::pair(h.segment, h.file); });
    for (; it != hits_.end() && it->segment == segment && it->file == d.file; ++it) {
      const LexicalChunkInfo chunk = scores_[segment].segment->index->chunk(it->chunk);
      if (chunk.start_line <= d.line && d.line <= chunk.end_line) return &*it;
    }
    return nullptr;
  }

  double file_factor(const RankedChunk& hit) const {
    const FileClass c = scores_[hit.segment].segment->index->file(hit.file).file_class;
    double factor = 1;
    if (c.role == Role::kTests && options_.kind != RankKind::kTests)
      factor *= query_.wants_tests ? w_.penalty_asked : w_.penalty_aside;
    if (c.sideline && !query_.wants_aside) factor *= w_.penalty_aside;
    const bool prose = c.role == Role::kDocs || c.role == Role::kData;
    if (prose && options_.kind != RankKind::kDocs) factor *= query_.wants_docs ? w_.penalty_asked : w_.penalty_docs;
    return factor;
  }

  // Best first; each further chunk of a file that is listed already counts less.
  std::vector<RankedChunk> select() {
    for (size_t i = 0; i < hits_.size();) {
      const size_t end = file_end(i);
      const double factor = file_factor(hits_[i]);
      for (size_t k = i; k < end; ++k) hits_[k].score *= factor;
      std::sort(hits_.begin() + static_cast<ptrdiff_t>(i), hits_.begin() + static_cast<ptrdiff_t>(end), better);
      double repeat = 1;
      for (size_t k = i; k < end; ++k, repeat *= w_.repeat) hits_[k].score *= repeat;
      i = end;
    }
    const size_t n = std::min(options_.limit, hits_.size());
    std::partial_sort(hits_.begin(), hits_.begin() + static_cast<ptrdiff_t>(n), hits_.end(), better);
    hits_.resize(n);
    return std::move(hits_);
  }

  static bool better(const RankedChunk& a, const RankedChunk& b) {
    if (a.score != b.score) return a.score > b.score;
    return std::tie(a.segment, a.chunk) < std::tie(b.segment, b.chunk);
  }

  const RankOptions& options_;
  const RankWeights& w_;
  const Query query_;
  const async::StopFlag& stop_;
  std::vector<SegmentScores> scores_;
  std::vector<RankedChunk> hits_;
  uint64_t chunk_total_ = 0;
  double length_total_ = 0, idf_total_ = 0, top_ = 0;
};

}  // namespace

std::vector<RankedChunk> rank(std::span<const RankSegment> segments, std::string_view query, const RankOptions& options,
                              const async::StopFlag& stop) {
  return Ranker(segments, query, options, stop).run();
}

}  // namespace promethean::search
