// Excerpts: citations as data inside a prompt. They stand in front of the last user text, in the same message, so that
// nothing changes before it (prompt caches, system text) and no model takes them for somebody's words.
#pragma once

#include <string>
#include <vector>

#include "context/citation.h"
#include "json/json.h"

namespace promethean::context {

// The block of text: a header that says what it is, then each excerpt in a fence that its content cannot close.
std::string render_excerpts(const std::vector<Citation>& citations);

// `messages` with the block put before the last user text; unchanged without citations or without a user message.
json::Array with_excerpts(json::Array messages, const std::vector<Citation>& citations);

// A code fence longer than any run of backticks in `text`, at least three.
std::string fence_for(std::string_view text);

}  // namespace promethean::context
