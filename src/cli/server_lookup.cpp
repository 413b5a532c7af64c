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

static json::Object files_body(const search::SymbolFiles& files) {
  json::Object body;
  if (!files.path_part.empty()) body["path"] = files.path_part;
  if (!files.paths.empty()) body["paths"] = paths_array(files.paths);
  if (files.language) body["lang"] = search::language_name(*files.language);
  return body;
}

json::Value symbols_body(const search::SymbolQuery& query) {
  json::Object body = files_body(query.files);
  body["query"] = query.name;
  body["match"] = query.best_only ? "best" : search::match_name(query.loosest);
  if (query.kind) body["kind"] = search::kind_name(*query.kind);
  body["limit"] = query.limit;
  body["comments"] = query.comments;
  return body;
}

json::Value refs_body(const search::ReferenceQuery& query) {
  json::Object body = files_body(query.files);
  body["query"] = query.name;
  body["limit"] = query.limit;
  body["context"] = query.context;
  return body;
}

static search::Tier tier_at(const json::Value& item) {
  const std::string text = text_at(item, "tier");
  for (const auto tier : {search::Tier::kSyntax, search::Tier::kScan}) {
    if (text == search::tier_name(tier)) return tier;
  }
  return search::Tier::kTextual;
}

static std::vector<search::Symbol> read_symbols(const json::Value& document, std::string_view key) {
  std::vector<search::Symbol> symbols;
  const auto* results = json::array_at(document, key);
  if (results == nullptr) return symbols;
  for (const auto& item : *results) {
    symbols.push_back({.path = text_at(item, "path"),
                       .name = text_at(item, "name"),
                       .kind = text_at(item, "kind"),
                       .scope = text_at(item, "scope"),
                       .line = number_at(item, "line"),
                       .start_line = number_at(item, "startLine"),
                       .end_line = number_at(item, "endLine"),
                       .signature = text_at(item, "signature"),
                       .comment = text_at(item, "comment"),
                       .tier = tier_at(item),
                       .match = search::parse_match(text_at(item, "match")).value_or(search::NameMatch::kText),
                       .score = json::number_at(item, "score").value_or(0)});
  }
  return symbols;
}

static uint64_t total_at(const json::Value& document, size_t shown) {
  return static_cast<uint64_t>(json::int_at(document, "total").value_or(static_cast<int64_t>(shown)));
}

SymbolsAnswer read_symbols_answer(const json::Value& document) {
  SymbolsAnswer answer{.found = {}, .freshness = freshness_of(document)};
  answer.found.symbols = read_symbols(document, "results");
  answer.found.total = total_at(document, answer.found.symbols.size());
  answer.found.note = text_at(document, "note");
  return answer;
}

static search::Relation relation_at(const json::Value& item) {
  using enum search::Relation;
  const std::string text = text_at(item, "relation");
  for (const auto relation : {kSameFile, kSameFolder, kImporter}) {
    if (text == search::relation_name(relation)) return relation;
  }
  return kOther;
}

// The word itself, which has to live as long as the answer.
static std::string_view within_at(const json::Value& item) {
  const std::string text = text_at(item, "within");
  for (const std::string_view within : {"code", "comment", "literal"}) {
    if (text == within) return within;
  }
  return "text";
}

RefsAnswer read_refs_answer(const json::Value& document) {
  RefsAnswer answer{.found = {}, .freshness = freshness_of(document)};
  if (const auto* results = json::array_at(document, "results")) {
    for (const auto& item : *results) {
      answer.found.references.push_back({.path = text_at(item, "path"),
                                         .line = number_at(item, "line"),
                                         .column = number_at(item, "column"),
                                         .text = text_at(item, "lineText"),
                                         .start_line = number_at(item, "startLine"),
                                         .end_line = number_at(item, "endLine"),
                                         .snippet = text_at(item, "snippet"),
                                         .scope = text_at(item, "scope"),
                                         .syntactic = text_at(item, "tier") == "syntactic",
                                         .within = within_at(item),
                                         .relation = relation_at(item)});
    }
  }
  answer.found.definitions = read_symbols(document, "definitions");
  answer.found.total = total_at(document, answer.found.references.size());
  answer.found.files = static_cast<uint64_t>(json::int_at(document, "files").value_or(0));
  answer.found.note = text_at(document, "note");
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

  base::Result<SymbolsAnswer> symbols(const search::SymbolQuery& query) override {
    auto document = post_json(server_, token_, "/symbols/find", symbols_body(query));
    if (!document) return fail(std::move(document).error());
    return read_symbols_answer(*document);
  }

  base::Result<RefsAnswer> references(const search::ReferenceQuery& query) override {
    auto document = post_json(server_, token_, "/symbols/refs", refs_body(query));
    if (!document) return fail(std::move(document).error());
    return read_refs_answer(*document);
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
