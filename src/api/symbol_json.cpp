#include "api/symbol_json.h"

#include "base/strings.h"

namespace promethean::api {

namespace {

json::Object reference_json(const search::Reference& reference) {
  return {{"path", base::sanitize_utf8(reference.path)},
          {"line", reference.line},
          {"column", reference.column},
          {"lineText", base::sanitize_utf8(reference.text)},
          {"snippet", base::sanitize_utf8(reference.snippet)},
          {"startLine", reference.start_line},
          {"endLine", reference.end_line},
          {"scope", base::sanitize_utf8(reference.scope)},
          {"tier", reference.syntactic ? "syntactic" : "textual"},
          {"within", reference.within},
          {"relation", search::relation_name(reference.relation)}};
}

// The entries from `i` on that are at least `depth` deep, each with what it encloses; `i` moves behind them.
json::Array nested(const std::vector<search::OutlineEntry>& entries, size_t& i, int depth) {
  json::Array out;
  while (i < entries.size() && entries[i].depth >= depth) {
    const search::OutlineEntry& entry = entries[i++];
    json::Object item = symbol_json(entry.symbol);
    for (const std::string_view key : {"path", "match", "score"}) item.erase(key);
    item["children"] = nested(entries, i, entry.depth + 1);
    out.emplace_back(std::move(item));
  }
  return out;
}

}  // namespace

json::Object symbol_json(const search::Symbol& symbol) {
  json::Object out{{"path", base::sanitize_utf8(symbol.path)},
                   {"name", base::sanitize_utf8(symbol.name)},
                   {"kind", symbol.kind},
                   {"scope", base::sanitize_utf8(symbol.scope)},
                   {"line", symbol.line},
                   {"startLine", symbol.start_line},
                   {"endLine", symbol.end_line},
                   {"signature", base::sanitize_utf8(symbol.signature)},
                   {"tier", search::tier_name(symbol.tier)},
                   {"match", search::match_name(symbol.match)},
                   {"score", symbol.score}};
  if (!symbol.comment.empty()) out["comment"] = base::sanitize_utf8(symbol.comment);
  return out;
}

json::Object symbols_json(const search::SymbolsFound& found) {
  json::Array results;
  for (const auto& symbol : found.symbols) results.emplace_back(symbol_json(symbol));
  json::Object out{
      {"results", std::move(results)}, {"total", found.total}, {"truncated", found.total > found.symbols.size()}};
  if (!found.note.empty()) out["note"] = base::sanitize_utf8(found.note);
  return out;
}

json::Object references_json(const search::ReferencesFound& found) {
  json::Array results, definitions;
  for (const auto& reference : found.references) results.emplace_back(reference_json(reference));
  for (const auto& symbol : found.definitions) definitions.emplace_back(symbol_json(symbol));
  json::Object out{{"results", std::move(results)},
                   {"definitions", std::move(definitions)},
                   {"total", found.total},
                   {"files", found.files},
                   {"truncated", found.total > found.references.size()}};
  if (!found.note.empty()) out["note"] = base::sanitize_utf8(found.note);
  return out;
}

json::Object outline_json(const std::string& path, const search::Outline& outline) {
  size_t i = 0;
  json::Object out{{"path", base::sanitize_utf8(path)},
                   {"language", search::language_name(outline.language)},
                   {"tier", search::tier_name(outline.tier)},
                   {"outline", nested(outline.entries, i, 0)},
                   {"total", outline.total},
                   {"truncated", outline.total > outline.entries.size()}};
  if (!outline.note.empty()) out["note"] = base::sanitize_utf8(outline.note);
  return out;
}

}  // namespace promethean::api
