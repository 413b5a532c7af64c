// The Lookup that asks a running server.
#pragma once

#include <memory>
#include <string>

#include "cli/lookup.h"
#include "cli/server_file.h"
#include "json/json.h"

namespace promethean::cli {

std::unique_ptr<Lookup> make_server_lookup(RunningServer server, std::string token);

// The request bodies and the reading of the answers, exposed for tests. Members that an answer lacks stay empty.
json::Value search_body(const std::string& query, const search::SearchOptions& options);
json::Value grep_body(const std::string& pattern, const search::GrepOptions& options);
SearchAnswer read_search_answer(const json::Value& document);
GrepAnswer read_grep_answer(json::Value document);  // which its views keep
json::Value symbols_body(const search::SymbolQuery& query);
json::Value refs_body(const search::ReferenceQuery& query);
SymbolsAnswer read_symbols_answer(const json::Value& document);
RefsAnswer read_refs_answer(const json::Value& document);

}  // namespace promethean::cli
