// Times greps in this process over the index of a directory, for bench/search/run.py.
//
// usage: grep_bench ROOT STATE_DIR ROUNDS <queries.jsonl
//   A query is {"id", "pattern", and what GrepOptions has: ignoreCase, word, multiline, fixed, paths, first}.
//   Prints one JSON document a line: first {"index": ...}, then for each query {"id", "ms": [a time a round], "lines",
//   "hash"}: of all "path:line\n" in the order of paths, to be compared with ripgrep's.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "base/hash.h"
#include "json/json.h"
#include "search/index.h"

namespace {

using namespace promethean;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

search::GrepOptions options_of(const json::Value& query) {
  search::GrepOptions options;
  options.ignore_case = json::bool_at(query, "ignoreCase").value_or(false);
  options.word = json::bool_at(query, "word").value_or(false);
  options.multiline = json::bool_at(query, "multiline").value_or(false);
  options.fixed = json::bool_at(query, "fixed").value_or(false);
  options.hidden = false;
  options.max_matches = static_cast<size_t>(json::int_at(query, "first").value_or(1'000'000'000));
  if (const auto* paths = json::array_at(query, "paths")) {
    for (const auto& path : *paths) options.paths.emplace_back(path.as_string());
  }
  return options;
}

// "path:line\n" of every line of every match.
std::string places_of(const search::GrepResult& result) {
  std::string all;
  for (const auto& match : result.matches) {
    for (int line = match.line; line <= match.last_line; ++line) {
      all.append(match.path).append(":").append(std::to_string(line)).append("\n");
    }
  }
  return all;
}

bool run_query(const search::Snapshot& snapshot, const std::string& line, int rounds) {
  const auto query = json::parse(line);
  if (!query) return false;
  const std::string pattern(json::string_at(*query, "pattern").value_or(""));
  const auto options = options_of(*query);
  json::Array times;
  std::string places;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    auto found = snapshot.grep(pattern, options, async::StopFlag());
    times.emplace_back(since(begin));
    if (!found) {
      fmt::print(stderr, "{}: {}\n", pattern, found.error().message());
      return false;
    }
    if (round == 0) places = places_of(*found);
  }
  if (const char* folder = std::getenv("DUMP")) {
    std::ofstream(std::string(folder) + "/" + std::string(*json::string_at(*query, "id")) + ".ours") << places;
  }
  const auto lines = std::count(places.begin(), places.end(), '\n');
  const json::Value out{{"id", *json::string_at(*query, "id")},
                        {"ms", std::move(times)},
                        {"lines", lines},
                        {"hash", base::sha256_hex(places)}};
  std::cout << json::write(out) << std::endl;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: grep_bench ROOT STATE_DIR ROUNDS <queries.jsonl\n");
    return 2;
  }
  // ripgrep takes files of any size.
  const search::IndexOptions options{.root = argv[1], .state_dir = argv[2], .max_file_bytes = 256 << 20};
  const auto begin = Clock::now();
  auto index = search::Index::open(options, base::Log());
  if (!index) {
    fmt::print(stderr, "{}\n", index.error().message());
    return 1;
  }
  auto report = (*index)->update({}, async::StopFlag());
  if (!report) {
    fmt::print(stderr, "{}\n", report.error().message());
    return 1;
  }
  const auto snapshot = (*index)->snapshot();
  const json::Value about{{"ms", since(begin)},
                          {"reused", report->reused},
                          {"files", snapshot->status().files},
                          {"bytes", snapshot->status().bytes}};
  std::cout << json::write(json::Value{{"index", about}}) << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (!run_query(*snapshot, line, std::atoi(argv[3]))) return 1;
  }
  return 0;
}
