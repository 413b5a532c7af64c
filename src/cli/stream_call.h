// One POST whose answer is read while it comes: by the server of this root when one runs, else by the same parts in
// this process. What ask and replay have in common.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "http/message.h"

namespace promethean::cli {

struct StreamCall {
  std::string path;       // "/v1/chat/completions"
  http::Headers headers;  // beside content type and credential
  std::string body;       // JSON
  std::string server;     // HOST:PORT; empty: the one of this root, if it runs
};

// Pieces of the answer's body; an error ends the reading.
using OnBytes = std::function<base::Result<void>(std::string_view)>;

// Blocks until the answer has ended; Ctrl-C cancels it. An answer with another status than 200 is the Error that it
// tells. kNotFound for a path that this program does not have.
base::Result<void> stream_call(const Invocation& invocation, const StreamCall& call, const OnBytes& on_bytes);

}  // namespace promethean::cli
