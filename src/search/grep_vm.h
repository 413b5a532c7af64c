// GrepVm: matches a pattern exactly as it was understood, in linear time: the engine for what RE2 cannot say (words by
// Unicode, bytes that are not UTF-8, lines that end in CRLF).
//
// All ways through the pattern are followed at once, byte by byte, the preferred one first (Pike's algorithm), so the
// match is the one that a backtracking engine would find first. Slower than RE2 by an order of magnitude: it is asked
// about lines that RE2 or a literal has let through. Threads: a program is immutable; a Scratch has one user.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "search/grep_ast.h"

namespace promethean::search {

struct TextMatch {
  size_t begin = 0;
  size_t end = 0;
};

// Whether the look holds at a place of the text.
bool look_holds(const GrepNode& look, std::string_view text, size_t at);

class GrepVm {
 public:
  static constexpr size_t kMaxInstructions = 200'000;

  // nullptr when the program would be too large.
  static std::unique_ptr<const GrepVm> compile(const GrepNode& root);

  struct Thread {
    uint32_t place = 0;   // in the program
    uint32_t behind = 0;  // bytes of a character that are still to come
    size_t begin = 0;
  };
  struct Scratch {
    std::vector<Thread> now, next;
    std::vector<uint32_t> seen_now, seen_next;  // by place and bytes behind: the step of the last visit
    std::vector<uint32_t> stack;
    uint32_t step = 0;
    uint64_t work = 0;
  };

  // The first match at or after `from`. `stopped` is asked now and then; nullopt when it says so.
  std::optional<TextMatch> find(std::string_view text, size_t from, Scratch* scratch,
                                const std::function<bool()>& stopped) const;

 private:
  enum class Op : uint8_t { kSet, kByte, kLook, kSplit, kJump, kMatch };
  struct Instruction {
    Op op = Op::kMatch;
    uint32_t next = 0, other = 0;  // a split prefers `next`
    const CodeSet* set = nullptr;
    std::array<uint64_t, 2> ascii{};  // its members below 0x80
    const GrepNode* look = nullptr;
  };
  bool add_node(const GrepNode& node);
  void add_set(const GrepNode& node);
  bool add_repeat(const GrepNode& node);
  bool add_branches(const GrepNode& node);
  uint32_t add(Instruction instruction);
  uint32_t size() const { return static_cast<uint32_t>(program_.size()); }
  void follow(uint32_t place, size_t begin, std::string_view text, size_t at, std::vector<Thread>* list,
              std::vector<uint32_t>* seen, Scratch* scratch) const;
  void advance(const Thread& thread, std::string_view text, size_t at, Scratch* scratch) const;

  GrepNode root_;  // what the instructions point into
  std::vector<Instruction> program_;
};

}  // namespace promethean::search
