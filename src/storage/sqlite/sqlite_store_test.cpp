// The store against a real file: what is kept, whose it is, and what becomes of older and newer files.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>

#include "base/hash.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/migrations.h"
#include "storage/store.h"

namespace promethean::storage {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() : dir_(std::filesystem::temp_directory_path() / ("store_test_" + base::random_hex(6))) {
    std::filesystem::create_directories(dir_);
    open();
  }
  ~StoreTest() override {
    if (store_) store_->close();
    std::filesystem::remove_all(dir_);
  }

  std::string path() const { return dir_ / "promethean.db"; }
  void open() {
    auto store = open_sqlite_store(path());
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::move(*store);
  }

  template <class Call>
  auto run(Call call) {
    boost::asio::io_context loop(1);
    auto work = [&]() {
      return [](Call& inner, boost::asio::io_context& on) -> std::invoke_result_t<Call&, Context&> {
        Context ctx(on.get_executor());
        auto result = co_await inner(ctx);
        co_return result;
      }(call, loop);
    };
    auto done = boost::asio::co_spawn(loop, work(), boost::asio::use_future);
    loop.run();
    return done.get();
  }

  auto put(const std::string& id, const std::string& previous, int64_t at, const std::string& items = "[]") {
    const StoredResponse response{id, "ann", previous, at, items, "[]", "{}"};
    return run([&](Context& ctx) { return store_->put_response(ctx, response); });
  }
  auto get(const std::string& id, const std::string& owner = "ann") {
    return run([&](Context& ctx) { return store_->response(ctx, id, owner); });
  }
  auto chain(const std::string& id, size_t limit = 1 << 20) {
    return run([&](Context& ctx) { return store_->chain(ctx, id, "ann", limit); });
  }

  std::filesystem::path dir_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, KeepsWhatItWasGivenAcrossARestart) {
  ASSERT_TRUE(put("r1", "", 7, "[\"\xc3\xa9 ' \\u0000\"]"));
  store_->close();
  store_.reset();
  open();
  const auto got = get("r1");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->items, "[\"\xc3\xa9 ' \\u0000\"]");
  EXPECT_EQ(got->created_at, 7);
  EXPECT_EQ(put("r1", "", 8).error().code(), base::Code::kConflict);
}

TEST_F(StoreTest, NobodyReadsOrRemovesWhatIsAnothers) {
  ASSERT_TRUE(put("r1", "", 7));
  EXPECT_EQ(get("r1", "bob").error().code(), base::Code::kNotFound);
  const auto removed = run([&](Context& ctx) { return store_->remove_response(ctx, "r1", "bob"); });
  EXPECT_EQ(removed.error().code(), base::Code::kNotFound);
  EXPECT_TRUE(get("r1"));
  EXPECT_TRUE(run([&](Context& ctx) { return store_->remove_response(ctx, "r1", "ann"); }));
  EXPECT_EQ(get("r1").error().code(), base::Code::kNotFound);
}

TEST_F(StoreTest, AChainIsOldestFirstAndBeginsWithWhatIsLeft) {
  ASSERT_TRUE(put("r1", "", 10, "[1]"));
  ASSERT_TRUE(put("r2", "r1", 20, "[2]"));
  ASSERT_TRUE(put("r3", "r2", 30, "[3]"));
  auto links = chain("r3");
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 3u);
  EXPECT_EQ((*links)[0].items, "[1]");
  EXPECT_EQ((*links)[2].items, "[3]");
  EXPECT_EQ(chain("r3", 8).error().code(), base::Code::kTooLarge);

  const auto expired = run([&](Context& ctx) { return store_->expire(ctx, 20); });
  EXPECT_EQ(*expired, 1);
  EXPECT_EQ(chain("r3")->size(), 2u);
  EXPECT_EQ(chain("r1").error().code(), base::Code::kNotFound);
}

TEST_F(StoreTest, ASessionIsReplacedByWhoReadItLast) {
  const auto put_session = [this](StoredSession session) {
    return run([&](Context& ctx) { return store_->put_session(ctx, session, 100); });
  };
  const auto read = [this](const std::string& owner) {
    return run([&](Context& ctx) { return store_->session(ctx, "s", owner); });
  };
  StoredSession session{.id = "s", .owner = "ann", .created_ms = 1, .used_ms = 1, .count = 1, .messages = "[1]"};
  ASSERT_TRUE(put_session(session));
  EXPECT_EQ(put_session(session).error().code(), base::Code::kConflict) << "it is not new any more";
  EXPECT_EQ(read("bob").error().code(), base::Code::kNotFound);

  session = *read("ann");
  EXPECT_EQ(session.messages, "[1]");
  session.messages = "[1,2]";
  ASSERT_TRUE(put_session(session));
  EXPECT_EQ(put_session(session).error().code(), base::Code::kConflict) << "somebody else has put it";
  EXPECT_EQ(read("ann")->messages, "[1,2]");

  EXPECT_EQ(run([&](Context& ctx) { return store_->remove_session(ctx, "s", "bob"); }).error().code(),
            base::Code::kNotFound);
  session = *read("ann");
  ASSERT_TRUE(run([&](Context& ctx) { return store_->remove_session(ctx, "s", "ann"); }));
  EXPECT_EQ(put_session(session).error().code(), base::Code::kConflict) << "what was forgotten does not come back";
}

TEST_F(StoreTest, TheLongestUnusedSessionOfAnOwnerGoes) {
  for (int i = 0; i < 5; ++i) {
    for (const std::string owner : {"ann", "bob"}) {
      const StoredSession session{.id = "s" + std::to_string(i), .owner = owner, .used_ms = 10 - i, .messages = "[]"};
      ASSERT_TRUE(run([&](Context& ctx) { return store_->put_session(ctx, session, owner == "ann" ? 3 : 100); }));
    }
  }
  const auto listed = run([&](Context& ctx) { return store_->sessions(ctx, "ann"); });
  ASSERT_EQ(listed->size(), 3u);
  EXPECT_EQ((*listed)[0].id, "s0");
  EXPECT_EQ(run([&](Context& ctx) { return store_->sessions(ctx, "bob"); })->size(), 5u);
  EXPECT_EQ(run([&](Context& ctx) { return store_->expire_sessions(ctx, 8); }), 2);
}

TEST_F(StoreTest, TheFileIsTheOwnersAlone) {
  struct stat info{};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StoreTest, AFileOfANewerVersionIsLeftAlone) {
  store_->close();
  store_.reset();
  {
    auto database = Database::open(path());
    ASSERT_TRUE(database->run("PRAGMA user_version = 99"));
  }
  const auto again = open_sqlite_store(path());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), base::Code::kConflict);
}

TEST_F(StoreTest, AFailedStepLeavesTheFileAsItWas) {
  auto database = Database::open(path());
  ASSERT_TRUE(database);
  const std::string_view first = migrations()[0];
  const std::string_view steps[] = {first, migrations()[1], "CREATE TABLE extra (x); CREATE TABLE extra (x)"};
  EXPECT_FALSE(migrate(*database, steps));
  EXPECT_TRUE(database->prepare("SELECT count(*) FROM responses"));
  EXPECT_FALSE(database->prepare("SELECT count(*) FROM extra"));
  EXPECT_TRUE(migrate(*database));
}

TEST_F(StoreTest, SomethingElseInPlaceOfTheFileIsAClearError) {
  EXPECT_FALSE(open_sqlite_store(dir_.string()));
  const std::string other = dir_ / "text";
  {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(other.c_str(), "w"), std::fclose);
    std::fputs("not a database, long enough to be read as one by mistake", file.get());
  }
  const auto opened = open_sqlite_store(other);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("text"), std::string::npos);
}

}  // namespace
}  // namespace promethean::storage
