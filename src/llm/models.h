// The model table: which name a client may ask for, who answers to it, and how hard we try.
//
// A call passes, in this order: the breaker of the model (is it away?), its admission (is there a place?), then the
// backend, again after a pause while it is away and nothing was answered, then the models of its fallback chain. Once
// the first delta is there nothing is tried again: what a client has seen cannot be taken back.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "llm/admission.h"
#include "llm/breaker.h"
#include "llm/chat.h"

namespace promethean::llm {

// Tries before the first delta. Only for what may pass: kUnavailable, and kRateLimited that asks for a short wait.
struct RetryPolicy {
  int retries = 2;                                // after the first try
  std::chrono::milliseconds pause{200};           // before the first retry; doubles each time, and varies by half
  std::chrono::milliseconds longest_wait{2'000};  // what a backend may ask us to wait; longer is the client's decision
};

struct CallTimeouts {
  std::chrono::milliseconds first_token{120'000};  // a place was free -> the first delta, all tries together
  std::chrono::milliseconds total{600'000};        // a place was free -> the end
};

struct Model {
  std::string name;
  int64_t context = 0;                // tokens; 0: not known
  bool retrieval = true;              // default for requests that do not say
  bool grounded = false;              // places come word for word from the citations, the model adds a sentence to each
  std::vector<std::string> fallback;  // tried in order when the backend is unavailable before its first token
  json::Object parameters;            // fields of a request that does not bring them
  std::shared_ptr<Backend> backend;
  std::shared_ptr<Admission> admission;  // null: no limit
  std::shared_ptr<Breaker> breaker = std::make_shared<Breaker>();
  RetryPolicy retry;
  CallTimeouts timeouts;
};

// The answer of this model to a validated request (Endpoint kChat or kCompletions), its first delta read. `caller` is
// who shares the model fairly with others; the stream holds the caller's place until it is destroyed. Errors as
// Backend::chat; kTooLarge about "messages" when the prompt cannot fit the model's context; kRateLimited when the
// waiting room is full; kDeadlineExceeded when the first token takes too long. `model` outlives the stream.
Task<base::Result<std::unique_ptr<ChatStream>>> ask(Context& ctx, const Model& model, json::Object request,
                                                    std::string caller, Endpoint endpoint = Endpoint::kChat);

// The embeddings of a validated request, on the same way. There is no fallback: vectors of two models say nothing about
// each other.
Task<base::Result<Embeddings>> embed(Context& ctx, const Model& model, json::Object request, std::string caller);

// Immutable once built; the first entry is the default model.
class ModelTable {
 public:
  ModelTable(std::vector<Model> models, bool unknown_gets_default);

  // The model for a client's `name`; an empty name means the default. kNotFound about "model" otherwise, unless unknown
  // names get the default.
  base::Result<const Model*> find(std::string_view name) const;
  const std::vector<Model>& list() const { return models_; }
  int64_t created() const { return created_; }  // unix seconds, shown in /v1/models

  struct Started {
    const Model* used = nullptr;  // who answers
    std::unique_ptr<ChatStream> stream;
  };
  // Asks `model`, then its fallbacks while those before are away or full.
  Task<base::Result<Started>> chat(Context& ctx, const Model& model, json::Object request, std::string caller,
                                   Endpoint endpoint = Endpoint::kChat) const;

 private:
  std::vector<Model> models_;
  bool unknown_gets_default_;
  int64_t created_;
};

// Tokens that a request has at least, guessed from its bytes (four a token): to refuse what cannot fit before a backend
// cuts it silently.
int64_t least_tokens(const json::Object& request);

}  // namespace promethean::llm
