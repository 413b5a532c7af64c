// WorkerService: what `promethean worker` serves on its private socket: OpenAI's dialect for one local model.
//
//   POST /v1/chat/completions   streamed or not; response_format and `grammar` (GBNF) constrain the answer; `n` answers
//                               one after the other; log probabilities of their tokens
//   POST /v1/completions        one prompt as it is, without a chat template; a text or tokens
//   POST /v1/embeddings         numbers only; beside the answers, not behind them
//   GET  /v1/models
//   POST /tokenize              {"content": "…"} or {"messages": […]} -> {"count": 12}
//   GET  /health                {"status":"ok","model":…,"context":8192,"busy":false,"waiting":0}
//   GET  /metrics               Prometheus text
//
// To the gateway it is one more OpenAI-compatible backend. A prompt that does not fit is 400 context_length_exceeded, a
// full queue 429. When the client leaves, generation stops within one token
// (promethean_worker_tokens_after_cancel_total). Threads: any core of the runtime; the engine works on a thread of its
// own (decode_queue.h).
#pragma once

#include <memory>
#include <string>

#include "async/pool.h"
#include "http/router.h"
#include "llm/local/chat_stream.h"
#include "llm/local/decode_queue.h"
#include "llm/local/engine.h"
#include "telemetry/registry.h"

namespace promethean::llm::local {

struct WorkerOptions {
  std::string model_name;   // how it is listed; empty: the engine's own name
  size_t max_waiting = 16;  // answers behind the one that is being generated
};

class WorkerService {
 public:
  // `metrics` outlives the service; the service outlives the router that its routes are in.
  WorkerService(std::unique_ptr<Engine> engine, telemetry::Registry& metrics, WorkerOptions options);
  ~WorkerService() { stop(); }

  // Ends what runs and what waits. Once the runtime has stopped running, before it is destroyed.
  void stop();

  base::Result<void> add_routes(http::Router& router);

 private:
  // What is generated, how the answer is told, and which field of the request has the prompt.
  struct Asked;
  AnswerHead new_head(std::string_view id_prefix) const;
  async::Task<http::Response> answer(async::Context& ctx, Asked asked);
  async::Task<http::Response> chat(async::Context& ctx, http::Request& request);
  async::Task<http::Response> complete(async::Context& ctx, http::Request& request);
  async::Task<http::Response> embed(async::Context& ctx, http::Request& request);
  async::Task<http::Response> tokenize(async::Context& ctx, http::Request& request);
  http::Response models() const;
  http::Response health() const;

  std::unique_ptr<Engine> engine_;
  telemetry::Registry& metrics_;
  std::string model_;
  async::BlockingPool pool_;            // templates and tokenizing; not behind the answers in the queue
  async::BlockingPool embedding_pool_;  // one text after the other, of all requests
  DecodeQueue queue_;
};

}  // namespace promethean::llm::local
