#include "llm/local/decode_queue.h"

#include <pthread.h>

#include <utility>

namespace promethean::llm::local {

namespace {
base::Error shutting_down() {
  return base::Error(base::Code::kUnavailable, "the model process is shutting down", "try again shortly");
}

// One more choice of an answer. The prompt was evaluated for the first; what it was to the others is their time only.
void add_choice(Generated& all, const Generated& choice, bool first) {
  if (first) {
    all = choice;
    return;
  }
  all.finish = choice.finish;
  all.completion_tokens += choice.completion_tokens;
  all.tokens_after_stop += choice.tokens_after_stop;
  all.threads = choice.threads;
  all.prompt_seconds += choice.prompt_seconds;
  all.decode_seconds += choice.decode_seconds;
}
}  // namespace

DecodeQueue::DecodeQueue(Engine& engine, telemetry::Registry& metrics, size_t max_waiting)
    : engine_(engine),
      max_waiting_(max_waiting),
      requests_(metrics.counter("promethean_worker_requests_total", "Answers asked for.")),
      refused_(metrics.counter("promethean_worker_refused_total", "Answers refused because too many were waiting.")),
      cancelled_(metrics.counter("promethean_worker_cancelled_total", "Answers given up because the client left.")),
      failed_(metrics.counter("promethean_worker_failed_total", "Answers that broke off.")),
      prompt_tokens_(metrics.counter("promethean_worker_prompt_tokens_total", "Tokens of prompts.")),
      cached_tokens_(metrics.counter("promethean_worker_cached_tokens_total", "Prompt tokens not evaluated again.")),
      tokens_(metrics.counter("promethean_worker_tokens_total", "Tokens generated.")),
      tokens_after_cancel_(metrics.counter("promethean_worker_tokens_after_cancel_total",
                                           "Tokens decoded although the client had left: at most one for each.")) {
  metrics.gauge_from("promethean_worker_queue_length", "Answers that wait.", {},
                     [this] { return static_cast<double>(waiting()); });
  metrics.gauge_from("promethean_worker_busy", "1 while an answer is being generated.", {},
                     [this] { return busy() ? 1.0 : 0.0; });
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "decode");
}

void DecodeQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    running_.stop();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (Job& job : line_) job.out->close(shutting_down());
  line_.clear();
}

base::Result<void> DecodeQueue::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return base::fail(shutting_down());
    requests_.add();
    if (line_.size() >= max_waiting_) {
      refused_.add();
      return base::fail(base::Code::kRateLimited, "the local model is busy and its queue is full", "try again shortly");
    }
    line_.push_back(std::move(job));
  }
  changed_.notify_one();
  return {};
}

size_t DecodeQueue::channel_capacity(size_t choices) const {
  return choices * (static_cast<size_t>(engine_.info().context_tokens) + 8);
}

size_t DecodeQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

void DecodeQueue::run() {
  while (auto job = take()) {
    generate(*job);
    busy_.store(false, std::memory_order_relaxed);
  }
}

std::optional<Job> DecodeQueue::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closing_ || !line_.empty(); });
  if (closing_) return std::nullopt;
  Job job = std::move(line_.front());
  line_.pop_front();
  running_ = job.stop;
  busy_.store(true, std::memory_order_relaxed);
  return job;
}

void DecodeQueue::generate(Job& job) {
  if (job.stop.stopped()) {
    cancelled_.add();
    job.out->close(base::Error(base::Code::kCancelled, "the request was cancelled"));
    return;
  }
  Generated all;
  for (size_t choice = 0; choice < job.choices; ++choice) {
    auto done = generate_choice(job, choice);
    if (!done) {
      failed_.add();
      job.out->close(std::move(done).error());
      return;
    }
    add_choice(all, *done, choice == 0);
    if (done->finish == Finish::kCancelled || choice + 1 == job.choices) break;
    job.out->push({.choice = choice, .ended = done->finish});
  }
  count(all);
  job.out->push({.choice = job.choices - 1, .ended = all.finish, .done = all});
  job.out->close();
}

base::Result<Generated> DecodeQueue::generate_choice(const Job& job, size_t choice) {
  GenerateOptions options = job.options;
  if (options.seed) *options.seed += static_cast<uint32_t>(choice);
  return engine_.generate(job.prompt, options, job.stop, [&job, choice](AnswerPart part) {
    job.out->push({.choice = choice, .part = std::move(part)});
  });
}

void DecodeQueue::count(const Generated& done) {
  if (done.finish == Finish::kCancelled) cancelled_.add();
  prompt_tokens_.add(static_cast<uint64_t>(done.prompt_tokens));
  cached_tokens_.add(static_cast<uint64_t>(done.cached_tokens));
  tokens_.add(static_cast<uint64_t>(done.completion_tokens));
  tokens_after_cancel_.add(static_cast<uint64_t>(done.tokens_after_stop));
}

}  // namespace promethean::llm::local
