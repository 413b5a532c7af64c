// Strong entity tags (RFC 9110, 8.8.3) of answers that are the same bytes for everybody.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace promethean::http {

std::string strong_etag(std::string_view body);  // with its quotes

// Turns a good answer into 304 when the request's If-None-Match names the ETag that it has. As with HEAD, whoever sends
// it leaves its body out.
void leave_out_what_is_known(const RequestHead& head, Response& response);

}  // namespace promethean::http
