// Measures the ranking on labelled queries: NDCG@10, recall, latency and index speed.
//
//   retrieval QUERIES.jsonl MANIFEST.jsonl REPOS [whole] [name=value ...] [run=FILE]
//
// QUERIES has one object a line: {"id","repo","cat","query","targets":[{"path","grade","start"?,"end"?}]}; MANIFEST
// tells the folder of each repository that is searched: {"repo","root"}. REPOS/<repo> is a checked-out tree;
// repositories that are not there are left out. `whole` searches whole trees instead of their roots, name=value changes
// one weight of RankWeights, run=FILE writes the ranked places as JSON lines. Gain is binary, as in semble's published
// runs: the rank of the first of ten chunks that touches a target.
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "search/chunk.h"
#include "search/lexical.h"
#include "search/ranking.h"

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace promethean::search;

struct Target {
  std::string path;
  int64_t grade = 2, start = 0, end = 0;
};

struct Query {
  std::string id, category, text;
  std::vector<Target> targets;
};

struct Place {
  std::string path;
  uint32_t start, end;
};

struct Score {
  double ndcg = 0, recall = 0, first = 0;
};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::vector<json::object> read_lines(const std::string& path) {
  std::vector<json::object> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) out.push_back(json::parse(line).as_object());
  }
  return out;
}

std::string text_at(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

Query read_query(const json::object& object) {
  Query q{text_at(object, "id"), text_at(object, "cat"), text_at(object, "query"), {}};
  for (const json::value& value : object.at("targets").as_array()) {
    const json::object& t = value.as_object();
    Target target{text_at(t, "path")};
    if (t.contains("grade")) target.grade = t.at("grade").to_number<int64_t>();
    if (t.contains("start"))
      target.start = t.at("start").to_number<int64_t>(), target.end = t.at("end").to_number<int64_t>();
    q.targets.push_back(std::move(target));
  }
  return q;
}

class Tree {
 public:
  Tree(const fs::path& top, const std::string& root) {
    std::vector<fs::path> paths;
    for (auto it = fs::recursive_directory_iterator(top / root); it != fs::recursive_directory_iterator(); ++it) {
      if (it->is_directory() && it->path().filename() == ".git") it.disable_recursion_pending();
      if (it->is_regular_file() && !it->is_symlink() && it->file_size() <= 2 << 20) paths.push_back(it->path());
    }
    std::ranges::sort(paths);
    std::vector<std::pair<std::string, std::string>> files;
    for (const fs::path& path : paths) files.emplace_back(fs::relative(path, top).string(), read(path));

    const std::clock_t start = std::clock();
    LexicalBuilder builder;
    for (const auto& [path, text] : files) add(path, text, &builder);
    section_ = std::move(builder).finish();
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    index_ = *LexicalIndex::open(section_);
  }

  std::vector<Place> search(const std::string& text, const RankOptions& options, double* ms) const {
    const RankSegment segment{&*index_, {}};
    std::vector<double> times;
    std::vector<RankedChunk> hits;
    for (int round = 0; round < 5; ++round) {
      const auto start = std::chrono::steady_clock::now();
      hits = rank({&segment, 1}, text, options, promethean::async::StopFlag());
      times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::ranges::sort(times);
    *ms = times[times.size() / 2];
    std::vector<Place> places;
    for (const RankedChunk& hit : hits) {
      const LexicalChunkInfo chunk = index_->chunk(hit.chunk);
      places.push_back({std::string(index_->file(hit.file).path), chunk.start_line, chunk.end_line});
    }
    return places;
  }

  uint64_t bytes = 0, files = 0;
  double seconds = 0;
  size_t index_bytes() const { return section_.size(); }
  uint32_t chunks() const { return index_->chunk_count(); }

 private:
  void add(const std::string& path, const std::string& text, LexicalBuilder* builder) {
    if (looks_binary(text)) return;
    const FileClass c = classify(path, text);
    if (c.generated || c.vendored || c.minified) return;
    const auto definitions = scan_definitions(c.language, text);
    const auto chunks = chunk_file(text, definitions);
    builder->add({.path = path, .text = text, .file_class = c, .definitions = definitions, .chunks = chunks});
    bytes += text.size();
    ++files;
  }

  std::string section_;
  std::optional<LexicalIndex> index_;
};

bool touches(const Place& place, const Target& target) {
  if (place.path != target.path) return false;
  return target.start == 0 || (place.start <= target.end && place.end >= target.start);
}

Score score(const Query& query, const std::vector<Place>& places) {
  double gain = 0, ideal = 0;
  size_t found = 0;
  for (size_t i = 0; i < query.targets.size(); ++i) {
    for (size_t rank = 0; rank < std::min<size_t>(places.size(), 10); ++rank) {
      if (!touches(places[rank], query.targets[i])) continue;
      gain += 1 / std::log2(rank + 2.0);
      ++found;
      break;
    }
    if (i < 10) ideal += 1 / std::log2(i + 2.0);
  }
  const bool first =
      !places.empty() && std::ranges::any_of(query.targets, [&](const Target& t) { return touches(places[0], t); });
  return {gain / ideal, static_cast<double>(found) / query.targets.size(), first ? 1.0 : 0.0};
}

bool set_weight(RankWeights* w, const std::string& name, double value) {
  const std::map<std::string, double*> fields{{"k1", &w->k1},
                                              {"stem_share", &w->stem_share},
                                              {"symbol_file", &w->symbol_file},
                                              {"penalty_asked", &w->penalty_asked},
                                              {"b", &w->b},
                                              {"body", &w->body},
                                              {"definition", &w->definition},
                                              {"path", &w->path},
                                              {"path_coverage", &w->path_coverage},
                                              {"coherence", &w->coherence},
                                              {"symbol_bare", &w->symbol_bare},
                                              {"symbol_inside", &w->symbol_inside},
                                              {"penalty_aside", &w->penalty_aside},
                                              {"penalty_docs", &w->penalty_docs},
                                              {"repeat", &w->repeat}};
  auto it = fields.find(name);
  if (it == fields.end()) return false;
  *it->second = value;
  return true;
}

struct Sums {
  std::map<std::string, std::vector<Score>> groups;
  std::vector<double> times;

  void print() const {
    for (const auto& [name, scores] : groups) {
      Score mean;
      for (const Score& s : scores) mean.ndcg += s.ndcg, mean.recall += s.recall, mean.first += s.first;
      const double n = static_cast<double>(scores.size());
      std::printf("%-24s n %4zu  ndcg@10 %.4f  recall@10 %.4f  first %.3f\n", name.c_str(), scores.size(),
                  mean.ndcg / n, mean.recall / n, mean.first / n);
    }
    auto sorted = times;
    std::ranges::sort(sorted);
    if (!sorted.empty())
      std::printf("query ms: p50 %.3f  p95 %.3f  max %.3f\n", sorted[sorted.size() / 2],
                  sorted[sorted.size() * 95 / 100], sorted.back());
  }
};

void write_run(std::ofstream& out, const Query& query, const std::vector<Place>& places, double ms) {
  json::array results;
  for (const Place& p : places) results.push_back({{"path", p.path}, {"start", p.start}, {"end", p.end}});
  out << json::serialize(json::object{{"id", query.id}, {"results", results}, {"ms", ms}}) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4)
    return std::fprintf(stderr, "usage: retrieval QUERIES MANIFEST REPOS [whole] [name=value ...] [run=FILE]\n"), 2;
  RankOptions options;
  bool whole = false;
  std::ofstream run;
  for (int i = 4; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    if (argument == "whole") {
      whole = true;
    } else if (argument.starts_with("run=")) {
      run.open(argument.substr(4));
    } else if (equals == std::string::npos ||
               !set_weight(&options.weights, argument.substr(0, equals), std::stod(argument.substr(equals + 1)))) {
      return std::fprintf(stderr, "unknown argument %s\n", argv[i]), 2;
    }
  }
  std::map<std::string, std::vector<Query>> by_repository;
  for (const json::object& line : read_lines(argv[1])) by_repository[text_at(line, "repo")].push_back(read_query(line));
  std::map<std::string, std::string> roots;
  for (const json::object& line : read_lines(argv[2])) roots[text_at(line, "repo")] = text_at(line, "root");

  Sums sums;
  uint64_t bytes = 0, index_bytes = 0, chunks = 0;
  double seconds = 0;
  for (const auto& [repository, queries] : by_repository) {
    const fs::path top = fs::path(argv[3]) / repository;
    if (!fs::exists(top)) continue;
    const Tree tree(top, whole ? "" : roots[repository]);
    bytes += tree.bytes, index_bytes += tree.index_bytes(), chunks += tree.chunks(), seconds += tree.seconds;
    for (const Query& query : queries) {
      double ms = 0;
      const auto places = tree.search(query.text, options, &ms);
      const Score s = score(query, places);
      for (const std::string& group : {std::string(" all"), "category " + query.category, "repository " + repository})
        sums.groups[group].push_back(s);
      sums.times.push_back(ms);
      if (run.is_open()) write_run(run, query, places, ms);
    }
  }
  sums.print();
  std::printf("indexed %.1f MB in %.2f s of one core (%.1f MB/s), %llu chunks, index %.1f MB\n", bytes / 1e6, seconds,
              bytes / 1e6 / std::max(seconds, 1e-9), static_cast<unsigned long long>(chunks), index_bytes / 1e6);
}
