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
