// DecodeQueue: the one thread that generates, and the bounded line of answers that wait for it.
//
// Two generations at once on the same processors would only slow each other down, so answers come one after another.
// Threads: submit() and the counters from any; the rest of an answer goes through its Channel to its own core.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "async/channel.h"
#include "llm/local/engine.h"
#include "telemetry/registry.h"

namespace promethean::llm::local {

// What was added to one choice of an answer, or how it ended; with the end of the last choice what the whole answer
// came to: its prompt counts once, its tokens are those of all choices. The channel is closed after `done`, or closed
// with an error instead.
struct Progress {
  size_t choice = 0;
  AnswerPart part;
  std::optional<Finish> ended;
  std::optional<Generated> done;
};

struct Job {
  std::vector<Token> prompt;
  GenerateOptions options;
  size_t choices = 1;    // one after the other, each with a seed of its own: the first has the one that was asked for
  async::StopFlag stop;  // set when nobody wants the answer any more
  std::shared_ptr<async::Channel<Progress>> out;
};

class DecodeQueue {
 public:
  // `engine` and `metrics` outlive the queue. `max_waiting`: answers behind the one that is being generated.
  DecodeQueue(Engine& engine, telemetry::Registry& metrics, size_t max_waiting);
  DecodeQueue(const DecodeQueue&) = delete;
  DecodeQueue& operator=(const DecodeQueue&) = delete;
  ~DecodeQueue() { stop(); }

  // Stops the running generation and ends every answer that is left with kUnavailable. Before the loop that the answers
  // go to is destroyed; submit() refuses afterwards.
  void stop();

  // kRateLimited when the line is full, kUnavailable after stop().
  base::Result<void> submit(Job job);

  // Room that the channel of an answer of so many choices needs: then no push to it fails.
  size_t channel_capacity(size_t choices) const;

  size_t waiting() const;
  bool busy() const { return busy_.load(std::memory_order_relaxed); }

 private:
  void run();
  std::optional<Job> take();
  void generate(Job& job);
  base::Result<Generated> generate_choice(const Job& job, size_t choice);
  void count(const Generated& done);

  Engine& engine_;
  const size_t max_waiting_;
  telemetry::Counter& requests_;
  telemetry::Counter& refused_;
  telemetry::Counter& cancelled_;
  telemetry::Counter& failed_;
  telemetry::Counter& prompt_tokens_;
  telemetry::Counter& cached_tokens_;
  telemetry::Counter& tokens_;
  telemetry::Counter& tokens_after_cancel_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> line_;
  async::StopFlag running_;  // of the job being generated
  bool closing_ = false;
  std::atomic<bool> busy_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace promethean::llm::local
