// Compaction: a client that runs out of context asks for a summary of the conversation, keeps it as one opaque item and
// begins its next request with that. The text inside is ours to choose; it is plain, behind a mark that says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace promethean::llm::responses {

extern const std::string_view kCompactionRequest;  // what the model is asked for
extern const std::string_view kCompactionHeading;  // what stands before a summary in a later conversation

std::string write_compaction(std::string_view summary);                               // -> encrypted_content
std::optional<std::string_view> read_compaction(std::string_view encrypted_content);  // nullopt: not one of ours

}  // namespace promethean::llm::responses
