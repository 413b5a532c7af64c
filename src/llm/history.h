// Conversations in the chat form that are kept and go on: shortened by whole turns, and fit to be sent again.
//
// A turn begins with what a user says and goes on to the next. Within it, an assistant's message and the results of its
// calls belong together. Instructions (roles system and developer) are no part of any turn.
#pragma once

#include <functional>
#include <string_view>

#include "json/json.h"

namespace promethean::llm {

bool is_instruction(const json::Value& message);

// What of a conversation may stay.
struct HistoryLimits {
  size_t messages = 0;  // 0: no limit
  size_t bytes = 0;     // of the messages as JSON; 0: no limit
};

// Takes the oldest turns away until the rest is within the limits; of a single turn that is over them, the oldest of
// the assistant's steps, each with its results. What stands from `keep_from` on (an index) stays, whatever the limits
// say. Gives how many messages went.
size_t shorten(json::Array& messages, size_t keep_from, const HistoryLimits& limits);

// Takes away calls without their results, which no backend accepts, unless they end the conversation.
void drop_unanswered_calls(json::Array& messages);

// Whether `messages` say all of `history` and then something new: a client that sends the whole conversation again, of
// which `history` may have lost the beginning.
bool goes_on_from(const json::Array& messages, const json::Array& history);

}  // namespace promethean::llm
