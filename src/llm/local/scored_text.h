// ScoredText: a TextStream that keeps the scores of an answer's tokens in step with its text.
//
// A token is told when all of its text has been given out: what is held back for a stop string, or for the rest of a
// character, holds the tokens back that it came from. Where the answer ends within a token, before a stop string or in
// the middle of a character, the token is told with the bytes that were given out. So the bytes of the tokens that
// were told are those of the text (but for invalid ones, which are U+FFFD in the text).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/local/engine.h"
#include "llm/local/text_stream.h"

namespace promethean::llm::local {

class ScoredText {
 public:
  explicit ScoredText(std::vector<std::string> stops, std::string_view call_marker = {})
      : text_(std::move(stops), call_marker) {}

  // A token; without a score it is not told. What became certain by it, which may be nothing.
  AnswerPart push(std::string_view bytes, std::optional<TokenScore> score);
  // The answer ended without a stop string.
  AnswerPart finish();

  bool stopped() const { return text_.stopped(); }
  bool in_call() const { return text_.in_call(); }

 private:
  // Places are bytes of the text. Of `score`'s bytes the last `tail` begin a character that others complete.
  struct Held {
    TokenScore score;
    size_t begin = 0;
    size_t end = 0;  // of what it completes itself
    size_t tail = 0;
    size_t whole_at = 0;  // when so much has been given out, all of it has been; kNobodyKnows while nobody knows
  };
  void hold(TokenScore score, size_t begin);
  void release(std::vector<TokenScore>& out);
  void release_rest(std::vector<TokenScore>& out);

  TextStream text_;
  std::deque<Held> held_;
};

}  // namespace promethean::llm::local
