// Conversation: the user's turns of a request, and the excerpts that stood before them when they were asked.
//
// A client sends the whole conversation again with each request, without the excerpts that we had put into it. Unless
// they are put back where they were, the prompt differs from the last one at its first question, no prompt cache of a
// backend fits any more, and a model that is in the middle of its tool calls no longer sees what it was told.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "json/json.h"

namespace promethean::context {

// One message of role user.
struct UserTurn {
  size_t message = 0;  // its place in the messages
  std::string key;     // of this turn: the model and the caller it belongs to, and all user texts up to it
};

// The text of a message: a string, or the text parts of an array; without what a coding agent puts beside its user's
// words, in <system-reminder> tags.
std::string text_of(const json::Value& message);

// In the order of the messages. `whose` keeps the conversations of different callers and models apart.
std::vector<UserTurn> user_turns(const json::Array& messages, std::string_view whose);

// ExcerptMemory: blocks of excerpts by the turn that they were put before. The longest unused go first when it holds
// more than `max_bytes`; it is empty after a restart, which costs a prompt cache and nothing else. Threads: any.
class ExcerptMemory {
 public:
  explicit ExcerptMemory(size_t max_bytes = 32 << 20) : max_bytes_(max_bytes) {}

  void remember(const std::string& key, std::string block);
  std::shared_ptr<const std::string> find(const std::string& key);  // null: none
  size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const std::string> block;
  };
  const size_t max_bytes_;
  mutable std::mutex mutex_;
  size_t bytes_ = 0;
  std::list<Entry> entries_;                                                 // last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // views into entries_
};

}  // namespace promethean::context
