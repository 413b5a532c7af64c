// POST /v1/messages and /v1/messages/count_tokens: Anthropic's dialect over any backend.
#pragma once

#include "api/services.h"

namespace promethean::api {

// `services`, `ctx` and `request` outlive the tasks; a streamed answer keeps what it needs of the request.
Task<http::Response> handle_messages(Services& services, Context& ctx, http::Request& request);
Task<http::Response> handle_count(Services& services, Context& ctx, http::Request& request);

}  // namespace promethean::api
