#include "llm/dialect/compaction.h"

namespace promethean::llm::responses {

const std::string_view kCompactionRequest =
    "The context is nearly full. Write a handoff summary for whoever continues this work without the conversation "
    "above: the user's goal and wishes, what was done and decided and why, the state of files and commands, facts that "
    "were found (with exact names, paths and values), and what remains to be done. Answer with the summary alone, in "
    "plain text, and call no tools.";

const std::string_view kCompactionHeading = "Summary of the conversation so far, written when its context was full:";

namespace {
constexpr std::string_view kMark = "promethean-summary-1:";
}

std::string write_compaction(std::string_view summary) {
  return std::string(kMark) + std::string(summary);
}

std::optional<std::string_view> read_compaction(std::string_view encrypted_content) {
  if (!encrypted_content.starts_with(kMark)) return std::nullopt;
  return encrypted_content.substr(kMark.size());
}

}  // namespace promethean::llm::responses
