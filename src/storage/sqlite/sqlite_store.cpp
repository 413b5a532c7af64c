// The store in one SQLite file. One thread has the connection; requests of all cores queue for it.
#include <algorithm>

#include "async/pool.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/migrations.h"
#include "storage/store.h"

namespace promethean::storage {

namespace {

using base::Result;

constexpr int kMaxQueued = 4096;
constexpr int kMaxChain = 4096;  // responses in a row

StoredResponse read_row(const Statement& row) {
  return {.id = row.text(0),
          .owner = row.text(1),
          .previous_id = row.text(2),
          .created_at = row.number(3),
          .items = row.text(4),
          .output = row.text(5),
          .body = row.text(6)};
}

Result<StoredResponse> find(Database& database, const std::string& id, const std::string& owner) {
  auto query = database.prepare(
      "SELECT id, owner, previous_id, created_at, items, output, body FROM responses WHERE id = ?1 AND owner = ?2");
  if (!query) return base::fail(std::move(query).error());
  auto row = query->bind(1, id).bind(2, owner).step();
  if (!row) return base::fail(std::move(row).error());
  if (!*row) {
    return base::fail(base::Code::kNotFound, "no response has the id '" + id + "'",
                      "responses are kept for a while, and only for who made them; store: true is needed");
  }
  return read_row(*query);
}

Result<std::vector<StoredResponse>> find_chain(Database& database, const std::string& id, const std::string& owner,
                                               size_t max_bytes) {
  std::vector<StoredResponse> links;
  size_t bytes = 0;
  for (std::string next = id; !next.empty() && links.size() < kMaxChain;) {
    auto link = find(database, next, owner);
    if (!link && links.empty()) return base::fail(std::move(link).error());
    if (!link) break;
    bytes += link->items.size() + link->output.size();
    if (bytes > max_bytes) {
      return base::fail(base::Code::kTooLarge, "the stored conversation is over the limit",
                        "begin a new one: leave previous_response_id out");
    }
    next = link->previous_id;
    links.push_back(std::move(*link));
  }
  std::reverse(links.begin(), links.end());
  return links;
}

base::Error no_session(const std::string& id) {
  return {base::Code::kNotFound, "no session has the id '" + id + "'",
          "sessions are kept for a while, and only for who began them"};
}

Result<StoredSession> find_session(Database& database, const std::string& id, const std::string& owner) {
  auto query = database.prepare(
      "SELECT id, owner, created_ms, used_ms, version, count, messages FROM sessions WHERE owner = ?1 AND id = ?2");
  if (!query) return base::fail(std::move(query).error());
  auto row = query->bind(1, owner).bind(2, id).step();
  if (!row) return base::fail(std::move(row).error());
  if (!*row) return base::fail(no_session(id));
  return StoredSession{.id = query->text(0),
                       .owner = query->text(1),
                       .created_ms = query->number(2),
                       .used_ms = query->number(3),
                       .version = query->number(4),
                       .count = query->number(5),
                       .messages = query->text(6)};
}

Result<std::vector<StoredSession>> list_sessions(Database& database, const std::string& owner) {
  auto query = database.prepare(
      "SELECT id, created_ms, used_ms, version, count FROM sessions WHERE owner = ?1 ORDER BY used_ms DESC, id");
  if (!query) return base::fail(std::move(query).error());
  query->bind(1, owner);
  std::vector<StoredSession> found;
  for (;;) {
    auto row = query->step();
    if (!row) return base::fail(std::move(row).error());
    if (!*row) return found;
    found.push_back({.id = query->text(0),
                     .owner = owner,
                     .created_ms = query->number(1),
                     .used_ms = query->number(2),
                     .version = query->number(3),
                     .count = query->number(4)});
  }
}

// Writes the row if it is still the one that was read; kConflict otherwise.
Result<void> replace_session(Database& database, const StoredSession& session) {
  auto write = database.prepare(
      session.version == 0 ? "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5 + 1, ?6, ?7)"
                           : "UPDATE sessions SET created_ms = ?3, used_ms = ?4, version = ?5 + 1, count = ?6, "
                             "messages = ?7 WHERE owner = ?1 AND id = ?2 AND version = ?5");
  if (!write) return base::fail(std::move(write).error());
  write->bind(1, session.owner).bind(2, session.id).bind(3, session.created_ms).bind(4, session.used_ms);
  write->bind(5, session.version).bind(6, session.count).bind(7, session.messages);
  if (auto done = write->finish(); !done) return done;
  if (database.changes() == 1) return {};
  return base::fail(base::Code::kConflict, "session '" + session.id + "' was changed or forgotten meanwhile");
}

Result<void> save_session(Database& database, const StoredSession& session, int64_t keep) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return base::fail(std::move(transaction).error());
  if (auto done = replace_session(database, session); !done) return done;
  auto forget = database.prepare(
      "DELETE FROM sessions WHERE owner = ?1 AND id IN "
      "(SELECT id FROM sessions WHERE owner = ?1 ORDER BY used_ms DESC LIMIT -1 OFFSET ?2)");
  if (!forget) return base::fail(std::move(forget).error());
  if (auto done = forget->bind(1, session.owner).bind(2, keep).finish(); !done) return done;
  return transaction->commit();
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(Database database) : database_(std::move(database)), thread_(1, kMaxQueued) {}

  Task<Result<void>> put_response(Context& ctx, StoredResponse response) override {
    auto work = [this, &response]() -> Result<void> {
      auto insert = database_.prepare("INSERT INTO responses VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
      if (!insert) return base::fail(std::move(insert).error());
      insert->bind(1, response.id).bind(2, response.owner).bind(3, response.previous_id).bind(4, response.created_at);
      insert->bind(5, response.items).bind(6, response.output).bind(7, response.body);
      return insert->finish();
    };
    auto done = co_await thread_.run(ctx, work);
    co_return done;
  }

  Task<Result<StoredResponse>> response(Context& ctx, std::string id, std::string owner) override {
    auto work = [this, &id, &owner] { return find(database_, id, owner); };
    auto found = co_await thread_.run(ctx, work);
    co_return found;
  }

  Task<Result<std::vector<StoredResponse>>> chain(Context& ctx, std::string id, std::string owner,
                                                  size_t max_bytes) override {
    auto work = [this, &id, &owner, max_bytes] { return find_chain(database_, id, owner, max_bytes); };
    auto found = co_await thread_.run(ctx, work);
    co_return found;
  }

  Task<Result<void>> remove_response(Context& ctx, std::string id, std::string owner) override {
    auto work = [this, &id, &owner]() -> Result<void> {
      if (auto there = find(database_, id, owner); !there) return base::fail(std::move(there).error());
      auto remove = database_.prepare("DELETE FROM responses WHERE id = ?1 AND owner = ?2");
      if (!remove) return base::fail(std::move(remove).error());
      return remove->bind(1, id).bind(2, owner).finish();
    };
    auto done = co_await thread_.run(ctx, work);
    co_return done;
  }

  Task<Result<StoredSession>> session(Context& ctx, std::string id, std::string owner) override {
    auto work = [this, &id, &owner] { return find_session(database_, id, owner); };
    auto found = co_await thread_.run(ctx, work);
    co_return found;
  }

  Task<Result<std::vector<StoredSession>>> sessions(Context& ctx, std::string owner) override {
    auto work = [this, &owner] { return list_sessions(database_, owner); };
    auto found = co_await thread_.run(ctx, work);
    co_return found;
  }

  Task<Result<void>> put_session(Context& ctx, StoredSession session, int64_t keep) override {
    auto work = [this, &session, keep] { return save_session(database_, session, keep); };
    auto done = co_await thread_.run(ctx, work);
    co_return done;
  }

  Task<Result<void>> remove_session(Context& ctx, std::string id, std::string owner) override {
    auto work = [this, &id, &owner]() -> Result<void> {
      auto remove = database_.prepare("DELETE FROM sessions WHERE owner = ?1 AND id = ?2");
      if (!remove) return base::fail(std::move(remove).error());
      if (auto done = remove->bind(1, owner).bind(2, id).finish(); !done) return done;
      if (database_.changes() == 0) return base::fail(no_session(id));
      return {};
    };
    auto done = co_await thread_.run(ctx, work);
    co_return done;
  }

  Task<Result<int64_t>> expire_sessions(Context& ctx, int64_t used_before_ms) override {
    auto work = [this, used_before_ms]() -> Result<int64_t> {
      auto remove = database_.prepare("DELETE FROM sessions WHERE used_ms < ?1");
      if (!remove) return base::fail(std::move(remove).error());
      if (auto done = remove->bind(1, used_before_ms).finish(); !done) return base::fail(std::move(done).error());
      return database_.changes();
    };
    auto count = co_await thread_.run(ctx, work);
    co_return count;
  }

  Task<Result<int64_t>> expire(Context& ctx, int64_t created_before) override {
    auto work = [this, created_before]() -> Result<int64_t> {
      auto remove = database_.prepare("DELETE FROM responses WHERE created_at < ?1");
      if (!remove) return base::fail(std::move(remove).error());
      if (auto done = remove->bind(1, created_before).finish(); !done) return base::fail(std::move(done).error());
      return database_.changes();
    };
    auto count = co_await thread_.run(ctx, work);
    co_return count;
  }

  void close() override { thread_.join(); }

 private:
  Database database_;
  async::BlockingPool thread_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return base::fail(std::move(database).error());
  if (auto ready = migrate(*database); !ready) return base::fail(ready.error().wrap(path));
  return std::make_unique<SqliteStore>(std::move(*database));
}

}  // namespace promethean::storage
