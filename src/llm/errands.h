// Errands: requests that a client sends on its own account beside its user's: a title for the conversation, a summary
// of it, tags, follow-up questions. They are known by the words that the clients' versions have in common.
#pragma once

#include <string_view>

namespace promethean::llm {

// `instructions` is the system text, `last` the last message's. Titles and the like quote what a user wrote, so both
// are looked at.
bool is_errand(std::string_view instructions, std::string_view last);

}  // namespace promethean::llm
