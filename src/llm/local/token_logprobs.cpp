#include "llm/local/token_logprobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace promethean::llm::local {

namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// A token need not be text. One that is not is written "\xe2\x82", as OpenAI does.
std::string readable(const ScoredToken& token) {
  if (base::is_valid_utf8(token.bytes)) return token.bytes;
  std::string out;
  for (const char c : token.bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else
      out += fmt::format("\\x{:02x}", byte);
  }
  return out;
}

json::Object told(const ScoredToken& token) {
  json::Value bytes;  // null: no text
  if (!token.control) {
    json::Array numbers;
    for (const char c : token.bytes) numbers.push_back(static_cast<unsigned char>(c));
    bytes = std::move(numbers);
  }
  return {{"token", readable(token)}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

// In the older API the names of tokens are keys.
std::string key_of(const ScoredToken& token) {
  return base::is_valid_utf8(token.bytes) ? token.bytes : "bytes:" + readable(token);
}

}  // namespace

json::Object chat_logprobs(const std::vector<TokenScore>& tokens) {
  json::Array content;
  for (const auto& token : tokens) {
    json::Object one = told(token.chosen);
    json::Array top;
    for (const auto& other : token.top) top.push_back(told(other));
    one["top_logprobs"] = std::move(top);
    content.push_back(std::move(one));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

json::Object completion_logprobs(const std::vector<TokenScore>& tokens, size_t& offset) {
  json::Array names, logprobs, tops, offsets;
  for (const auto& [chosen, top] : tokens) {
    names.emplace_back(key_of(chosen));
    logprobs.emplace_back(chosen.logprob);
    json::Object likely;
    for (const auto& other : top) likely.emplace(key_of(other), other.logprob);
    likely.emplace(key_of(chosen), chosen.logprob);  // there already when it was among the likeliest
    tops.emplace_back(std::move(likely));
    // One that goes on with a character lies where that character does.
    offsets.emplace_back(continues_character(chosen.bytes.front()) && offset > 0 ? offset - 1 : offset);
    offset += static_cast<size_t>(std::ranges::count_if(chosen.bytes, [](char c) { return !continues_character(c); }));
  }
  return {{"tokens", std::move(names)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace promethean::llm::local
