// Definitions by name over one TreeState; textual occurrences where there are none. Pure; any thread.
#pragma once

#include "async/context.h"
#include "search/symbols.h"
#include "search/tree_state.h"

namespace promethean::search {

SymbolsFound find_symbols(const TreeState& state, const SymbolQuery& query, const async::StopFlag& stop);

// One definition of the index as an answer shows it.
Symbol symbol_of(const TreeState& state, FileRef ref, uint32_t definition);

// "a::b.c" as {"a", "b", "c"}.
std::vector<std::string_view> name_parts(std::string_view name);
// Whether all `parts` but the last are the end of `scope`, part by part, ignoring case.
bool scope_ends_with(std::string_view scope, const std::vector<std::string_view>& parts);

}  // namespace promethean::search
