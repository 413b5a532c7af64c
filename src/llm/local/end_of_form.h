// EndOfForm: says when an answer that must be whole JSON has to come to its end: shortly before its tokens run out, or
// when the model goes round in circles, as small ones do in the middle of a string.
#pragma once

#include <string_view>
#include <vector>

#include "llm/local/engine.h"

namespace promethean::llm::local {

class EndOfForm {
 public:
  // `most`: tokens of the whole answer.
  EndOfForm(const AnswerForm& form, int most);

  // Whether the token after the first `tokens` should end something. Stays true.
  bool due(int tokens, bool in_call);
  // The tokens ran out in the middle of something: what was said is whole, but not all that there was to say.
  bool cut() const { return cut_; }
  bool in_string() const { return in_string_; }

  // What was chosen.
  void take(Token token, std::string_view bytes, bool in_call);

 private:
  bool goes_round() const;

  const bool closes_;
  const bool free_text_;
  const int last_;  // tokens that may be spent before
  bool due_ = false;
  bool short_ = false;  // it is due because the tokens run out
  bool cut_ = false;    // and something had still to be said
  bool in_string_ = false;
  bool escaped_ = false;
  std::vector<Token> tokens_;
};

}  // namespace promethean::llm::local
