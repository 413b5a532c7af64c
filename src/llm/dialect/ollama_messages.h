// The messages of Ollama's chats as messages of ours.
#pragma once

#include <string>

#include "json/json.h"

namespace promethean::llm::ollama {

// In their order. Ollama's calls may have no ids, and its tool messages name the tool: each call gets an id, each tool
// message the open call that it answers. A call that nobody answered gets an answer that says so, since most backends
// take no open ones. kInvalidArgument with the field.
base::Result<json::Array> chat_messages(const json::Array& messages);

// The content of a message of role user: its text, and what `images` hold as base64, whose kind is told by their first
// bytes. `images` may be null; `where` names them in errors.
base::Result<json::Value> user_content(std::string_view text, const json::Array* images, const std::string& where);

}  // namespace promethean::llm::ollama
