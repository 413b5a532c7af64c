#include "http/message.h"

#include <gtest/gtest.h>

#include <random>

#include "async/testing.h"
#include "http/client.h"

namespace promethean::http {
namespace {

TEST(Headers, NamesCompareWithoutCase) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_EQ(headers.all("accept"), (std::vector<std::string_view>{"a", "b"}));
  headers.set("aCCept", "c");
  EXPECT_EQ(headers.fields().size(), 1U);
  EXPECT_EQ(headers.get("accept"), "c");
  EXPECT_EQ(headers.get("other"), std::nullopt);
}

TEST(Methods, RoundTrip) {
  for (const char* name : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(method_name(parse_method(name)), name);
  }
  EXPECT_EQ(parse_method("get"), Method::kOther);  // methods are case-sensitive (RFC 9110, 9.1)
  EXPECT_EQ(parse_method("BREW"), Method::kOther);
}

TEST(Scopes, AdminImpliesAllOthers) {
  EXPECT_TRUE((Principal{"a", {Scope::kAdmin}}.has(Scope::kExec)));
  EXPECT_FALSE((Principal{"a", {Scope::kRead}}.has(Scope::kWrite)));
  EXPECT_TRUE((Principal{"a", {}}.has(Scope::kNone)));
  EXPECT_TRUE((Principal{"a", {}}.has(Scope::kAny)));
  for (const Scope scope : all_scopes()) EXPECT_EQ(parse_scope(scope_name(scope)), scope);
  EXPECT_EQ(parse_scope("none"), std::nullopt);
  EXPECT_EQ(parse_scope("any"), std::nullopt);
  EXPECT_EQ(parse_scope("Read"), std::nullopt);
}

TEST(PercentDecode, Decodes) {
  EXPECT_EQ(percent_decode("/a%20b%2Fc+d"), "/a b/c+d");
  EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
  EXPECT_EQ(percent_decode("%C3%A9"), "é");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecode, RefusesWhatIsMalformed) {
  for (const char* text : {"%", "%2", "a%zz", "%%20", "%0", "%00", "%FF", "%C3", "%ED%A0%80", "%-1", "% 1", "%+1"}) {
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
  }
  EXPECT_EQ(percent_decode(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(PercentEncode, RoundTrips) {
  std::mt19937 random(3);
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (unsigned n = random() % 20; n > 0; --n)
      text += random() % 4 == 0 ? "é" : std::string(1, static_cast<char>(1 + random() % 127));
    EXPECT_EQ(percent_decode(percent_encode(text)), text);
    EXPECT_EQ(percent_decode(percent_encode(text), true), text);
  }
  EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
}

TEST(Request, Params) {
  Request request;
  request.params = {{"id", "m"}};
  EXPECT_EQ(request.param("id"), "m");
  EXPECT_EQ(request.param("none"), "");
}

class Scripted : public ClientResponse {
 public:
  explicit Scripted(std::vector<base::Result<Chunk>> chunks) : chunks_(std::move(chunks)) {}
  Task<base::Result<Chunk>> next(Context&) override { co_return chunks_.at(at_++); }

 private:
  std::vector<base::Result<Chunk>> chunks_;
  size_t at_ = 0;
};

base::Result<std::string> read(std::vector<base::Result<Chunk>> chunks, size_t limit) {
  async::TestLoop loop;
  Context ctx(loop.core());
  Scripted response(std::move(chunks));
  return loop.run(read_body(ctx, response, limit));
}

TEST(ReadBody, JoinsUpToTheLimit) {
  EXPECT_EQ(*read({make_chunk("ab"), make_chunk("cd"), nullptr}, 4), "abcd");
  EXPECT_EQ(*read({nullptr}, 0), "");
  EXPECT_EQ(read({make_chunk("ab"), make_chunk("cd"), nullptr}, 3).error().code(), base::Code::kTooLarge);
}

TEST(ReadBody, ABrokenBodyIsAnError) {
  EXPECT_EQ(read({make_chunk("ab"), base::fail(base::Code::kUnavailable, "broke off")}, 10).error().code(),
            base::Code::kUnavailable);
}

}  // namespace
}  // namespace promethean::http
