// OpenAI's legacy completions and its embeddings: the bodies of both, whose texts may come in four forms, and the
// answers to several prompts as one. Source: OpenAI API reference, "Create completion" and "Create embeddings".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "llm/models.h"

namespace promethean::llm {

// JSON Schemas of the bodies. What they leave open, the forms of `prompt` and `input`, texts_of() checks.
extern const std::string_view kCompletionRequestSchema;
extern const std::string_view kEmbeddingRequestSchema;

inline constexpr size_t kMaxPrompts = 128;
inline constexpr size_t kMaxInputs = 2048;

// The texts of a body's `field`, each a string or an array of tokens: of a string, an array of strings, an array of
// tokens (one text), or an array of such arrays. kInvalidArgument about `field` otherwise, or for more than `most`.
base::Result<json::Array> texts_of(const json::Object& body, std::string_view field, size_t most);

// Starts the answers to all prompts of a validated body as one stream: each prompt is asked when the one before it is
// done, on a place of its own, and the n choices of the p-th prompt (from 0) have the indexes from p * n on. Errors as
// ModelTable::chat.
Task<base::Result<ModelTable::Started>> complete(Context& ctx, const ModelTable& models, const Model& model,
                                                 json::Object body, std::string caller);

// One answer put together from such a stream.
Task<base::Result<Answer>> collect_completion(Context& ctx, ChatStream& stream);

}  // namespace promethean::llm
