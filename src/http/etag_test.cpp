#include "http/etag.h"

#include <gtest/gtest.h>

namespace promethean::http {
namespace {

int status_for(std::string_view if_none_match, std::string_view etag, int status = 200) {
  RequestHead head;
  if (!if_none_match.empty()) head.headers.add("if-none-match", std::string(if_none_match));
  Response response = Response::text(status, "body");
  if (!etag.empty()) response.headers.add("etag", std::string(etag));
  leave_out_what_is_known(head, response);
  return response.status;
}

TEST(Etag, IsOfTheBytes) {
  EXPECT_EQ(strong_etag("a"), strong_etag("a"));
  EXPECT_NE(strong_etag("a"), strong_etag("b"));
  EXPECT_EQ(strong_etag("a").size(), 34U);
  EXPECT_EQ(strong_etag("a").front(), '"');
}

TEST(Etag, WhatTheClientKnowsIsLeftOut) {
  EXPECT_EQ(status_for(R"("x")", R"("x")"), 304);
  EXPECT_EQ(status_for(R"("a", W/"x" ,"b")", R"("x")"), 304);
  EXPECT_EQ(status_for("*", R"("x")"), 304);
}

TEST(Etag, WhatItDoesNotKnowIsSent) {
  EXPECT_EQ(status_for("", R"("x")"), 200);
  EXPECT_EQ(status_for(R"("xy")", R"("x")"), 200);
  EXPECT_EQ(status_for("x", R"("x")"), 200);
  EXPECT_EQ(status_for(R"("x")", ""), 200);
  EXPECT_EQ(status_for(R"("x")", R"("x")", 404), 404);
}

}  // namespace
}  // namespace promethean::http
