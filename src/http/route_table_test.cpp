#include "http/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace promethean::http {
namespace {

class Table {
 public:
  base::Result<void> add(Method method, std::string path) {
    routes_.push_back(std::make_unique<Route>());
    routes_.back()->method = method;
    routes_.back()->path = std::move(path);
    return table.add(*routes_.back());
  }
  // "/v1/{id} id=x", "405", "404"
  std::string find(Method method, std::string_view path) const {
    const auto match = table.find(method, path);
    if (match.route == nullptr) return match.others != nullptr ? "405" : "404";
    std::string out = match.route->path;
    for (const auto& [name, value] : match.params) out += " " + name + "=" + value;
    return out;
  }

  RouteTable table;

 private:
  std::vector<std::unique_ptr<Route>> routes_;
};

Table sample() {
  Table table;
  for (const char* path : {"/", "/health", "/v1/models", "/v1/models/{id*}", "/v1/agents/{id}", "/v1/agents/{id}/logs",
                           "/v1/agents/new", "/files/{root}/{path*}"}) {
    EXPECT_TRUE(table.add(Method::kGet, path));
  }
  EXPECT_TRUE(table.add(Method::kPost, "/v1/agents/{id}"));
  EXPECT_TRUE(table.add(Method::kDelete, "/v1/agents/new"));
  return table;
}

TEST(RouteTable, FindsLiteralsParametersAndRests) {
  const Table table = sample();
  EXPECT_EQ(table.find(Method::kGet, "/"), "/");
  EXPECT_EQ(table.find(Method::kGet, "/health"), "/health");
  EXPECT_EQ(table.find(Method::kGet, "/v1/models/org/name:tag"), "/v1/models/{id*} id=org/name:tag");
  EXPECT_EQ(table.find(Method::kGet, "/v1/agents/7"), "/v1/agents/{id} id=7");
  EXPECT_EQ(table.find(Method::kGet, "/v1/agents/7/logs"), "/v1/agents/{id}/logs id=7");
  EXPECT_EQ(table.find(Method::kGet, "/files/a/b//c"), "/files/{root}/{path*} root=a path=b//c");
}

TEST(RouteTable, ALiteralWinsUnlessItHasNotTheMethod) {
  const Table table = sample();
  EXPECT_EQ(table.find(Method::kGet, "/v1/agents/new"), "/v1/agents/new");
  EXPECT_EQ(table.find(Method::kPost, "/v1/agents/new"), "/v1/agents/{id} id=new");
  EXPECT_EQ(table.find(Method::kGet, "/v1/agents/new/logs"), "/v1/agents/{id}/logs id=new");
}

TEST(RouteTable, TellsUnknownPathsFromWrongMethods) {
  const Table table = sample();
  EXPECT_EQ(table.find(Method::kPost, "/health"), "405");
  EXPECT_EQ(table.find(Method::kDelete, "/v1/agents/7"), "405");
  EXPECT_EQ(table.find(Method::kHead, "/health"), "/health");
  for (const char* path : {"", "health", "/health/", "//health", "/v1/models/", "/v1/agents/", "/v1/agents//logs",
                           "/v1/agents/7/logs/x", "/v1", "/HEALTH", "*", "/files/a/", "/files//b"}) {
    EXPECT_EQ(table.find(Method::kGet, path), "404") << path;
  }
}

TEST(RouteTable, RefusesASecondRouteAndBadPatterns) {
  Table table = sample();
  EXPECT_EQ(table.add(Method::kGet, "/health").error().code(), base::Code::kConflict);
  EXPECT_EQ(table.add(Method::kGet, "/v1/agents/{name}").error().code(), base::Code::kConflict);
  for (const char* path : {"", "health", "/a{b}", "/{}", "/{*}", "/{a*}/b", "/a*", "/{a"}) {
    EXPECT_FALSE(table.add(Method::kGet, path)) << path;
  }
}

// The twin: every pattern against the path, part by part.
bool fits(std::string_view pattern, std::string_view path) {
  const auto want = base::split(pattern, '/');
  const auto have = base::split(path, '/');
  for (size_t i = 0; i < want.size(); ++i) {
    if (i >= have.size()) return false;
    if (want[i].ends_with("*}")) return have.size() > i + 1 || !have[i].empty();
    const bool param = want[i].starts_with('{');
    if (param ? have[i].empty() : want[i] != have[i]) return false;
  }
  return want.size() == have.size();
}

TEST(RouteTable, FindsARouteExactlyWhenSomePatternFits) {
  std::mt19937 random(4);
  constexpr std::string_view kParts[] = {"a", "b", "{x}", "{y}", "c"};
  for (int round = 0; round < 200; ++round) {
    Table table;
    std::vector<std::string> patterns;
    for (int i = 0; i < 6; ++i) {
      std::string pattern;
      for (unsigned n = 1 + random() % 3; n > 0; --n) pattern += "/" + std::string(kParts[random() % 5]);
      if (random() % 4 == 0) pattern += "/{rest*}";
      if (table.add(Method::kGet, pattern)) patterns.push_back(pattern);
    }
    for (int i = 0; i < 50; ++i) {
      std::string path;
      for (unsigned n = 1 + random() % 4; n > 0; --n)
        path += "/" + std::string(random() % 8 == 0 ? "" : kParts[random() % 2]);
      const bool expected = std::ranges::any_of(patterns, [&](const auto& pattern) { return fits(pattern, path); });
      const std::string found = table.find(Method::kGet, path);
      EXPECT_EQ(found != "404", expected) << path;
      if (found != "404") EXPECT_TRUE(fits(found.substr(0, found.find(' ')), path)) << found << " " << path;
    }
  }
}

}  // namespace
}  // namespace promethean::http
