#include "search/grep_vm.h"

#include <algorithm>
#include <utility>

namespace promethean::search {

namespace {

constexpr uint64_t kWorkBetweenPolls = 1 << 20;
constexpr uint32_t kMostBehind = 4;  // bytes of a character, and so states of an instruction

bool is_ascii_word(uint32_t code) {
  return (code | 32) - 'a' < 26 || code - '0' < 10 || code == '_';
}

// What stands on one side of a place.
struct Side {
  bool word = false;
  bool broken = false;  // bytes that are no character
};

Side side_of(const Decoded& character, bool ascii, unsigned char byte) {
  if (ascii) return {is_ascii_word(byte), false};
  if (character.size == 0) return {false, true};
  return {character.code < 0x80 ? is_ascii_word(character.code) : word_codes().has(character.code), false};
}

Side before(std::string_view text, size_t at, bool ascii) {
  if (at == 0) return {};
  return side_of(ascii ? Decoded{} : decode_before(text, at), ascii, static_cast<unsigned char>(text[at - 1]));
}

Side behind(std::string_view text, size_t at, bool ascii) {
  if (at == text.size()) return {};
  return side_of(ascii ? Decoded{} : decode_utf8(text, at), ascii, static_cast<unsigned char>(text[at]));
}

bool word_look_holds(Look look, const Side& left, const Side& right) {
  switch (look) {
    case Look::kWord:
      return left.word != right.word;
    case Look::kNotWord:
      return !left.broken && !right.broken && left.word == right.word;
    case Look::kWordStart:
      return !left.word && right.word;
    case Look::kWordEnd:
      return left.word && !right.word;
    case Look::kWordStartHalf:
      return !left.broken && !left.word;
    case Look::kWordEndHalf:
      return !right.broken && !right.word;
    default:
      return false;
  }
}

}  // namespace

bool look_holds(const GrepNode& node, std::string_view text, size_t at) {
  const bool first = at == 0, last = at == text.size();
  switch (node.look) {
    case Look::kLineStart:
      return first || text[at - 1] == '\n';
    case Look::kLineEnd:
      return last || text[at] == '\n';
    case Look::kCrlfStart:
      return first || text[at - 1] == '\n' || (text[at - 1] == '\r' && (last || text[at] != '\n'));
    case Look::kCrlfEnd:
      return last || text[at] == '\r' || (text[at] == '\n' && (first || text[at - 1] != '\r'));
    case Look::kTextStart:
      return first;
    case Look::kTextEnd:
      return last;
    default:
      return word_look_holds(node.look, before(text, at, node.bytes), behind(text, at, node.bytes));
  }
}

std::unique_ptr<const GrepVm> GrepVm::compile(const GrepNode& root) {
  std::unique_ptr<GrepVm> vm(new GrepVm());
  vm->root_ = root;
  if (!vm->add_node(vm->root_)) return nullptr;
  vm->add({.op = Op::kMatch});
  return vm;
}

uint32_t GrepVm::add(Instruction instruction) {
  program_.push_back(instruction);
  return size() - 1;
}

bool GrepVm::add_node(const GrepNode& node) {
  if (program_.size() > kMaxInstructions) return false;
  switch (node.kind) {
    case GrepNode::Kind::kEmpty:
      return true;
    case GrepNode::Kind::kSet:
      add_set(node);
      return true;
    case GrepNode::Kind::kLook:
      add({.op = Op::kLook, .next = size() + 1, .look = &node});
      return true;
    case GrepNode::Kind::kConcat:
      return std::ranges::all_of(node.children, [this](const GrepNode& child) { return add_node(child); });
    case GrepNode::Kind::kAlternate:
      return add_branches(node);
    case GrepNode::Kind::kRepeat:
      return add_repeat(node);
    case GrepNode::Kind::kOpaque:
      return false;
  }
  return false;
}

void GrepVm::add_set(const GrepNode& node) {
  Instruction instruction{.op = node.bytes ? Op::kByte : Op::kSet, .next = size() + 1, .set = node.set.get()};
  for (uint32_t code = 0; code < 0x80; ++code) {
    if (node.set->has(code)) instruction.ascii[code / 64] |= uint64_t{1} << (code % 64);
  }
  add(instruction);
}

bool GrepVm::add_branches(const GrepNode& node) {
  std::vector<uint32_t> ends;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const bool last = i + 1 == node.children.size();
    const uint32_t split = last ? 0 : add({.op = Op::kSplit, .next = size() + 1});
    if (!add_node(node.children[i])) return false;
    if (last) break;
    ends.push_back(add({.op = Op::kJump}));
    program_[split].other = size();
  }
  for (const uint32_t end : ends) program_[end].next = size();
  return true;
}

bool GrepVm::add_repeat(const GrepNode& node) {
  const auto aim = [&](uint32_t split, uint32_t inside, uint32_t outside) {
    program_[split].next = node.greedy ? inside : outside;
    program_[split].other = node.greedy ? outside : inside;
  };
  for (uint32_t i = 0; i < node.least; ++i) {
    if (!add_node(node.children[0])) return false;
  }
  if (node.most == GrepNode::kUnlimited) {
    const uint32_t split = add({.op = Op::kSplit});
    if (!add_node(node.children[0])) return false;
    add({.op = Op::kJump, .next = split});
    aim(split, split + 1, size());
    return true;
  }
  std::vector<uint32_t> splits;
  for (uint32_t i = node.least; i < node.most; ++i) {
    splits.push_back(add({.op = Op::kSplit}));
    if (!add_node(node.children[0])) return false;
  }
  for (const uint32_t split : splits) aim(split, split + 1, size());
  return true;
}

// Adds what can be reached from `place` without consuming anything, the preferred first.
void GrepVm::follow(uint32_t start, size_t begin, std::string_view text, size_t at, std::vector<Thread>* list,
                    std::vector<uint32_t>* seen, Scratch* scratch) const {
  auto& stack = scratch->stack;
  stack.assign(1, start);
  while (!stack.empty()) {
    const uint32_t place = stack.back();
    stack.pop_back();
    ++scratch->work;
    if (std::exchange((*seen)[place * kMostBehind], scratch->step) == scratch->step) continue;
    const Instruction& here = program_[place];
    switch (here.op) {
      case Op::kJump:
        stack.push_back(here.next);
        break;
      case Op::kSplit:
        stack.push_back(here.other);
        stack.push_back(here.next);
        break;
      case Op::kLook:
        if (look_holds(*here.look, text, at)) stack.push_back(here.next);
        break;
      default:
        list->push_back({place, 0, begin});
    }
  }
}

// Over the byte at `at`. Characters of several bytes are taken byte by byte, so that all threads stay in step.
void GrepVm::advance(const Thread& thread, std::string_view text, size_t at, Scratch* scratch) const {
  const Instruction& here = program_[thread.place];
  uint32_t behind = thread.behind;
  const auto byte = static_cast<unsigned char>(text[at]);
  if (behind > 0) {
    --behind;
  } else if (byte < 0x80) {
    if ((here.ascii[byte / 64] >> (byte % 64) & 1) == 0) return;
  } else if (here.op == Op::kByte) {
    if (!here.set->has(byte)) return;
  } else {
    const Decoded character = decode_utf8(text, at);
    if (character.size == 0 || !here.set->has(character.code)) return;
    behind = character.size - 1;
  }
  if (behind == 0) {
    follow(here.next, thread.begin, text, at + 1, &scratch->next, &scratch->seen_next, scratch);
  } else if (std::exchange(scratch->seen_next[thread.place * kMostBehind + behind], scratch->step) != scratch->step) {
    scratch->next.push_back({thread.place, behind, thread.begin});
  }
}

std::optional<TextMatch> GrepVm::find(std::string_view text, size_t from, Scratch* scratch,
                                      const std::function<bool()>& stopped) const {
  const size_t states = program_.size() * kMostBehind;
  if (scratch->seen_now.size() != states || scratch->step > UINT32_MAX / 2) {
    scratch->seen_now.assign(states, 0);
    scratch->seen_next.assign(states, 0);
    scratch->step = 0;
  }
  scratch->now.clear();
  ++scratch->step;
  std::optional<TextMatch> best;
  for (size_t at = from; at <= text.size(); ++at) {
    if (!best) follow(0, at, text, at, &scratch->now, &scratch->seen_now, scratch);
    if (best && scratch->now.empty()) return best;
    if (scratch->work > kWorkBetweenPolls) {
      scratch->work = 0;
      if (stopped()) return std::nullopt;
    }
    ++scratch->step;
    scratch->next.clear();
    for (const Thread& thread : scratch->now) {
      if (program_[thread.place].op == Op::kMatch) {
        best = TextMatch{thread.begin, at};
        break;  // what comes behind is less preferred
      }
      if (at < text.size()) advance(thread, text, at, scratch);
    }
    std::swap(scratch->now, scratch->next);
    std::swap(scratch->seen_now, scratch->seen_next);
  }
  return best;
}

}  // namespace promethean::search
