#include "llm/local/scored_text.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace promethean::llm::local {

namespace {
constexpr size_t kNobodyKnows = std::numeric_limits<size_t>::max();
}  // namespace

AnswerPart ScoredText::push(std::string_view bytes, std::optional<TokenScore> score) {
  const size_t begin = text_.seen();
  AnswerPart part{.text = text_.push(bytes), .tokens = {}};
  if (score && !bytes.empty()) hold(*std::move(score), begin);
  release(part.tokens);
  if (text_.stopped()) release_rest(part.tokens);
  return part;
}

AnswerPart ScoredText::finish() {
  AnswerPart part{.text = text_.finish(), .tokens = {}};
  release(part.tokens);
  release_rest(part.tokens);
  return part;
}

void ScoredText::hold(TokenScore score, size_t begin) {
  const size_t end = text_.seen();
  // The first character that this token completed is the one that those before it began.
  if (end > begin) {
    for (Held& before : held_) before.whole_at = std::min(before.whole_at, begin + 1);
  }
  const size_t tail = std::min(text_.unfinished(), score.chosen.bytes.size());
  held_.push_back({std::move(score), begin, end, tail, tail > 0 ? kNobodyKnows : end});
}

void ScoredText::release(std::vector<TokenScore>& out) {
  while (!held_.empty() && held_.front().whole_at <= text_.given()) {
    out.push_back(std::move(held_.front().score));
    held_.pop_front();
  }
}

void ScoredText::release_rest(std::vector<TokenScore>& out) {
  const size_t given = text_.given();
  for (Held& held : std::exchange(held_, {})) {
    const size_t lost = held.tail + (held.end > given ? held.end - given : 0);
    std::string& bytes = held.score.chosen.bytes;
    if (held.begin >= given || lost >= bytes.size()) continue;
    bytes.resize(bytes.size() - lost);
    out.push_back(std::move(held.score));
  }
}

}  // namespace promethean::llm::local
