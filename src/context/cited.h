// Cited: which places of the repository a model's answer names, and which of them do not exist.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "context/evidence.h"
#include "json/json.h"
#include "llm/chat.h"

namespace promethean::context {

struct CitedPlace {
  std::string path;
  int start_line = 0;  // 0: only the path was named
  int end_line = 0;
  bool operator==(const CitedPlace&) const = default;
};

// Places in an answer's prose, without repeats, at most kMaxCited: "src/a.cpp:10-20", "a.py:7", "[x.ts:1-3]",
// "src/b.h". A name without a folder counts only with a line; code blocks are not read, since their paths are not about
// this tree.
std::vector<CitedPlace> cited_places(std::string_view answer);
inline constexpr size_t kMaxCited = 64;

// `stream`, whose text is checked when it has ended and before the end is told: places that `source` does not have are
// added to `context` as `unverified: [{path, startLine?, endLine?, reason}]`; `unchecked` says why when it could not be
// asked. `source` outlives the stream.
std::unique_ptr<llm::ChatStream> check_citations(std::unique_ptr<llm::ChatStream> stream, EvidenceSource& source,
                                                 std::shared_ptr<json::Object> context);

}  // namespace promethean::context
