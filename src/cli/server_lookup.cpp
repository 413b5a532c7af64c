#include "cli/server_lookup.h"

#include "cli/call.h"

namespace promethean::cli {

using base::fail;

static std::string text_at(const json::Value& value, std::string_view key) {
  return std::string(json::string_at(value, key).value_or(""));
}

static int number_at(const json::Value& value, std::string_view key) {
  return static_cast<int>(json::int_at(value, key).value_or(0));
}

static Freshness freshness_of(const json::Value& document) {
  return {static_cast<uint64_t>(json::int_at(document, "generation").value_or(0)), text_at(document, "as_of")};
}

static std::string kind_name(search::Kind kind) {
  switch (kind) {
    case search::Kind::kAll:
      return "all";
    case search::Kind::kCode:
      return "code";
    case search::Kind::kDocs:
      return "docs";
    case search::Kind::kTests:
      return "tests";
  }
  return "all";
}

static json::Array paths_array(const std::vector<std::string>& paths) {
  json::Array array;
  for (const auto& path : paths) array.emplace_back(path);
  return array;
}

json::Value search_body(const std::string& query, const search::SearchOptions& options) {
  return {{"query", query}, {"n", options.limit}, {"kind", kind_name(options.kind)}};
}

json::Value grep_body(const std::string& pattern, const search::GrepOptions& options) {
  json::Object body = {{"pattern", pattern},
                       {"flags", options.ignore_case ? "i" : ""},
                       {"word", options.word},
                       {"multiline", options.multiline},
                       {"fixed", options.fixed},
                       {"context", options.context},
                       {"maxMatches", options.max_matches},
                       {"kind", kind_name(options.kind)}};
  if (!options.paths.empty()) body["paths"] = paths_array(options.paths);
  return body;
}

SearchAnswer read_search_answer(const json::Value& document) {
  SearchAnswer answer{.freshness = freshness_of(document)};
  const auto* results = json::array_at(document, "results");
  if (results == nullptr) return answer;
  for (const auto& item : *results) {
    answer.hits.push_back({.path = text_at(item, "path"),
                           .start_line = number_at(item, "startLine"),
                           .end_line = number_at(item, "endLine"),
                           .score = json::number_at(item, "score").value_or(0),
                           .symbol = text_at(item, "symbol"),
                           .signature = text_at(item, "signature"),
                           .text = text_at(item, "text")});
  }
  return answer;
}

GrepAnswer read_grep_answer(const json::Value& document) {
  GrepAnswer answer{.freshness = freshness_of(document)};
  answer.truncated = json::bool_at(document, "truncated").value_or(false);
  const auto* results = json::array_at(document, "results");
  if (results == nullptr) return answer;
  for (const auto& item : *results) {
    answer.matches.push_back({.path = text_at(item, "path"),
                              .line = number_at(item, "line"),
                              .column = number_at(item, "column"),
                              .text = text_at(item, "lineText"),
                              .start_line = number_at(item, "startLine"),
                              .end_line = number_at(item, "endLine"),
                              .snippet = text_at(item, "snippet")});
  }
  answer.total =
      static_cast<uint64_t>(json::int_at(document, "total").value_or(static_cast<int64_t>(answer.matches.size())));
  return answer;
}

SymbolsAnswer read_symbols_answer(const json::Value& document) {
  SymbolsAnswer answer{.freshness = freshness_of(document)};
  const auto* results = json::array_at(document, "results");
  if (results == nullptr) return answer;
  for (const auto& item : *results) {
    answer.symbols.push_back({.path = text_at(item, "path"),
                              .name = text_at(item, "name"),
                              .kind = text_at(item, "kind"),
                              .scope = text_at(item, "scope"),
                              .start_line = number_at(item, "startLine"),
                              .end_line = number_at(item, "endLine"),
                              .signature = text_at(item, "signature")});
  }
  return answer;
}

namespace {

class ServerLookup : public Lookup {
 public:
  ServerLookup(RunningServer server, std::string token) : server_(std::move(server)), token_(std::move(token)) {}

  base::Result<SearchAnswer> search(const std::string& query, const search::SearchOptions& options) override {
    auto document = post_json(server_, token_, "/search", search_body(query, options));
    if (!document) return fail(std::move(document).error());
    return read_search_answer(*document);
  }

  base::Result<GrepAnswer> grep(const std::string& pattern, const search::GrepOptions& options) override {
    auto document = post_json(server_, token_, "/grep", grep_body(pattern, options));
    if (!document) return fail(std::move(document).error());
    return read_grep_answer(*document);
  }

  base::Result<SymbolsAnswer> symbols(const std::string& name, size_t limit) override {
    const json::Value body = {{"query", name}, {"limit", limit}};
    auto document = post_json(server_, token_, "/symbols/find", body);
    if (!document) return fail(std::move(document).error());
    return read_symbols_answer(*document);
  }

 private:
  RunningServer server_;
  std::string token_;
};

}  // namespace

std::unique_ptr<Lookup> make_server_lookup(RunningServer server, std::string token) {
  return std::make_unique<ServerLookup>(std::move(server), std::move(token));
}

}  // namespace promethean::cli
