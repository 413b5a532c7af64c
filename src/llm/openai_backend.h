// OpenAiBackend: anything that speaks OpenAI's chat dialect over HTTP: our own worker on its Unix socket, Ollama's /v1,
// llama.cpp's server, vLLM, a provider.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/client.h"
#include "llm/chat.h"

namespace promethean::llm {

struct OpenAiOptions {
  std::string label;       // for messages: the model's name
  std::string upstream;    // the backend's own name for the model
  std::string api_key;     // sent as a bearer token; empty: none
  bool can_count = false;  // it has POST /tokenize {"content"} -> {"count"}
  http::ClientTimeouts timeouts;
  bool restarts = false;  // a supervisor starts it again when it dies: a call that got no answer is tried again
  std::function<uint64_t()> incarnation;  // see Backend::incarnation; empty: 0
};

// Where the backend is now: "http://127.0.0.1:11434" or "unix:/run/worker.sock:". May start it first.
using Locate = std::function<Task<base::Result<std::string>>(Context&)>;

// `client` outlives the backend.
std::shared_ptr<Backend> make_openai_backend(http::Client& client, OpenAiOptions options, Locate locate);
Locate fixed_location(std::string base_url);

}  // namespace promethean::llm
