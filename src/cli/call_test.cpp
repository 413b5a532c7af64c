#include "cli/call.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/test_dir.h"

namespace promethean::cli {
namespace {

using base::Code;

TEST(CallError, ReadsBothShapesOfErrors) {
  const auto ours = error_of_answer(
      {400, R"({"ok":false,"error":"bad","code":"invalid_argument","message":"bad pattern; fix it","hint":"fix it"})"});
  EXPECT_EQ(ours.code(), Code::kInvalidArgument);
  EXPECT_EQ(ours.message(), "bad pattern");
  EXPECT_EQ(ours.hint(), "fix it");

  const auto openai = error_of_answer(
      {404, R"({"error":{"message":"no such model","type":"x","param":null,"code":"model_not_found"}})"});
  EXPECT_EQ(openai.code(), Code::kNotFound);
  EXPECT_EQ(openai.message(), "no such model");
}

TEST(CallError, FallsBackToTheStatus) {
  for (const auto body : {"", "<html>", "[]", "{}", "null", R"({"error":7})"}) {
    const auto error = error_of_answer({401, body});
    EXPECT_EQ(error.code(), Code::kUnauthenticated) << body;
    EXPECT_EQ(error.message(), "the server answered with status 401") << body;
  }
  EXPECT_EQ(error_of_answer({502, ""}).code(), Code::kInternal);
}

TEST(CallError, MissingCredentialSaysWhatToDo) {
  EXPECT_NE(error_of_answer({401, R"({"ok":false,"message":"missing token"})"}).hint().find("PROMETHEAN_TOKEN"),
            std::string::npos);
}

TEST(Call, NobodyThereIsUnavailable) {
  const auto answer = call({.url = "http://127.0.0.1:1/health"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnavailable);
}

TEST(Call, BadUrlIsInvalid) {
  const auto answer = call({.url = "nonsense"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kInvalidArgument);
}

TEST(FindToken, VariableWinsOverTheStateDirectory) {
  const TestDir dir;
  unsetenv("PROMETHEAN_TOKEN");
  EXPECT_EQ(find_token(dir.path()).error().code(), Code::kNotFound);
  setenv("PROMETHEAN_TOKEN", "given", 1);
  EXPECT_EQ(find_token(dir.path()).value(), "given");
  unsetenv("PROMETHEAN_TOKEN");
}

}  // namespace
}  // namespace promethean::cli
