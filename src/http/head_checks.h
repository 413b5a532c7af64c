// The checks that need nothing but a request's head: Host, Origin, content type. They keep a web page that the user
// happens to look at from talking to a server on his machine (DNS rebinding, cross-site requests).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace promethean::http {

// kInvalidArgument without exactly one Host header, kPermissionDenied for a host that is not in `allowed` (lower case,
// without port; IPv6 in brackets).
base::Result<void> check_host(const RequestHead& head, const std::vector<std::string>& allowed);

enum class Origin { kAbsent, kOwn, kListed, kForeign };
// kOwn: the origin's host and port are those of the Host header. "null" and unreadable ones are kForeign.
Origin classify_origin(const RequestHead& head, const std::vector<std::string>& allowed);

// What failed, with the status where the Code alone does not name it (415).
struct HeadFailure {
  int status;
  base::Error error;
};
// A body of an unsafe method must be JSON in UTF-8 and not compressed. Without a body anything goes.
std::optional<HeadFailure> check_content_type(const RequestHead& head);

// The Content-Length, 0 when absent or unreadable.
size_t announced_body(const RequestHead& head);

}  // namespace promethean::http
