// How fast definitions are found, by language, on one core: reads every source file below the directories given, then
// scans them a few times, and reads them once by their grammar; prints MB of text for each second of processor time.
//
//   build/release/scan_bench DIR...             a table
//   build/release/scan_bench --list DIR...      path, line, kind, scope and name of every definition instead
//   build/release/scan_bench --grammar DIR...   the same list by grammar, where there is one and it fits
#include <fmt/format.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "search/syntax.h"

using namespace promethean::search;

namespace {

constexpr int kRounds = 5;
constexpr size_t kMaxFile = 8 << 20;

struct Source {
  std::string path;
  std::string text;
  Language language = Language::kUnknown;
};

std::vector<Source> read_sources(const std::string& directory) {
  std::vector<Source> sources;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.is_symlink() || entry.file_size() > kMaxFile) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    Source source{.path = entry.path().string(), .text = {std::istreambuf_iterator<char>(in), {}}, .language = {}};
    if (looks_binary(source.text)) continue;
    source.language = detect_language(source.path, source.text);
    if (has_definitions(source.language)) sources.push_back(std::move(source));
  }
  return sources;
}

std::vector<Definition> by_grammar(const Source& source) {
  const SyntaxBudget budget(std::chrono::seconds(60), kMaxFile);
  return read_definitions(source.language, source.path, source.text, budget, {}).list;
}

void list(const Source& source, bool grammar) {
  const auto definitions = grammar ? by_grammar(source) : scan_definitions(source.language, source.text);
  for (size_t i = 0; i < definitions.size(); ++i) {
    const Definition& d = definitions[i];
    fmt::print("{}\t{}\t{}\t{}\t{}\n", source.path, d.line, kind_name(d.kind),
               definition_scope(source.language, definitions, i), d.name);
  }
}

// Of this thread, so that other programs on the core do not count.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Figures {
  size_t files = 0, bytes = 0, definitions = 0;
  double seconds = 0;  // of the best round
  double grammar_seconds = 0;
};

void measure(const std::vector<Source>& sources) {
  std::map<std::string, std::vector<const Source*>> by_language;
  for (const Source& source : sources) by_language[std::string(language_name(source.language))].push_back(&source);
  fmt::print("{:12} {:>7} {:>9} {:>12} {:>8} {:>12}\n", "language", "files", "MB", "definitions", "MB/s", "by grammar");
  for (const auto& [language, files] : by_language) {
    Figures figures;
    for (int round = 0; round < kRounds; ++round) {
      figures.bytes = figures.definitions = 0;
      const double begin = cpu_seconds();
      for (const Source* source : files) {
        figures.bytes += source->text.size();
        figures.definitions += scan_definitions(source->language, source->text).size();
      }
      const double took = cpu_seconds() - begin;
      figures.seconds = round == 0 ? took : std::min(figures.seconds, took);
    }
    if (has_grammar(files.front()->language)) {
      const double begin = cpu_seconds();
      for (const Source* source : files) by_grammar(*source);
      figures.grammar_seconds = cpu_seconds() - begin;
    }
    const double megabytes = static_cast<double>(figures.bytes) / 1e6;
    fmt::print("{:12} {:>7} {:>9.2f} {:>12} {:>8.0f} {:>12}\n", language, files.size(), megabytes, figures.definitions,
               megabytes / figures.seconds,
               figures.grammar_seconds > 0 ? fmt::format("{:.1f}", megabytes / figures.grammar_seconds) : "-");
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool listing = false, grammar = false;
  std::vector<Source> sources;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--list" || argument == "--grammar") {
      listing = true;
      grammar = argument == "--grammar";
      continue;
    }
    auto more = read_sources(argv[i]);
    std::move(more.begin(), more.end(), std::back_inserter(sources));
  }
  if (sources.empty()) {
    fmt::print(stderr, "usage: scan_bench [--list | --grammar] DIR...\n");
    return 2;
  }
  if (listing) {
    for (const Source& source : sources) list(source, grammar);
  } else {
    measure(sources);
  }
  return 0;
}
