// Migrations: the schema as numbered steps. A step that was released is never changed; a change is a new step at the
// end. The number of the last step that was taken is in the file (PRAGMA user_version).
#pragma once

#include <span>
#include <string_view>

#include "storage/sqlite/database.h"

namespace promethean::storage {

std::span<const std::string_view> migrations();

// Takes the steps that are missing, all or none. kConflict when the file has more steps than we know.
base::Result<void> migrate(Database& database, std::span<const std::string_view> steps = migrations());

}  // namespace promethean::storage
