// Deltas of an answer as events of Anthropic's Messages API, and those events put together into a whole message.
//
//   Events events({.id = "msg_1", .model = "m"});
//   for (auto& event : events.start()) ...                message_start
//   for (auto& event : events.take(delta)) ...            content_block_start, content_block_delta, content_block_stop
//   for (auto& event : events.finish()) ...               content_block_stop, message_delta, message_stop
//
// One block is open at a time. A whole message is made of the same events, so both say the same.
// Source: Anthropic API reference, "Messages", "Streaming messages".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "llm/chat.h"

namespace promethean::llm::messages {

struct Event {
  std::string name;
  json::Object data;  // its "type" is the name
};

struct Head {
  std::string id;  // "msg_..."
  std::string model;
  int64_t prompt_tokens = 0;           // a guess, until the backend tells
  RetrievalContext retrieval_context;  // a member of the message; again with message_delta when it has grown
};

class Events {
 public:
  explicit Events(Head head) : head_(std::move(head)) {}
  std::vector<Event> start();
  std::vector<Event> take(const Delta& delta);
  std::vector<Event> finish();  // after the backend's proper end

 private:
  // A call whose pieces are kept because another one is not whole yet.
  struct Call {
    std::string id;
    std::string name;
    std::string arguments;
  };
  using Out = std::vector<Event>;

  void say(Out& out, std::string_view kind, std::string_view key, std::string_view text);
  void take_piece(Out& out, const ToolCallPiece& piece);
  void open_call(Out& out, int64_t index, Call call);
  void open(Out& out, std::string_view kind, json::Object block);
  void close(Out& out);
  void emit(Out& out, std::string_view name, json::Object data) const;
  std::string_view stop_reason() const;

  Head head_;
  size_t told_ = 0;        // members of the retrieval context in message_start
  int64_t block_ = -1;     // index of the open block, or of the last one
  std::string kind_;       // of the open block: text, thinking, tool_use; empty: none is open
  int64_t call_ = -1;      // the backend's index of the open call
  std::string arguments_;  // of the open call, so far
  std::map<int64_t, Call> kept_;
  bool called_ = false;
  bool refused_ = false;
  std::string finish_reason_;
  std::optional<std::string> stop_sequence_;
  std::optional<Usage> usage_;
};

Event ping();

// A message as its events say. message() after message_stop.
class Whole {
 public:
  void add(const Event& event);
  json::Object message() && { return std::move(message_); }

 private:
  json::Object& block(const Event& event);
  json::Object message_;
  std::string input_;  // JSON text of the open tool_use
};

}  // namespace promethean::llm::messages
