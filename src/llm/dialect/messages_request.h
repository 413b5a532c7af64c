// A request of Anthropic's Messages API, turned into a body of the chat dialect. Pure: no model, no socket.
//
// Roles, blocks and tools become what a chat has; what a chat cannot say (cache marks, signatures, what Anthropic's own
// servers ran) is left out without a word, as long as the answer means the same without it. The order of what is said
// is kept, and nothing in front of the last message depends on it, so that prompt caches keep working.
// Source: Anthropic API reference, "Messages", "Count tokens"; what Claude Code sends.
#pragma once

#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::llm::messages {

// JSON Schema of the body. Counting asks for no max_tokens. Fields and kinds of blocks that it does not know are
// accepted: to_chat() decides about blocks.
std::string request_schema();
std::string count_schema();

// Who is behind the last message.
enum class Speaker {
  kPerson,
  kTool,     // the outcome of a tool call
  kMachine,  // a program that asks for a title, a summary of the conversation, or whether anybody is there
};

struct Asked {
  json::Object chat;  // satisfies kChatRequestSchema and check_messages
  Speaker speaker = Speaker::kPerson;
};

// `request` satisfies one of the schemas. kInvalidArgument with the field for what would change the meaning if it were
// left out: a document or an image that is not in the request, a kind of block in a person's message that is not known.
base::Result<Asked> to_chat(const json::Value& request);

// What the model reads of a chat body, for counting: the words of all messages, calls and tools.
struct Countable {
  std::string text;
  int64_t images = 0;
};
Countable countable(const json::Object& chat);

}  // namespace promethean::llm::messages
