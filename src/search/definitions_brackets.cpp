#include "search/definitions_lexer.h"
#include "search/definitions_strings.h"

namespace promethean::search {

namespace {

// How many open brackets are searched for a partner: keeps broken text linear.
constexpr size_t kDeepest = 64;

}  // namespace

void pair_brackets(Tokens* tokens) {
  tokens->match.assign(tokens->list.size(), kNoMatch);
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < tokens->list.size(); ++i) {
    const char mark = tokens->list[i].mark;
    if (mark == '(' || mark == '[' || mark == '{') open.push_back(i);
    if (mark != ')' && mark != ']' && mark != '}') continue;
    size_t at = open.size();
    const size_t floor = at > kDeepest ? at - kDeepest : 0;
    while (at > floor && closing(tokens->list[open[at - 1]].mark) != mark) {
      if (mark != '}' && tokens->list[open[at - 1]].mark == '{') break;
      --at;
    }
    if (at == floor || closing(tokens->list[open[at - 1]].mark) != mark) continue;
    tokens->match[open[at - 1]] = i;
    tokens->match[i] = open[at - 1];
    open.resize(at - 1);
  }
}

}  // namespace promethean::search
