// Excerpts: citations as data inside a prompt. They stand in front of the last user text, in the same message, so that
// nothing changes before it (prompt caches, system text) and no model takes them for somebody's words.
#pragma once

#include <string>
#include <vector>

#include "context/citation.h"
#include "json/json.h"

namespace promethean::context {

// The block of text: a header that says what it is, then each excerpt in a fence that its content cannot close. Lines
// that read like instructions are named; control tokens of chat templates are broken.
std::string render_excerpts(const std::vector<Citation>& citations);

// Puts `block` before the text of one message of role user.
void put_before_text(json::Object& message, std::string_view block);

// A code fence longer than any run of backticks in `text`, at least three.
std::string fence_for(std::string_view text);

}  // namespace promethean::context
