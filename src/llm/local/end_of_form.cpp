#include "llm/local/end_of_form.h"

#include <algorithm>

namespace promethean::llm::local {

namespace {
constexpr size_t kRound = 96;        // so many tokens in which the same few come again and again
constexpr size_t kLongestTurn = 24;  // how many those few are at most: four turns at least
}  // namespace

EndOfForm::EndOfForm(const AnswerForm& form, int most)
    : closes_(form.closing_tokens > 0),
      free_text_(form.free_text),
      last_(most - std::min(form.closing_tokens, most - most / 4)) {}

bool EndOfForm::due(int tokens, bool in_call) {
  if (due_ || !closes_ || (free_text_ && !in_call)) return due_;
  short_ = tokens >= last_;
  due_ = short_ || goes_round();
  return due_;
}

void EndOfForm::take(Token token, std::string_view bytes, bool in_call) {
  if (!closes_ || (free_text_ && !in_call)) return;
  cut_ = short_;
  tokens_.push_back(token);
  for (const char c : bytes) {
    if (!in_string_) {
      in_string_ = c == '"';
      continue;
    }
    if (!escaped_ && c == '"') in_string_ = false;
    escaped_ = !escaped_ && c == '\\';
  }
}

bool EndOfForm::goes_round() const {
  if (tokens_.size() < kRound || tokens_.size() % 8 != 0) return false;
  const auto begin = tokens_.end() - kRound;
  for (size_t turn = 1; turn <= kLongestTurn; ++turn) {
    if (std::equal(begin + static_cast<std::ptrdiff_t>(turn), tokens_.end(), begin)) return true;
  }
  return false;
}

}  // namespace promethean::llm::local
