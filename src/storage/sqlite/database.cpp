#include "storage/sqlite/database.h"

#include <fcntl.h>

#include <utility>

#include "base/fd.h"

namespace promethean::storage {

namespace {

base::Error sqlite_error(sqlite3* handle, int code) {
  const std::string text =
      std::string("the store: ") + (handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::Error(base::Code::kUnavailable, text, "another process holds the store; try again");
    case SQLITE_FULL:
      return base::Error(base::Code::kUnavailable, text, "make room on the disk of the state directory");
    case SQLITE_CONSTRAINT:
      return base::Error(base::Code::kConflict, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Error(base::Code::kInternal, text, "move the file aside; the server makes a new one");
    default:
      return base::Error(base::Code::kInternal, text);
  }
}

}  // namespace

base::Result<Database> Database::open(const std::string& path) {
  // SQLite makes its files readable by all; what is in them is not for all.
  const base::UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!made) return base::fail(base::errno_error(errno, path));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return base::fail(sqlite_error(handle, code).wrap(path));
  sqlite3_busy_timeout(handle, 5'000);
  auto ready = database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
  if (!ready) return base::fail(ready.error().wrap(path));
  return database;
}

base::Result<void> Database::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return base::fail(sqlite_error(handle_.get(), code));
  return {};
}

base::Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return base::fail(sqlite_error(handle_.get(), code));
  return Statement(handle_.get(), statement);
}

int64_t Database::changes() const {
  return sqlite3_changes64(handle_.get());
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int index, int64_t number) {
  sqlite3_bind_int64(statement_.get(), index, number);
  return *this;
}

base::Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return base::fail(sqlite_error(handle_, code));
}

base::Result<void> Statement::finish() {
  for (;;) {
    auto row = step();
    if (!row) return base::fail(std::move(row).error());
    if (!*row) return {};
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

base::Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return base::fail(std::move(begun).error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->run("ROLLBACK");
}

base::Result<void> Transaction::commit() {
  auto done = database_->run("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace promethean::storage
