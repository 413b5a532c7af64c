// A streamed answer in Anthropic's dialect. When the model takes long, `ping` events say that it is still at work; when
// it breaks off, the last event is an `error`, and the connection is cut.
#pragma once

#include "api/question.h"
#include "llm/dialect/messages_stream.h"

namespace promethean::api {

// What fails within a few seconds is an error of its own with its status; after that the stream has begun.
Task<http::Response> stream_messages(Services& services, Context& ctx, Question question, llm::messages::Head head);

}  // namespace promethean::api
