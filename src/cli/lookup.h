// Lookup: search, grep and symbols of one root, either by the server that runs for it or by opening the index here.
//
// The server is preferred: its index is warm and fresh. Without one, the stored index is brought up to date first, with
// progress on stderr. Blocks; one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options.h"
#include "search/index.h"

namespace promethean::cli {

// What state of the tree an answer is about.
struct Freshness {
  uint64_t generation = 0;
  std::string as_of;  // ISO 8601
};

struct SearchAnswer {
  std::vector<search::Hit> hits;
  Freshness freshness;
};

struct GrepAnswer {
  std::vector<search::GrepMatch> matches;    // by path, then line
  std::vector<search::GrepFileCount> files;  // in the modes that ask for files
  uint64_t total = 0;                        // a lower bound when cut
  std::string cut;                           // why this is not all there is; empty: it is
  bool partial = false;                      // not everything was searched
  std::map<std::string, uint64_t> left_out;  // reason -> files that were not searched
  Freshness freshness;
  std::shared_ptr<const void> keeps;  // what the views point into
};

struct SymbolsAnswer {
  search::SymbolsFound found;
  Freshness freshness;
};

struct RefsAnswer {
  search::ReferencesFound found;
  Freshness freshness;
};

class Lookup {
 public:
  virtual ~Lookup() = default;
  virtual base::Result<SearchAnswer> search(const std::string& query, const search::SearchOptions& options) = 0;
  virtual base::Result<GrepAnswer> grep(const std::string& pattern, const search::GrepOptions& options) = 0;
  virtual base::Result<SymbolsAnswer> symbols(const search::SymbolQuery& query) = 0;
  virtual base::Result<RefsAnswer> references(const search::ReferenceQuery& query) = 0;
};

// A server that is named by its file but does not answer counts as absent.
base::Result<std::unique_ptr<Lookup>> open_lookup(const Invocation& invocation);

// Opens the stored index and, with `update`, compares it with the tree; progress goes to stderr.
struct OpenedIndex {
  std::unique_ptr<search::Index> index;
  search::UpdateReport report;
};
base::Result<OpenedIndex> open_index(const Invocation& invocation, bool update);

search::IndexOptions index_options(const Config& config);

// kInvalidArgument for a word that is no kind.
base::Result<search::Kind> kind_of(const std::string& text);

}  // namespace promethean::cli
