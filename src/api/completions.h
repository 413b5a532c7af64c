// POST /v1/completions and POST /v1/embeddings: OpenAI's routes for texts that are no conversations.
#pragma once

#include "api/services.h"

namespace promethean::api {

// A prompt is completed as it is: nothing is retrieved for it, whatever the request says of retrieval.
http::Route completions_route(Services& services);
http::Route embeddings_route(Services& services);

}  // namespace promethean::api
