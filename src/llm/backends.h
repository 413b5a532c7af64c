// The backends: who answers chats, each in a dialect of its own behind the one interface of chat.h. What becomes of
// each field of a request is said in compatibility.h.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/client.h"
#include "llm/chat.h"
#include "llm/compatibility.h"
#include "llm/upstream.h"

namespace promethean::llm {

struct BackendOptions {
  std::string label;     // for messages: the model's name
  std::string upstream;  // the backend's own name for the model
  std::string api_key;   // empty: none is sent
  http::ClientTimeouts timeouts;
  int64_t context = 0;                    // tokens; 0: the backend's default
  bool can_count = false;                 // it has POST /tokenize {"content"} -> {"count"}
  std::function<uint64_t()> incarnation;  // see Backend::incarnation; empty: 0
};

// Anything that speaks OpenAI's chat dialect: our own worker on its Unix socket (kLocal), llama.cpp's server, vLLM, a
// provider (kOpenAi). `client` outlives the backend; so for all of them.
std::shared_ptr<Backend> make_openai_backend(http::Client& client, Kind kind, BackendOptions options, Locate locate);

// Ollama's own POST /api/chat (and /api/generate and /api/embed), since only there a context size can be asked for; its
// /v1 cuts long prompts silently.
std::shared_ptr<Backend> make_ollama_backend(http::Client& client, BackendOptions options, Locate locate);

// Anthropic's POST /v1/messages.
std::shared_ptr<Backend> make_anthropic_backend(http::Client& client, BackendOptions options, Locate locate);

}  // namespace promethean::llm
