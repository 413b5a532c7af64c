// Routes of the Ollama family and their texts. The handlers themselves are in ollama_answers.cpp and ollama_models.cpp.
#include "api/dialect_schemas.h"
#include "api/ollama_answers.h"
#include "api/ollama_models.h"
#include "api/services.h"
#include "llm/dialect/ollama_request.h"

namespace promethean::api {

namespace {

using OllamaHandler = Task<http::Response> (*)(Services&, Context&, http::Request&);

http::Route asking_route(Services& services, std::string path, std::string id, OllamaHandler handler) {
  http::Route route;
  route.method = http::Method::kPost;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.family = http::Family::kOllama;
  route.limits.deadline = std::chrono::minutes(10);
  route.limits.max_body = services.max_body;
  route.handler = [&services, handler](Context& ctx, http::Request& request) {
    return handler(services, ctx, request);
  };
  return route;
}

http::Route chat_in_ollama_route(Services& services) {
  http::Route route = asking_route(services, "/api/chat", "ollamaChat", handle_ollama_chat);
  route.summary = "Answer a conversation about this repository, in Ollama's dialect";
  route.description =
      "Ollama's chat, over any model of the table. The last user message is answered with cited excerpts of the "
      "repository; `retrieval_context` in the last line lists them. `retrieval: {\"enabled\": false}` asks the model "
      "alone.";
  route.request_schema = llm::ollama::kChatSchema;
  route.response_schema = kOllamaChatAnswer;
  route.streams = true;
  return route;
}

http::Route generate_route(Services& services) {
  http::Route route = asking_route(services, "/api/generate", "ollamaGenerate", handle_ollama_generate);
  route.summary = "Answer one prompt, in Ollama's dialect";
  route.description =
      "As /api/chat with one message. A prompt that is `raw`, or has a `suffix`, is completed as it is, without "
      "excerpts of the repository.";
  route.request_schema = llm::ollama::kGenerateSchema;
  route.response_schema = kOllamaGenerateAnswer;
  route.streams = true;
  return route;
}

http::Route embed_route(Services& services) {
  http::Route route = asking_route(services, "/api/embed", "ollamaEmbed", handle_ollama_embed);
  route.summary = "Turn texts into vectors, in Ollama's dialect";
  route.description = "The vectors are the backend's. A text that is too long is refused, not cut.";
  route.request_schema = llm::ollama::kEmbedSchema;
  route.response_schema = kOllamaEmbedAnswer;
  return route;
}

http::Route old_embeddings_route(Services& services) {
  http::Route route = asking_route(services, "/api/embeddings", "ollamaEmbeddings", handle_ollama_embeddings);
  route.summary = "Turn one text into a vector, as older clients of Ollama ask for it";
  route.description = "Use /api/embed instead, which takes several texts at once.";
  route.request_schema = llm::ollama::kEmbeddingsSchema;
  route.response_schema = kOllamaEmbeddingsAnswer;
  return route;
}

}  // namespace

base::Result<void> add_ollama_routes(http::Router& router, Services& services) {
  for (auto make : {chat_in_ollama_route, generate_route, embed_route, old_embeddings_route, tags_route, running_route,
                    show_route, pull_route, api_version_route}) {
    if (auto added = router.add(make(services)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
