#include "context/suspicion.h"

#include <re2/re2.h>

#include <algorithm>

#include "context/citation.h"

namespace promethean::context {

namespace {

// One alternative a line, each a way in which injected text was seen to speak.
const re2::RE2& instructions() {
  static const re2::RE2 pattern(
      R"((?i))"
      R"((?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|system|your|all)\b.{0,40}\b(?:instructions?|prompts?|messages?|rules?|guidelines?|context|directions?|constraints?))"
      R"(|\b(?:new|updated|real|actual|secret)\s+(?:system\s+)?(?:instructions?|prompt)\s*:)"
      R"(|\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?|the|in|bound|required|chatgpt|claude|dan)\b)"
      R"(|\b(?:do\s+not|don't|never)\s+(?:tell|inform|mention|reveal|show|alert|notify)\b.{0,30}\b(?:the\s+)?user\b)"
      R"(|\b(?:reveal|print|repeat|output|leak|send|exfiltrate)\b.{0,30}\b(?:system\s+prompt|your\s+instructions|api\s+keys?|credentials|environment\s+variables)\b)"
      R"(|\b(?:ai|llm|language\s+model|assistants?|agents?|chatgpt|claude|codex|copilot)s?\b.{0,20}\b(?:must|should|shall|have\s+to|are\s+required\s+to|please)\b.{0,40}\b(?:run|execute|ignore|follow|obey|delete|download|install|respond|answer|say|add|insert|include|call|visit|fetch)\b)"
      R"(|\b(?:note|message|attention|important|instructions?)\s+(?:to|for)\s+(?:the\s+|any\s+|all\s+)?(?:ai|llms?|language\s+models?|assistants?|chatbots?|(?:coding\s+)?agents?|chatgpt|claude|codex|copilot)\b)"
      R"(|\b(?:pretend|act\s+as\s+if|roleplay|role-play)\b.{0,30}\byou\b)"
      R"(|^\s*(?:[#/*>-]+\s*)?(?:system|assistant|human|user)\s*:\s*\S+.{0,80}\b(?:you|ignore|must|instructions?|assistant)\b)"
      R"(|</?(?:system|assistant|instructions?|system-reminder|system_prompt|im_start|im_end)>)"
      R"(|<\|[a-z_]{2,32}\|>|\[/?INST\]|<<SYS>>|<(?:start|end)_of_turn>)");
  return pattern;
}

}  // namespace

std::vector<int> suspicious_lines(std::string_view text) {
  constexpr size_t kMaxLine = 4096;  // of a line; what is hidden beyond is not looked for
  std::vector<int> out;
  int number = 0;
  for (const std::string_view line : split_lines(text)) {
    ++number;
    const re2::StringPiece head(line.data(), std::min(line.size(), kMaxLine));
    if (!re2::RE2::PartialMatch(head, instructions())) continue;
    out.push_back(number);
    if (out.size() == kMaxSuspicious) break;
  }
  return out;
}

std::string without_control_tokens(std::string text) {
  for (size_t at = 0; (at = text.find("<|", at)) != std::string::npos; at += 3) text.insert(at + 1, " ");
  return text;
}

}  // namespace promethean::context
