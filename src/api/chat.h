// POST /v1/chat/completions: from a validated request to a cited answer, streamed or whole.
#pragma once

#include "api/services.h"

namespace promethean::api {

// `services`, `ctx` and `request` outlive the task; a streamed answer keeps what it needs of the request.
Task<http::Response> handle_chat(Services& services, Context& ctx, http::Request& request);

}  // namespace promethean::api
