// WordTable: distinct words numbered in the order they came. One arena, one open-addressed table; words are never
// removed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace promethean::search {

class WordTable {
 public:
  WordTable() : slots_(1024, kEmpty) {}

  // The word's number; `added` tells whether it is new.
  uint32_t intern(std::string_view word, bool* added) {
    const auto hash = static_cast<uint32_t>(base::hash64(word));
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    while (slots_[at] != kEmpty) {
      const Entry& entry = entries_[slots_[at]];
      if (entry.hash == hash && text(entry) == word) {
        *added = false;
        return slots_[at];
      }
      at = (at + 1) & mask;
    }
    *added = true;
    const auto number = static_cast<uint32_t>(entries_.size());
    slots_[at] = number;
    entries_.push_back({static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(word.size()), hash});
    arena_.append(word);
    if (entries_.size() * 2 > slots_.size()) grow();
    return number;
  }

  std::string_view word(uint32_t number) const { return text(entries_[number]); }
  uint32_t size() const { return static_cast<uint32_t>(entries_.size()); }
  size_t memory_bytes() const {
    return arena_.capacity() + entries_.capacity() * sizeof(Entry) + slots_.capacity() * 4;
  }

 private:
  struct Entry {
    uint32_t begin, size, hash;
  };
  static constexpr uint32_t kEmpty = UINT32_MAX;

  std::string_view text(const Entry& entry) const { return std::string_view(arena_).substr(entry.begin, entry.size); }

  void grow() {
    slots_.assign(slots_.size() * 2, kEmpty);
    const size_t mask = slots_.size() - 1;
    for (uint32_t number = 0; number < entries_.size(); ++number) {
      size_t at = entries_[number].hash & mask;
      while (slots_[at] != kEmpty) at = (at + 1) & mask;
      slots_[at] = number;
    }
  }

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;
};

}  // namespace promethean::search
