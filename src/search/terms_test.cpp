#include "search/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string_view> parts(std::string_view word) {
  std::vector<std::string_view> out;
  split_identifier(word, &out);
  return out;
}

TEST(Terms, SplitsIdentifiersWhereTheirStyleDoes) {
  EXPECT_THAT(parts("camelCase"), ElementsAre("camel", "Case"));
  EXPECT_THAT(parts("HTTPServer_v2"), ElementsAre("HTTP", "Server", "v", "2"));
  EXPECT_THAT(parts("parse_http_request"), ElementsAre("parse", "http", "request"));
  EXPECT_THAT(parts("MAX_SIZE"), ElementsAre("MAX", "SIZE"));
  EXPECT_THAT(parts("getURLs"), ElementsAre("get", "URLs"));
  EXPECT_THAT(parts("__init__"), ElementsAre("init"));
  EXPECT_THAT(parts("plain"), ElementsAre("plain"));
  EXPECT_THAT(parts("_"), IsEmpty());
  EXPECT_THAT(parts(""), IsEmpty());
}

TEST(Terms, KeepsTheWholeIdentifierBesideItsParts) {
  std::vector<std::string> terms;
  identifier_terms("parseHTTPRequest", &terms);
  EXPECT_THAT(terms, ElementsAre(stem("parse"), "http", stem("request"), "parsehttprequest"));
}

TEST(Terms, SkipsWhatIsTooLongToBeAWord) {
  std::vector<std::string> terms;
  identifier_terms(std::string(kMaxTermBytes + 1, 'a'), &terms);
  identifier_terms("x", &terms);
  EXPECT_THAT(terms, IsEmpty());
}

// A verb, its doer and its noun meet in one stem.
TEST(Terms, StemsFamiliesOfWordsAlike) {
  const std::vector<std::vector<std::string_view>> families{
      {"match", "matches", "matching", "matched", "matcher"},
      {"parse", "parser", "parsers", "parsing", "parsed"},
      {"iterate", "iterator", "iteration", "iterators", "iterating"},
      {"connect", "connection", "connections", "connector", "connecting"},
      {"validate", "validation", "validator", "validators"},
      {"serialize", "serializer", "serialization", "serializable"},
      {"route", "router", "routing", "routes"},
      {"query", "queries"},
      {"map", "mapping", "mapped", "maps"},
      {"allocate", "allocator", "allocation"},
      {"dependency", "dependencies"},
  };
  for (const auto& family : families) {
    for (std::string_view word : family) EXPECT_EQ(stem(word), stem(family.front())) << word;
  }
}

TEST(Terms, KeepsDifferentThingsApart) {
  EXPECT_NE(stem("user"), stem("use"));
  EXPECT_NE(stem("author"), stem("auth"));
  EXPECT_NE(stem("table"), stem("tab"));
  EXPECT_EQ(stem("class"), "class");
  EXPECT_EQ(stem("status"), "status");
  EXPECT_EQ(stem("os"), "os");
}

TEST(Terms, TextGivesItsWordsInOrder) {
  EXPECT_THAT(text_terms("fooBar(x, 42)"), ElementsAre("foo", "bar", "foobar", "42"));
  EXPECT_THAT(text_terms("naïve café"), ElementsAre("naïv", "café"));
  EXPECT_THAT(text_terms("+-*/ \n"), IsEmpty());
}

}  // namespace
}  // namespace promethean::search
