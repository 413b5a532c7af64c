// The input of a custom tool, taken out of the arguments of the function that stands for it, while they stream:
//
//   CustomInput input;
//   input.feed(R"({"input":"*** Be)");        // "*** Be"
//   input.feed(R"(gin\n"})");                  // "gin\n"
//   input.finish();                            // "*** Begin\n"
//
// What is handed out in pieces is what finish() gives in whole, except when the arguments turn out not to be of that
// form after all: then finish() gives the best reading of them, and nothing more can be done about the pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace promethean::llm::responses {

class CustomInput {
 public:
  std::string feed(std::string_view arguments);  // more of the arguments -> what this adds to the input
  // The whole input. Arguments that are no object with a string `input`: the string that they are or whose only member
  // it is, else the arguments themselves, which a model that forgot the form meant as the input.
  std::string finish() const;
  const std::string& arguments() const { return arguments_; }

 private:
  enum class State { kBefore, kText, kEscape, kHex, kDone, kOtherForm };

  void step(char c);
  void before(char c);
  void escape(char c);
  void hex_digit(char c);
  void code_unit(uint32_t unit);

  std::string arguments_;
  std::string text_;
  State state_ = State::kBefore;
  size_t matched_ = 0;      // characters of {"input":" that have been seen
  uint32_t unit_ = 0;       // of \uXXXX
  int digits_ = 0;          // of it so far
  uint32_t surrogate_ = 0;  // the first half of a pair, waiting for the second
};

}  // namespace promethean::llm::responses
