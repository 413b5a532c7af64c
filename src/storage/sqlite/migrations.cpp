#include "storage/sqlite/migrations.h"

#include <string>

namespace promethean::storage {

namespace {

constexpr std::string_view kSteps[] = {
    // 1: answers of the Responses API
    R"(CREATE TABLE responses (
         id TEXT PRIMARY KEY,
         owner TEXT NOT NULL,
         previous_id TEXT NOT NULL,
         created_at INTEGER NOT NULL,
         items TEXT NOT NULL,
         output TEXT NOT NULL,
         body TEXT NOT NULL
       ) STRICT, WITHOUT ROWID;
       CREATE INDEX responses_by_age ON responses (created_at))",
    // 2: sessions of chats
    R"(CREATE TABLE sessions (
         owner TEXT NOT NULL,
         id TEXT NOT NULL,
         created_ms INTEGER NOT NULL,
         used_ms INTEGER NOT NULL,
         version INTEGER NOT NULL,
         count INTEGER NOT NULL,
         messages TEXT NOT NULL,
         PRIMARY KEY (owner, id)
       ) STRICT;
       CREATE INDEX sessions_by_use ON sessions (owner, used_ms))",
};

base::Result<int64_t> version_of(Database& database) {
  auto asked = database.prepare("PRAGMA user_version");
  if (!asked) return base::fail(std::move(asked).error());
  auto row = asked->step();
  if (!row) return base::fail(std::move(row).error());
  return asked->number(0);
}

}  // namespace

std::span<const std::string_view> migrations() {
  return kSteps;
}

base::Result<void> migrate(Database& database, std::span<const std::string_view> steps) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return base::fail(std::move(transaction).error());
  const auto have = version_of(database);
  if (!have) return base::fail(have.error());
  const auto want = static_cast<int64_t>(steps.size());
  if (*have > want) {
    return base::fail(base::Code::kConflict,
                      "the store was written by a newer version (step " + std::to_string(*have) + ", this one knows " +
                          std::to_string(want) + ")",
                      "use that version, or another --state-dir");
  }
  for (int64_t step = *have; step < want; ++step) {
    if (auto done = database.run(std::string(steps[static_cast<size_t>(step)])); !done) {
      return base::fail(done.error().wrap("step " + std::to_string(step + 1) + " of the store's schema"));
    }
  }
  if (auto noted = database.run("PRAGMA user_version = " + std::to_string(want)); !noted) return noted;
  return transaction->commit();
}

}  // namespace promethean::storage
