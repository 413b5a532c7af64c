#include "http/head_checks.h"

#include <gtest/gtest.h>

namespace promethean::http {
namespace {

RequestHead head(std::initializer_list<Headers::Field> fields, Method method = Method::kGet) {
  RequestHead out;
  out.method = method;
  for (const auto& [name, value] : fields) out.headers.add(name, value);
  return out;
}

TEST(HostCheck, KnowsItsNamesWithAndWithoutPort) {
  const std::vector<std::string> allowed = {"localhost", "127.0.0.1", "[::1]", "code.example"};
  for (const char* host :
       {"localhost", "localhost:3210", "LOCALHOST:1", "127.0.0.1:80", "[::1]", "[::1]:3210", "code.example"}) {
    EXPECT_TRUE(check_host(head({{"Host", host}}), allowed)) << host;
  }
  for (const char* host :
       {"evil.example", "localhost.evil.example", "localhost:port", "localhost:123456", "evil@localhost",
        "localhost@evil", "[::1", "::1", "", ":80", "localhost ", "127.0.0.1.nip.io", "[::1]x:80"}) {
    const auto checked = check_host(head({{"Host", host}}), allowed);
    ASSERT_FALSE(checked) << host;
    EXPECT_EQ(checked.error().code(), base::Code::kPermissionDenied);
  }
  EXPECT_EQ(check_host(head({}), allowed).error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(check_host(head({{"host", "localhost"}, {"Host", "localhost"}}), allowed).error().code(),
            base::Code::kInvalidArgument);
}

TEST(OriginCheck, OwnListedAndForeign) {
  const std::vector<std::string> allowed = {"https://app.example"};
  const auto origin = [&](std::string value, std::string host = "127.0.0.1:3210") {
    return classify_origin(head({{"host", host}, {"origin", value}}), allowed);
  };
  EXPECT_EQ(classify_origin(head({{"host", "x"}}), allowed), Origin::kAbsent);
  EXPECT_EQ(origin("http://127.0.0.1:3210"), Origin::kOwn);
  EXPECT_EQ(origin("http://code.example", "code.example:80"), Origin::kOwn);
  EXPECT_EQ(origin("https://code.example", "code.example"), Origin::kOwn);
  EXPECT_EQ(origin("https://app.example"), Origin::kListed);
  for (const char* value : {"null", "", "http://127.0.0.1", "http://127.0.0.1:32100", "http://localhost:3210",
                            "file://127.0.0.1:3210", "http://evil.example", "https://app.example.evil",
                            "http://app.example", "127.0.0.1:3210", "http://127.0.0.1:3210/", "http://"}) {
    EXPECT_EQ(origin(value), Origin::kForeign) << value;
  }
  EXPECT_EQ(classify_origin(head({{"host", "a"}, {"origin", "http://a"}, {"origin", "http://b"}}), allowed),
            Origin::kForeign);
}

TEST(ContentTypeCheck, ABodyMustBeJson) {
  const auto status = [](std::initializer_list<Headers::Field> fields, Method method = Method::kPost) {
    const auto failure = check_content_type(head(fields, method));
    return failure ? failure->status : 0;
  };
  EXPECT_EQ(status({{"content-length", "2"}, {"content-type", "application/json"}}), 0);
  EXPECT_EQ(status({{"content-length", "2"}, {"content-type", "Application/JSON; charset=UTF-8"}}), 0);
  EXPECT_EQ(status({{"transfer-encoding", "chunked"}, {"content-type", "application/vnd.api+json"}}), 0);
  EXPECT_EQ(status({}), 0);
  EXPECT_EQ(status({{"content-length", "0"}}), 0);
  EXPECT_EQ(status({{"content-length", "2"}}, Method::kGet), 0);
  EXPECT_EQ(status({{"content-length", "2"}}), 415);
  EXPECT_EQ(status({{"content-length", "2"}, {"content-type", "text/plain"}}), 415);
  EXPECT_EQ(status({{"transfer-encoding", "chunked"}, {"content-type", "application/x-www-form-urlencoded"}}), 415);
  EXPECT_EQ(status({{"content-length", "2"}, {"content-type", "application/json; charset=latin1"}}), 415);
  EXPECT_EQ(status({{"content-length", "2"}, {"content-type", "application/jsonp"}}), 415);
  EXPECT_EQ(status({{"content-length", "2"}, {"content-type", "application/json"}, {"content-encoding", "gzip"}}), 415);
}

TEST(AnnouncedBody, ReadsTheLength) {
  EXPECT_EQ(announced_body(head({{"content-length", "12"}})), 12U);
  EXPECT_EQ(announced_body(head({{"content-length", "-1"}})), 0U);
  EXPECT_EQ(announced_body(head({})), 0U);
}

}  // namespace
}  // namespace promethean::http
