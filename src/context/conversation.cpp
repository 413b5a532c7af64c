#include "context/conversation.h"

#include "base/hash.h"

namespace promethean::context {

namespace {

std::string without_reminders(std::string text) {
  static constexpr std::string_view kOpen = "<system-reminder>";
  static constexpr std::string_view kClose = "</system-reminder>";
  for (size_t begin = text.find(kOpen); begin != std::string::npos; begin = text.find(kOpen, begin)) {
    const size_t end = text.find(kClose, begin);
    if (end == std::string::npos) break;
    text.erase(begin, end + kClose.size() - begin);
  }
  return text;
}

}  // namespace

std::string text_of(const json::Value& message) {
  if (const auto text = json::string_at(message, "content")) return without_reminders(std::string(*text));
  std::string joined;
  if (const json::Array* parts = json::array_at(message, "content")) {
    for (const auto& part : *parts) {
      if (const auto text = json::string_at(part, "text")) joined.append(*text).push_back('\n');
    }
  }
  return without_reminders(std::move(joined));
}

std::vector<UserTurn> user_turns(const json::Array& messages, std::string_view whose) {
  std::vector<UserTurn> turns;
  std::string key = base::sha256_hex(whose);
  for (size_t i = 0; i < messages.size(); ++i) {
    if (json::string_at(messages[i], "role") != "user") continue;
    key = base::sha256_hex(key + text_of(messages[i]));
    turns.push_back({i, key});
  }
  return turns;
}

void ExcerptMemory::remember(const std::string& key, std::string block) {
  const size_t size = key.size() + block.size();
  if (size > max_bytes_) return;
  const std::scoped_lock lock(mutex_);
  if (const auto old = by_key_.find(key); old != by_key_.end()) {
    bytes_ -= old->second->key.size() + old->second->block->size();
    const auto entry = old->second;
    by_key_.erase(old);
    entries_.erase(entry);
  }
  entries_.push_front({key, std::make_shared<const std::string>(std::move(block))});
  by_key_[entries_.front().key] = entries_.begin();
  bytes_ += size;
  while (bytes_ > max_bytes_) {
    const Entry& last = entries_.back();
    bytes_ -= last.key.size() + last.block->size();
    by_key_.erase(last.key);
    entries_.pop_back();
  }
}

std::shared_ptr<const std::string> ExcerptMemory::find(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->block;
}

size_t ExcerptMemory::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace promethean::context
