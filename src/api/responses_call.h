// One call of POST /v1/responses between its request and its answer.
#pragma once

#include <string>

#include "api/question.h"
#include "llm/dialect/responses_stream.h"

namespace promethean::api {

struct ResponsesCall {
  llm::responses::StreamSetup setup;
  Question question;
  storage::StoredResponse stored;  // its output and body are filled in at the end
  bool store = false;
  bool stream = false;
};

// Checks, fetches what is continued, and translates. `body` is the request's, or what was made of it. Errors name the
// field of the request.
Task<base::Result<ResponsesCall>> make_call(Services& services, Context& ctx, http::Request& request,
                                            const json::Value& body);

// The response object in whole; what was wished to be stored is stored.
Task<base::Result<json::Object>> whole_response(Services& services, Context& ctx, ResponsesCall call);

// The answer in the form that was asked for. Faults that are known within a short time have a status of their own; what
// comes later is told inside the stream.
Task<http::Response> answer_call(Services& services, Context& ctx, ResponsesCall call);

}  // namespace promethean::api
