#include "net/endpoint.h"

#include <gtest/gtest.h>

namespace promethean::net {
namespace {

TEST(Url, HasADefaultPortForEachScheme) {
  EXPECT_EQ(parse_url("http://h/x")->endpoint.label(), "h:80");
  EXPECT_FALSE(parse_url("http://h/x")->tls);
  EXPECT_EQ(parse_url("https://h/x")->endpoint.label(), "h:443");
  EXPECT_TRUE(parse_url("https://h/x")->tls);
  EXPECT_EQ(parse_url("https://h:8443?q")->target, "/?q");
  EXPECT_FALSE(parse_url("unix:/a.sock:/x")->tls);
}

TEST(Url, NamesThePortInTheHostHeaderOnlyWhereItIsNotTheSchemesOwn) {
  EXPECT_EQ(parse_url("https://h:443/")->host_header, "h");
  EXPECT_EQ(parse_url("http://h:443/")->host_header, "h:443");
  EXPECT_EQ(parse_url("http://h:80")->host_header, "h");
  EXPECT_EQ(parse_url("https://[::1]/")->host_header, "[::1]");
  EXPECT_EQ(parse_url("https://[::1]:80/")->host_header, "[::1]:80");
}

TEST(Url, RefusesWhatIsNone) {
  for (const char* text :
       {"", "h:80", "ftp://h", "https:/h", "https://", "https://u@h/", "https://h:99999/", "http://h /"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code(), base::Code::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace promethean::net
