// Answers in Ollama's dialect: newline-delimited JSON, or whole. When the backend breaks off, the last line of a stream
// is
// {"error": "..."}, and the connection is cut, so that no client takes half an answer for a whole.
#pragma once

#include <memory>

#include "http/router.h"
#include "llm/dialect/ollama_stream.h"

namespace promethean::api {

inline constexpr std::string_view kNdjson = "application/x-ndjson";

inline http::Response ollama_error(const base::Error& error) {
  return http::error_response(http::Family::kOllama, error);
}

http::Response stream_lines(llm::ollama::Head head, std::unique_ptr<llm::ChatStream> stream);

// `ctx` outlives the task.
async::Task<http::Response> whole_lines(async::Context& ctx, llm::ollama::Head head,
                                        std::unique_ptr<llm::ChatStream> stream);

// The answer to a request that only loads a model or lets it go.
http::Response loaded_line(const llm::ollama::Head& head, bool lets_go);

}  // namespace promethean::api
