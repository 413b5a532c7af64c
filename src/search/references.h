// Uses of a name over one TreeState: every place where it stands as a whole word outside of its definitions. Pure; any
// thread. Files are read in the order in which their places are shown, and only as far as the limit needs.
#pragma once

#include "async/context.h"
#include "search/symbols.h"
#include "search/tree_state.h"

namespace promethean::search {

ReferencesFound find_references(const TreeState& state, const ReferenceQuery& query, const async::StopFlag& stop);

}  // namespace promethean::search
