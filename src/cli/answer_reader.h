// AnswerReader: the streamed answers of all dialects as one: text, tool calls, citations, usage.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/sse.h"
#include "json/json.h"

namespace promethean::cli {

struct ReadAnswer {
  std::string text;           // of the first choice
  json::Array tool_calls;     // of it: {name, arguments}, the arguments as text
  json::Value retrieval;      // retrieval_context; null: there was none
  std::string model;          // who answered
  std::string finish_reason;  // in the chat dialect's words
  std::optional<int64_t> prompt_tokens;
  std::optional<int64_t> completion_tokens;
};

class AnswerReader {
 public:
  // `on_text` gets the text piece by piece.
  using OnText = std::function<void(std::string_view)>;

  // Of the answers at `endpoint`; kUnsupported when they are none that can be read.
  static base::Result<AnswerReader> of(std::string_view endpoint, OnText on_text);

  // Bytes in any cuts. The error that the stream tells, or that it cannot be read.
  base::Result<void> feed(std::string_view bytes);

  // When there are no more: kUnavailable when the answer broke off.
  base::Result<ReadAnswer> finish();

 private:
  using Take = void (AnswerReader::*)(const json::Value& event);
  AnswerReader(Take take, bool lines, OnText on_text) : take_(take), lines_(lines), on_text_(std::move(on_text)) {}

  void take_data(std::string_view data);
  void take_chat(const json::Value& chunk);
  void take_messages(const json::Value& event);
  void take_responses(const json::Value& event);
  void take_ollama(const json::Value& line);
  void take_response(const json::Value& response);
  void add_text(std::string_view text);
  void add_call_piece(size_t index, std::string_view name, std::string_view arguments);

  Take take_;
  bool lines_;  // JSON lines instead of events
  OnText on_text_;
  http::SseParser parser_;
  std::string rest_;  // of lines
  ReadAnswer answer_;
  bool done_ = false;
  std::optional<base::Error> error_;
};

}  // namespace promethean::cli
