// Walks a tree once and lists its definitions in the order of their start.
#pragma once

#include <tree_sitter/api.h>

#include <string_view>
#include <vector>

#include "search/definitions.h"
#include "search/syntax/rules.h"

namespace promethean::search::syntax {

std::vector<Definition> walk(const Grammar& grammar, TSNode root, std::string_view text);

}  // namespace promethean::search::syntax
