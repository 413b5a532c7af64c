#include "llm/errands.h"

#include <algorithm>
#include <cstring>

namespace promethean::llm {

namespace {

constexpr std::string_view kWords[] = {
    // Claude Code
    "Analyze if this message indicates a new conversation topic",
    "Generate a concise, sentence-case title",
    "You are naming a coding session",
    "Summarize this coding conversation in under 50 characters",
    "Your task is to create a detailed summary of",
    // Codex
    "CONTEXT CHECKPOINT COMPACTION",
    // opencode
    "You are a title generator",
    "You are an anchored context summarization assistant",
    "You are a helpful AI assistant tasked with summarizing conversations",
    // Open WebUI
    "Generate a concise, 3-5 word title",
    "Generate 1-3 broad tags categorizing the main themes of the chat",
    "relevant follow-up questions or prompts that the user might naturally ask next",
    "Analyze the chat history to determine the necessity of generating search queries",
    // LibreChat
    "Provide a concise, 5-word-or-less title for the conversation",
    "Write a concise title for this conversation",
    // Zed
    "Generate a concise 3-7 word title for this conversation",
    "Generate a detailed summary of this conversation",
    // Continue
    "please reply with a title for the chat that is 3-4 words in length",
};

// memmem looks at a fraction of the bytes; string_view::find stops at every first letter.
bool contains(std::string_view text, std::string_view words) {
  return ::memmem(text.data(), text.size(), words.data(), words.size()) != nullptr;
}

}  // namespace

bool is_errand(std::string_view instructions, std::string_view last) {
  return std::ranges::any_of(
      kWords, [&](std::string_view words) { return contains(instructions, words) || contains(last, words); });
}

}  // namespace promethean::llm
