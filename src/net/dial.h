// Opens a Link to where a URL points.
#pragma once

#include <chrono>

#include "net/link.h"

namespace promethean::net {

// Looks the name up, connects and, for https, shakes hands, all within `time`. Every reference outlives the task.
async::Task<base::Result<std::unique_ptr<Link>>> dial(async::Context& ctx, const Url& url, std::shared_ptr<Tls> tls,
                                                      std::chrono::milliseconds time);

}  // namespace promethean::net
