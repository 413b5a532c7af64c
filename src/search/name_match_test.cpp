#include "search/name_match.h"

#include <gmock/gmock.h>

#include "search/lexical.h"

namespace promethean::search {
namespace {

std::optional<NameScore> fits(std::string_view query, std::string_view name, NameMatch loosest = NameMatch::kFuzzy) {
  const NameMatcher matcher(query, loosest);
  const std::string folded = fold_name(name);
  const auto score = matcher.match(name);
  if (score) EXPECT_TRUE(matcher.may_match(name_letters(folded), folded.size())) << query << " " << name;
  return score;
}

NameMatch match_kind(std::string_view query, std::string_view name) {
  const auto score = fits(query, name);
  return score ? score->match : NameMatch::kText;
}

TEST(NameMatch, KnowsFourKinds) {
  EXPECT_EQ(match_kind("Router", "Router"), NameMatch::kExact);
  EXPECT_EQ(match_kind("router", "Router"), NameMatch::kExact);
  EXPECT_EQ(match_kind("rout", "Router"), NameMatch::kPrefix);
  EXPECT_EQ(match_kind("outer", "Router"), NameMatch::kSubstring);
  EXPECT_EQ(match_kind("Ruoter", "Router"), NameMatch::kFuzzy);
  EXPECT_EQ(match_kind("banana", "Router"), NameMatch::kText);
}

TEST(NameMatch, FuzzyTakesSlipsBeginningsOfWordsAndInitials) {
  for (const auto& [query, name] : std::vector<std::pair<std::string, std::string>>{
           {"parseReqest", "parse_request"},
           {"parseReq", "parse_http_request"},
           {"http_parse", "HTTPHeaderParser"},
           {"hreq", "handleRequest"},
           {"gtbn", "get_type_by_name"},
           {"authentcator", "Authenticator"},
           {"conection", "HttpConnection"},
       }) {
    EXPECT_EQ(match_kind(query, name), NameMatch::kFuzzy) << query << " " << name;
  }
  for (const auto& [query, name] : std::vector<std::pair<std::string, std::string>>{{"parseReq", "request_parse"},
                                                                                    {"cat", "concatenate_x"},
                                                                                    {"abc", "xbc"},
                                                                                    {"get", "set"},
                                                                                    {"hreq", "threshold_equal"}}) {
    EXPECT_NE(match_kind(query, name), NameMatch::kFuzzy) << query << " " << name;
  }
}

TEST(NameMatch, AMatchNoLooserThanAsked) {
  EXPECT_FALSE(fits("rout", "Router", NameMatch::kExact));
  EXPECT_FALSE(fits("outer", "Router", NameMatch::kPrefix));
  EXPECT_FALSE(fits("Ruoter", "Router", NameMatch::kSubstring));
}

TEST(NameMatch, ScoresOrderNames) {
  const auto score = [](std::string_view query, std::string_view name) { return fits(query, name)->score; };
  EXPECT_GT(score("Router", "Router"), score("Router", "router"));
  EXPECT_GT(score("Router", "router"), score("Router", "RouterOptions"));
  EXPECT_GT(score("Router", "RouterOptions"), score("Router", "RouterOptionsAndMore"));
  EXPECT_GT(score("Router", "RouterOptions"), score("Router", "HttpRouter"));
  EXPECT_GT(score("router", "http_router"), score("router", "subrouter"));
  EXPECT_GT(score("router", "subrouter"), score("router", "ruoter"));
}

TEST(NameMatch, LongAndOddNamesAreNoTrouble) {
  const std::string longer(5000, 'a');
  EXPECT_FALSE(fits("b" + longer, longer));
  EXPECT_EQ(match_kind(longer, longer), NameMatch::kExact);
  EXPECT_FALSE(fits("a", ""));
  EXPECT_TRUE(
      fits("gr\xC3\xB6\xC3\x9F"
           "e",
           "gr\xC3\xB6\xC3\x9F"
           "e"));
}

}  // namespace
}  // namespace promethean::search
