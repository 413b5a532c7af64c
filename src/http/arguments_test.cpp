#include "http/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promethean::http {
namespace {

constexpr std::string_view kParameters = R"({
  "type": "object", "required": ["path"],
  "properties": {
    "path": {"type": "string", "maxLength": 20},
    "type": {"type": "string", "enum": ["file", "dir"]},
    "line": {"type": "integer", "minimum": 1, "maximum": 100, "default": 1},
    "hidden": {"type": "boolean", "default": false}
  }
})";

base::Result<json::Object> read(std::string query, std::vector<std::pair<std::string, std::string>> params = {}) {
  static const auto schema = *json::Schema::compile(kParameters);
  Request request;
  request.query = std::move(query);
  request.params = std::move(params);
  return read_arguments(schema, request);
}

std::string read_text(std::string query) {
  const auto arguments = read(std::move(query));
  return arguments ? json::write(*arguments) : arguments.error().field() + ": " + arguments.error().message();
}

TEST(Arguments, BecomeWhatTheirTypesSay) {
  EXPECT_EQ(read_text("path=a%20b+c&type=dir&line=7&hidden=1&other=x"),
            R"({"path":"a b c","type":"dir","line":7,"hidden":true})");
  EXPECT_EQ(read_text("path=1&hidden"), R"({"path":"1","line":1,"hidden":true})");
  EXPECT_EQ(read_text("path=1&hidden="), R"({"path":"1","line":1,"hidden":true})");
  EXPECT_EQ(read_text("path=1&hidden=0"), R"({"path":"1","line":1,"hidden":false})");
}

TEST(Arguments, AbsentOrEmptyOnesHaveTheirDefault) {
  EXPECT_EQ(read_text("path=a&line=&type="), R"({"path":"a","line":1,"hidden":false})");
}

TEST(Arguments, TheFirstOfANameCounts) {
  EXPECT_EQ(read_text("path=a&path=b"), R"({"path":"a","line":1,"hidden":false})");
}

TEST(Arguments, ThePathGoesBeforeTheQuery) {
  EXPECT_EQ(read("path=b", {{"path", "a/b"}})->at("path"), "a/b");
}

TEST(Arguments, WrongOnesAreNamed) {
  EXPECT_EQ(read_text(""), "path: path is required");
  EXPECT_EQ(read_text("path="), "path: path is required");
  EXPECT_EQ(read_text("path=a&line=x"), "line: line must be a whole number");
  EXPECT_EQ(read_text("path=a&line=1.5"), "line: line must be a whole number");
  EXPECT_EQ(read_text("path=a&line=0"), "line: line must be at least 1");
  EXPECT_EQ(read_text("path=a&line=101"), "line: line must be at most 100");
  EXPECT_EQ(read_text("path=a&hidden=maybe"), "hidden: hidden must be true or false");
  EXPECT_EQ(read_text("path=a&type=socket"), "type: type must be one of file, dir");
  EXPECT_EQ(read_text("path=%ff"), "path: path is not properly encoded UTF-8");
  EXPECT_EQ(read_text("path=%0"), "path: path is not properly encoded UTF-8");
  EXPECT_EQ(read_text("path=a%00b"), "path: path is not properly encoded UTF-8");
}

}  // namespace
}  // namespace promethean::http
