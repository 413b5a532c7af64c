// Requests of Ollama's API, turned into bodies that the model table takes. Pure: no model, no socket.
//
// What Ollama's own server does with a model's files (keep_alive, num_ctx, num_gpu, ...) is the backend's affair here:
// such fields are accepted and go nowhere. What would change the meaning if it were left out is refused by name.
// Source: Ollama's docs/api.md, "Generate a chat completion", "Generate a completion", "Generate Embeddings".
#pragma once

#include <string>
#include <string_view>

#include "json/json.h"
#include "llm/compatibility.h"

namespace promethean::llm::ollama {

// JSON Schemas of the bodies; fields that they do not know are accepted.
extern const std::string kChatSchema;
extern const std::string kGenerateSchema;
extern const std::string_view kEmbedSchema;       // POST /api/embed: one text or several
extern const std::string_view kEmbeddingsSchema;  // POST /api/embeddings, the older one: one prompt
extern const std::string_view kNameSchema;        // what only names a model: under `model`, or in older clients `name`

// What to ask, and where. kChat: `body` satisfies kChatRequestSchema and check_messages; each call in it is answered by
// the message behind it. kCompletions: a body for complete().
struct Asked {
  json::Object body;
  Endpoint endpoint = Endpoint::kChat;
};

// Whether a chat, or a prompt, has anything to answer. Without, a request only wants the model to be loaded; clients
// begin with one.
bool has_messages(const json::Value& request);
bool has_prompt(const json::Value& request);

// `request` satisfies kChatSchema and has_messages(). kInvalidArgument with the field.
base::Result<Asked> from_chat(const json::Value& request);

// `request` satisfies kGenerateSchema. A prompt is a chat of one message; one that is `raw`, or has a `suffix`, is
// completed as it is, by at most `most_tokens` where it gives no limit of its own. kInvalidArgument with the field.
base::Result<Asked> from_generate(const json::Value& request, int64_t most_tokens);

// Ollama streams unless it is told not to.
bool wants_stream(const json::Value& request);

// False: the request said `think: false`, and thoughts of models that think all the same are not for its client.
bool wants_thoughts(const json::Value& request);

}  // namespace promethean::llm::ollama
