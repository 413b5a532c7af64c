// An answer on its way from the decode thread to a client, in OpenAI's shapes.
#pragma once

#include <memory>
#include <string>

#include "http/message.h"
#include "llm/local/decode_queue.h"

namespace promethean::llm::local {

// What every object of one answer says.
struct AnswerHead {
  std::string id;       // "chatcmpl-…", "cmpl-…"
  int64_t created = 0;  // unix seconds
  std::string model;
  bool include_usage = false;
  bool is_chat = true;  // else the answer to a bare prompt: text_completion
  bool calls = false;   // its text may contain tool calls
  bool logprobs = false;
  size_t choices = 1;
  std::string echo;  // of a bare prompt: what its answer begins with
};

// RunningAnswer: the reading end of a Job. Destroying it, or the end of a Context that waits in next(), sets the stop
// flag, and the engine stops within one token. Lives on one core.
class RunningAnswer {
 public:
  RunningAnswer(std::shared_ptr<async::Channel<Progress>> in, async::StopFlag stop) : in_(std::move(in)), stop_(stop) {}
  RunningAnswer(RunningAnswer&&) = default;
  RunningAnswer& operator=(RunningAnswer&&) = delete;
  ~RunningAnswer() {
    if (in_) stop_.stop();  // not after a move
  }

  // Parts and ends of choices, then exactly one `done`; kCancelled, kDeadlineExceeded, kUnavailable or what the engine
  // failed with.
  async::Task<base::Result<Progress>> next(async::Context& ctx);
  void stop() { stop_.stop(); }

 private:
  std::shared_ptr<async::Channel<Progress>> in_;
  async::StopFlag stop_;
};

// Server-sent events: the role (or the echo) at once, text and tool calls as they come, the finish reason, all this
// once more for each further choice, the usage if wanted, [DONE]. A failure on the way is one event {"error":{…}}, and
// the stream is cut without [DONE].
std::unique_ptr<http::BodyStream> stream_answer(AnswerHead head, RunningAnswer answer);

// The whole answer as one chat.completion or text_completion object.
async::Task<base::Result<json::Value>> whole_answer(async::Context& ctx, AnswerHead head, RunningAnswer answer);

}  // namespace promethean::llm::local
