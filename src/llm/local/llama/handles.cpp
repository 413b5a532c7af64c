#include "llm/local/llama/handles.h"

#include <algorithm>

namespace promethean::llm::local {

void append_tokens(const llama_vocab* vocab, std::string_view text, bool control, std::vector<llama_token>& tokens) {
  const size_t before = tokens.size();
  const auto length = static_cast<int32_t>(text.size());
  auto room = static_cast<int32_t>(text.size() / 3 + 16);
  for (;;) {
    tokens.resize(before + static_cast<size_t>(room));
    const int32_t count = llama_tokenize(vocab, text.data(), length, tokens.data() + before, room, false, control);
    if (count >= 0) {
      tokens.resize(before + static_cast<size_t>(count));
      return;
    }
    room = -count;
  }
}

static std::string piece_of(const llama_vocab* vocab, llama_token token, bool control) {
  std::string bytes(32, '\0');
  int32_t length = llama_token_to_piece(vocab, token, bytes.data(), static_cast<int32_t>(bytes.size()), 0, control);
  if (length < 0) {
    bytes.resize(static_cast<size_t>(-length));
    length = llama_token_to_piece(vocab, token, bytes.data(), static_cast<int32_t>(bytes.size()), 0, control);
  }
  bytes.resize(static_cast<size_t>(std::max(length, 0)));
  return bytes;
}

std::string token_bytes(const llama_vocab* vocab, llama_token token) {
  return piece_of(vocab, token, false);
}

std::string token_name(const llama_vocab* vocab, llama_token token) {
  return piece_of(vocab, token, true);
}

}  // namespace promethean::llm::local
