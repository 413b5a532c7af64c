#include "llm/dialect/custom_input.h"

#include <gtest/gtest.h>

#include "json/json.h"

namespace promethean::llm::responses {
namespace {

struct Read {
  std::string pieces;
  std::string whole;
};

Read read_in_cuts(std::string_view arguments, size_t cut) {
  CustomInput input;
  Read read;
  for (size_t i = 0; i < arguments.size(); i += cut) read.pieces += input.feed(arguments.substr(i, cut));
  read.whole = input.finish();
  return read;
}

TEST(CustomInput, PiecesAndWholeAreTheInputWhateverTheCuts) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"input":"ls"})", "ls"},
      {R"({"input":""})", ""},
      {" {\n \"input\" :\t\"a b\" } ", "a b"},
      {R"({"input":"*** Begin Patch\n+\t\"x\\y\"\/\b\f\r"})", "*** Begin Patch\n+\t\"x\\y\"/\b\f\r"},
      {R"({"input":"\u00e9\u20AC\ud83d\ude00z"})", "é€😀z"},
      {R"({"input":"né😀"})", "né😀"},
      {R"({"input":"x","why":"because"})", "x"},
  };
  for (const auto& [arguments, input] : cases) {
    for (size_t cut = 1; cut <= std::string_view(arguments).size(); ++cut) {
      const Read read = read_in_cuts(arguments, cut);
      EXPECT_EQ(read.pieces, input) << arguments << " cut at " << cut;
      EXPECT_EQ(read.whole, input) << arguments << " cut at " << cut;
    }
  }
}

TEST(CustomInput, OtherFormsAreReadAsTheyWereMeant) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"why":"because","input":"ls"})", "ls"},  // not the first member: whole at the end
      {R"({"patch":"*** Begin"})", "*** Begin"},    // another name for the only member
      {R"("ls -l")", "ls -l"},                      // a string without the object
      {"*** Begin Patch\n", "*** Begin Patch\n"},   // no JSON at all
      {R"({"a":"x","b":"y"})", R"({"a":"x","b":"y"})"},
      {R"({"input":7})", R"({"input":7})"},
      {R"({"in put":"x"})", "x"},
      {"", ""},
  };
  for (const auto& [arguments, input] : cases) {
    const Read read = read_in_cuts(arguments, 1);
    EXPECT_EQ(read.pieces, "") << arguments;
    EXPECT_EQ(read.whole, input) << arguments;
  }
}

TEST(CustomInput, WhatIsCutOffOrBrokenIsGivenAsItIs) {
  const Read cut = read_in_cuts(R"({"input":"half a pat)", 3);
  EXPECT_EQ(cut.pieces, "half a pat");
  EXPECT_EQ(cut.whole, R"({"input":"half a pat)");
  EXPECT_EQ(read_in_cuts(R"({"input":"\ud83dx \udead \uZZ"})", 1).pieces, "\uFFFDx \uFFFD ");
  EXPECT_EQ(read_in_cuts(R"({"input":"\ud83d\ud83d\u0041"})", 1).pieces, "\uFFFD\uFFFDA");
}

}  // namespace
}  // namespace promethean::llm::responses
