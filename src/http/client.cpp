#include "http/client.h"

#include "base/strings.h"

namespace promethean::http {

// `ctx` and `response` are the caller's and outlive the wait.
Task<base::Result<std::string>> read_body(Context& ctx, ClientResponse& response, size_t limit) {
  std::string body;
  for (;;) {
    auto chunk = co_await response.next(ctx);
    if (!chunk) co_return base::fail(std::move(chunk).error());
    if (*chunk == nullptr) co_return body;
    if ((*chunk)->size() > limit - body.size()) {
      co_return base::fail(base::Code::kTooLarge, "the answer is larger than " + base::human_bytes(limit));
    }
    body += **chunk;
  }
}

}  // namespace promethean::http
