// POST /api/chat, /api/generate, /api/embed and /api/embeddings: Ollama's dialect over any backend.
#pragma once

#include "api/services.h"

namespace promethean::api {

// The model for a client's name. Ollama's names have a tag, and `latest` goes without saying: "gemma3" and
// "gemma3:latest" are one model, whichever of them the table has.
base::Result<const llm::Model*> find_tagged(const Services& services, std::string_view name);

// `services`, `ctx` and `request` outlive the tasks; a streamed answer keeps what it needs of the request.
Task<http::Response> handle_ollama_chat(Services& services, Context& ctx, http::Request& request);
Task<http::Response> handle_ollama_generate(Services& services, Context& ctx, http::Request& request);
Task<http::Response> handle_ollama_embed(Services& services, Context& ctx, http::Request& request);
Task<http::Response> handle_ollama_embeddings(Services& services, Context& ctx, http::Request& request);

}  // namespace promethean::api
