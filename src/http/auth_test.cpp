#include "http/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <thread>

#include "base/fd.h"
#include "base/hash.h"

namespace promethean::http {
namespace {

using base::Code;
using testing::HasSubstr;

class StateDir : public testing::Test {
 protected:
  StateDir() : dir(std::filesystem::temp_directory_path() / ("auth_test_" + base::random_hex(6))), store(dir) {}
  ~StateDir() override { std::filesystem::remove_all(dir); }

  static unsigned mode(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
  }
  static RequestHead with(std::string name, std::string value, Method method = Method::kGet) {
    RequestHead head;
    head.method = method;
    head.headers.add(std::move(name), std::move(value));
    return head;
  }
  std::unique_ptr<Authenticator> authenticator(Authenticator::Options options = {}) const {
    return std::make_unique<Authenticator>(std::move(options), dir);
  }

  std::string dir;
  TokenStore store;
};

TEST_F(StateDir, TheFirstTokenIsMadeOnceAndKeptPrivate) {
  EXPECT_EQ(store.read_first().error().code(), Code::kNotFound);
  const std::string first = *store.ensure_first();
  EXPECT_THAT(first, testing::MatchesRegex("pmt_[0-9a-f]{64}"));
  EXPECT_EQ(*store.ensure_first(), first);
  EXPECT_EQ(*store.read_first(), first);
  EXPECT_EQ(mode(dir), 0700U);
  EXPECT_EQ(mode(dir + "/token"), 0600U);
  EXPECT_EQ(mode(dir + "/tokens.json"), 0600U);
  EXPECT_THAT(*base::read_file(store.file()), testing::Not(HasSubstr(first)));
}

TEST_F(StateDir, ARevokedFirstTokenIsReplaced) {
  const std::string first = *store.ensure_first();
  ASSERT_TRUE(store.revoke(store.list()->front().id));
  const std::string second = *store.ensure_first();
  EXPECT_NE(first, second);
  EXPECT_EQ(store.list()->size(), 1U);
}

TEST_F(StateDir, TokensAreListedAndRevoked) {
  const auto created = *store.create("ci", {Scope::kRead, Scope::kWrite}, 60);
  EXPECT_EQ(created.record.expires, created.record.created + 60);
  ASSERT_EQ(store.list()->size(), 1U);
  const TokenRecord listed = store.list()->front();
  EXPECT_EQ(listed.id, created.record.id);
  EXPECT_EQ(listed.name, "ci");
  EXPECT_EQ(listed.scopes, (std::vector<Scope>{Scope::kRead, Scope::kWrite}));
  EXPECT_EQ(store.revoke("tok_none").error().code(), Code::kNotFound);
  EXPECT_TRUE(store.revoke(listed.id));
  EXPECT_TRUE(store.list()->empty());
  EXPECT_FALSE(store.create("none", {}, 0));
}

TEST_F(StateDir, ADamagedFileIsNeverOverwritten) {
  ASSERT_TRUE(store.ensure_first());
  for (const char* text : {"{", "{}", R"({"tokens":[{"id":"x"}]})",
                           R"({"tokens":[{"id":"x","sha256":"ab","scopes":["root"],"expires":0}]})"}) {
    ASSERT_TRUE(base::write_file_atomic(store.file(), text));
    EXPECT_EQ(store.list().error().code(), Code::kInvalidArgument) << text;
    EXPECT_FALSE(store.create("x", {Scope::kRead}, 0)) << text;
    EXPECT_FALSE(store.ensure_first()) << text;
    EXPECT_EQ(*base::read_file(store.file()), text);
  }
}

TEST_F(StateDir, ManyWritersLoseNoToken) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      TokenStore own(dir);
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(own.create("t", {Scope::kRead}, 0));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> ids;
  for (const TokenRecord& record : *store.list()) ids.insert(record.id);
  EXPECT_EQ(ids.size(), 40U);
}

TEST_F(StateDir, KnowsATokenInEachPlace) {
  const auto created = *store.create("ci", {Scope::kRead}, 0);
  const auto auth = authenticator({.cookie_name = "sid"});
  for (const RequestHead& head : {with("authorization", "Bearer " + created.token),
                                  with("Authorization", "bearer  " + created.token), with("x-api-key", created.token),
                                  with("X-Pi-Token", created.token), with("cookie", "a=b; sid=" + created.token)}) {
    const auto principal = auth->authenticate(head);
    ASSERT_TRUE(principal) << head.headers.fields()[0].first;
    EXPECT_EQ(principal->id, created.record.id);
    EXPECT_TRUE(principal->has(Scope::kRead));
    EXPECT_FALSE(principal->has(Scope::kWrite));
  }
}

TEST_F(StateDir, RefusesEverythingElse) {
  const auto created = *store.create("ci", {Scope::kRead}, 0);
  const auto auth = authenticator();
  const auto reason = [&auth](const RequestHead& head) {
    const auto known = auth->authenticate(head);
    return known ? "accepted" : known.error().message();
  };
  EXPECT_EQ(reason({}), "missing token");
  EXPECT_EQ(reason(with("authorization", "Bearer " + created.token + "0")), "unknown or expired token");
  EXPECT_EQ(reason(with("authorization", "Bearer " + created.record.sha256)), "unknown or expired token");
  EXPECT_EQ(reason(with("authorization", "Bearer ")), "unknown or expired token");
  EXPECT_EQ(reason(with("authorization", created.token)), "the authorization header is no bearer token");
  EXPECT_EQ(reason(with("authorization", "Basic abc")), "the authorization header is no bearer token");
  EXPECT_EQ(reason(with("cookie", "sid=" + created.token)), "missing token");  // no cookie name configured
  RequestHead twice = with("authorization", "Bearer wrong");
  twice.headers.add("authorization", "Bearer " + created.token);
  EXPECT_EQ(reason(twice), "more than one authorization header");
  RequestHead mixed = with("authorization", "Bearer wrong");
  mixed.headers.add("x-api-key", created.token);
  EXPECT_EQ(reason(mixed), "unknown or expired token");
}

TEST_F(StateDir, AnExpiredTokenIsUnknown) {
  auto created = *store.create("ci", {Scope::kRead}, 60);
  std::string text = *base::read_file(store.file());
  const std::string expires = "\"expires\": " + std::to_string(created.record.expires);
  text.replace(text.find(expires), expires.size(), "\"expires\": 1");
  ASSERT_TRUE(base::write_file_atomic(store.file(), text));
  EXPECT_FALSE(authenticator()->authenticate(with("x-api-key", created.token)));
}

TEST_F(StateDir, ANewTokenWorksAtOnce) {
  const auto auth = authenticator();
  EXPECT_FALSE(auth->authenticate(with("x-api-key", "pmt_none")));
  const auto created = *store.create("new", {Scope::kRead}, 0);
  EXPECT_TRUE(auth->authenticate(with("x-api-key", created.token)));
}

TEST_F(StateDir, ADamagedFileKeepsWhatWasKnown) {
  const auto created = *store.create("new", {Scope::kRead}, 0);
  const auto auth = authenticator();
  EXPECT_TRUE(auth->authenticate(with("x-api-key", created.token)));
  ASSERT_TRUE(base::write_file_atomic(store.file(), "{"));
  EXPECT_FALSE(auth->authenticate(with("x-api-key", "pmt_none")));  // looks again
  EXPECT_TRUE(auth->authenticate(with("x-api-key", created.token)));
}

TEST_F(StateDir, TokensFromTheEnvironmentHaveAllScopes) {
  const auto auth = authenticator({.extra_tokens = {" one ", "", "two"}});
  EXPECT_TRUE(auth->authenticate(with("x-api-key", "one"))->has(Scope::kExec));
  EXPECT_EQ(auth->authenticate(with("x-api-key", "two"))->id, "env_2");
  EXPECT_FALSE(auth->authenticate(with("x-api-key", "")));
}

TEST_F(StateDir, ACookieAloneChangesNothing) {
  const auto auth = authenticator({.extra_tokens = {"secret"}, .cookie_name = "sid"});
  EXPECT_TRUE(auth->authenticate(with("cookie", "sid=secret", Method::kGet)));
  EXPECT_FALSE(auth->authenticate(with("cookie", "sid=secret", Method::kPost)));
  for (const char* proof : {"origin", "x-requested-with"}) {
    RequestHead head = with("cookie", "sid=secret", Method::kPost);
    head.headers.add(proof, "http://127.0.0.1:1");
    EXPECT_TRUE(auth->authenticate(head)) << proof;
  }
}

TEST_F(StateDir, ACookieMayBeQuotedAndEncoded) {
  const auto auth = authenticator({.extra_tokens = {"a/b=c"}, .cookie_name = "sid"});
  for (const char* value : {"a/b=c", "\"a/b=c\"", "a%2Fb%3Dc", "\"a%2fb=c\""})
    EXPECT_TRUE(auth->authenticate(with("cookie", std::string("sid=") + value, Method::kGet))) << value;
  for (const char* value : {"", "\"", "a%2", "\"a/b=c"})
    EXPECT_FALSE(auth->authenticate(with("cookie", std::string("sid=") + value, Method::kGet))) << value;
}

TEST_F(StateDir, WithoutAuthenticationEverybodyIsLocal) {
  const auto auth = authenticator({.mode = Authenticator::Mode::kNone});
  EXPECT_EQ(auth->authenticate({})->id, "local");
  EXPECT_TRUE(auth->authenticate({})->has(Scope::kAdmin));
}

}  // namespace
}  // namespace promethean::http
