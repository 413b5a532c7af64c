// Deltas of an answer as the lines of Ollama's API, and those lines put together into a whole answer.
//
//   Lines lines({.model = "m", .began = ...});
//   if (auto line = lines.take(delta, Moment::now())) ...       {"message": {"content": "..."}, "done": false}
//   for (auto& line : *lines.finish(Moment::now())) ...         the calls, then {"done": true, ...} with the counts
//
// A whole answer is made of the same lines, so both say the same. Durations are in nanoseconds: a prompt is taken to be
// read until the first delta; load_duration is 0, since who loads a model is its backend.
// Source: Ollama's docs/api.md, "Generate a chat completion", "Generate a completion".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "llm/chat.h"

namespace promethean::llm::ollama {

struct Moment {
  base::SteadyTime steady;
  base::WallTime wall;
  static Moment now() { return {base::steady_now(), base::wall_now()}; }
};

// Where the words stand: in `message` (chat), or in `response` (generate).
enum class Form { kMessage, kResponse };

struct Head {
  std::string model;
  Form form = Form::kMessage;
  bool thoughts = true;  // false: what the model thought is left out
  base::SteadyTime began;
  RetrievalContext retrieval_context;  // goes into the last line
};

class Lines {
 public:
  explicit Lines(Head head) : head_(std::move(head)) {}

  // nullopt when this delta alone has nothing to say. Calls are kept until they are whole.
  std::optional<json::Object> take(const Delta& delta, Moment now);

  // After the backend's proper end. kUnavailable when the model called a tool with arguments that are no JSON object,
  // since this dialect could only leave them out.
  base::Result<std::vector<json::Object>> finish(Moment now);

 private:
  struct Call {
    std::string id;
    std::string name;
    std::string arguments;
  };

  json::Object line(Moment now, json::Object message) const;
  base::Result<json::Array> calls() const;
  json::Object last_line(Moment now) const;

  Head head_;
  std::map<int64_t, Call> calls_;
  std::optional<base::SteadyTime> first_;  // delta
  std::string finish_reason_;
  Usage usage_;
};

// The answer to a request that only loads a model, or lets it go by `keep_alive: 0`.
json::Object loaded(const Head& head, bool lets_go, Moment now);

// An answer as its lines say.
class Whole {
 public:
  void add(json::Object line);
  json::Object answer() && { return std::move(answer_); }

 private:
  json::Object answer_;
};

}  // namespace promethean::llm::ollama
