// Addresses: "127.0.0.1:3210", "[::1]:0", "unix:/path.sock", and the URLs of the client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace promethean::net {

struct Endpoint {
  bool is_unix = false;
  std::string host;  // a name or a numeric address without brackets; the socket's path when is_unix
  uint16_t port = 0;
  std::string label() const;  // as people write it
};

// kInvalidArgument with an example for anything else.
base::Result<Endpoint> parse_endpoint(std::string_view text);

struct Url {
  Endpoint endpoint;
  std::string target;       // "/path?query", at least "/"
  std::string host_header;  // the port only where it is not the scheme's own
  bool tls = false;         // https
};

// "http://host[:port][/path]", the same with https, and "unix:/path.sock:/path".
base::Result<Url> parse_url(std::string_view text);

}  // namespace promethean::net
