// Database: one SQLite connection, and statements on it. The only code that knows sqlite3.h. Not safe for threads:
// whoever owns it sees to that.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace promethean::storage {

class Statement;

class Database {
 public:
  // Creates the file with mode 0600. WAL, a busy wait of five seconds, foreign keys on.
  static base::Result<Database> open(const std::string& path);

  base::Result<void> run(const std::string& sql);  // one or more statements without parameters
  base::Result<Statement> prepare(std::string_view sql);
  int64_t changes() const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared statement. Parameters and columns count from 1 and 0, as SQLite's do.
class Statement {
 public:
  Statement& bind(int index, std::string_view text);  // copied
  Statement& bind(int index, int64_t number);
  base::Result<bool> step();    // whether there is a row
  base::Result<void> finish();  // steps to the end
  std::string text(int column) const;
  int64_t number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(sqlite3* handle, sqlite3_stmt* statement) : handle_(handle), statement_(statement) {}
  sqlite3* handle_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Rolls back unless commit() was called.
class Transaction {
 public:
  static base::Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  ~Transaction();
  base::Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace promethean::storage
