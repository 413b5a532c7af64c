#include "cli/server_lookup.h"

#include <algorithm>

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

static json::Array strings_array(const std::vector<std::string>& strings) {
  json::Array array;
  for (const auto& text : strings) array.emplace_back(text);
  return array;
}

json::Value search_body(const std::string& query, const search::SearchOptions& options) {
  return {{"query", query}, {"n", options.limit}, {"kind", kind_name(options.kind)}};
}

static std::string_view engine_name(search::GrepEngine engine) {
  return engine == search::GrepEngine::kPcre2 ? "pcre2" : engine == search::GrepEngine::kDefault ? "default" : "auto";
}

static std::string_view mode_name(search::GrepMode mode) {
  return mode == search::GrepMode::kFiles ? "files" : mode == search::GrepMode::kCount ? "count" : "lines";
}

json::Value grep_body(const std::string& pattern, const search::GrepOptions& options) {
  constexpr int64_t kServersMost = 100'000;
  constexpr int64_t kServersDeadlineMs = 60'000;
  // The server has no field for this; the pattern has a flag.
  const std::string whole = options.crlf && !options.fixed ? "(?R:" + pattern + ")" : pattern;
  json::Object body = {{"pattern", whole},
                       {"flags", std::string(options.ignore_case ? "i" : "") + (options.dot_all ? "s" : "")},
                       {"word", options.word},
                       {"multiline", options.multiline},
                       {"fixed", options.fixed},
                       {"invert", options.invert},
                       {"hidden", options.hidden},
                       {"ignore", !options.ignored},
                       {"engine", engine_name(options.engine)},
                       {"mode", mode_name(options.mode)},
                       {"context", options.context},
                       {"maxMatches", std::min<int64_t>(static_cast<int64_t>(options.max_matches), kServersMost)},
                       {"kind", kind_name(options.kind)},
                       {"deadlineMs", kServersDeadlineMs}};
  if (options.max_per_file > 0) body["maxPerFile"] = options.max_per_file;
  if (!options.paths.empty()) body["paths"] = strings_array(options.paths);
  if (!options.globs.empty()) body["globs"] = strings_array(options.globs);
  if (!options.languages.empty()) body["lang"] = strings_array(options.languages);
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

static std::string_view view_at(const json::Value& value, std::string_view key) {
  return json::string_at(value, key).value_or("");
}

static search::GrepMatch read_match(const json::Value& item) {
  return {.path = view_at(item, "path"),
          .text = view_at(item, "lineText"),
          .snippet = view_at(item, "snippet"),
          .line = number_at(item, "line"),
          .column = number_at(item, "column"),
          .match_length = number_at(item, "matchLength"),
          .last_line = number_at(item, "lastLine"),
          .start_line = number_at(item, "startLine"),
          .end_line = number_at(item, "endLine")};
}

GrepAnswer read_grep_answer(json::Value document) {
  const auto kept = std::make_shared<const json::Value>(std::move(document));
  GrepAnswer answer{.cut = text_at(*kept, "truncatedBy"), .freshness = freshness_of(*kept), .keeps = kept};
  if (answer.cut.empty() && json::bool_at(*kept, "truncated").value_or(false)) answer.cut = "maxMatches";
  answer.partial = json::bool_at(*kept, "partial").value_or(false);
  if (const auto* left_out = json::object_at(*kept, "leftOut")) {
    for (const auto& [reason, files] : *left_out) {
      if (files.is_int64()) answer.left_out[std::string(reason)] = static_cast<uint64_t>(files.get_int64());
    }
  }
  const auto* results = json::array_at(*kept, "results");
  if (results == nullptr) return answer;
  for (const auto& item : *results) {
    if (json::int_at(item, "line")) {
      answer.matches.push_back(read_match(item));
    } else {
      answer.files.push_back({view_at(item, "path"), static_cast<uint64_t>(json::int_at(item, "count").value_or(1))});
    }
  }
  const auto shown = static_cast<int64_t>(answer.matches.size() + answer.files.size());
  answer.total = static_cast<uint64_t>(json::int_at(*kept, "total").value_or(shown));
  return answer;
}

static json::Object files_body(const search::SymbolFiles& files) {
  json::Object body;
  if (!files.path_part.empty()) body["path"] = files.path_part;
  if (!files.paths.empty()) body["paths"] = strings_array(files.paths);
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
    return read_grep_answer(*std::move(document));
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
