// An answer as server-sent events: chat.completion.chunk or text_completion objects, then [DONE]. When the backend
// breaks off, the last event is {"error":{...}} without a [DONE], and the connection is cut, so that no client takes
// half an answer for a whole.
#pragma once

#include <memory>
#include <string>

#include "http/message.h"
#include "llm/chat.h"

namespace promethean::api {

struct ChatHead {
  std::string id;
  std::string object = "chat.completion.chunk";  // text_completion for bare prompts
  int64_t created = 0;                           // unix seconds
  std::string model;
  bool include_usage = false;               // a last chunk with `usage` and no choices
  llm::RetrievalContext retrieval_context;  // goes into the last chunk
};

// stream_options.include_usage of a request.
bool wants_usage(const json::Value& body);

http::Response stream_chat(ChatHead head, std::unique_ptr<llm::ChatStream> stream);

}  // namespace promethean::api
