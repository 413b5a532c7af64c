// Definitions, uses and outlines as JSON: the same from the server and from the command line.
#pragma once

#include "json/json.h"
#include "search/index.h"
#include "search/outline.h"

namespace promethean::api {

json::Object symbol_json(const search::Symbol& symbol);
// results, total, truncated and, where there is something to know, note.
json::Object symbols_json(const search::SymbolsFound& found);
json::Object references_json(const search::ReferencesFound& found);
// path, language, tier, outline (nested under `children`), total, truncated, note.
json::Object outline_json(const std::string& path, const search::Outline& outline);

}  // namespace promethean::api
