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
  return {static_cast<uint64_t>(json::int_at(document, "generation").value_or(0)), text_at(document, "asOf")};
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
    return read_grep_answer(*std::move(document));
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
