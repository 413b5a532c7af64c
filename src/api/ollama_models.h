// What a client of Ollama asks about the models: which there are, what one of them can do, whether it is there.
#pragma once

#include "api/services.h"

namespace promethean::api {

http::Route tags_route(Services& services);         // GET /api/tags
http::Route running_route(Services& services);      // GET /api/ps
http::Route show_route(Services& services);         // POST /api/show
http::Route pull_route(Services& services);         // POST /api/pull
http::Route api_version_route(Services& services);  // GET /api/version

}  // namespace promethean::api
