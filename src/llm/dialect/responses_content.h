// Parts of the content of an item (see responses_items.h) as content of a chat message.
#pragma once

#include <string>

#include "json/json.h"

namespace promethean::llm::responses {

std::string parts_text(const json::Array& parts);   // the text of all parts that have one, a line each
json::Array parts_media(const json::Array& parts);  // images, files and audio as parts of chat
// A user's content: one string where it is text alone, which every chat template knows, else parts in their order.
json::Value user_content(const json::Array& parts);

}  // namespace promethean::llm::responses
