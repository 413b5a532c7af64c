// Upstream: the HTTP side that the backends of all dialects share: where the backend is, our credential, its errors,
// its limits, and the reading of its streams.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "llm/chat.h"

namespace promethean::llm {

// Where the backend is now: "http://127.0.0.1:11434" or "unix:/run/worker.sock:". May start it first.
using Locate = std::function<Task<base::Result<std::string>>(Context&)>;
Locate fixed_location(std::string base_url);

struct UpstreamOptions {
  std::string label;      // for messages: the model's name
  http::Headers headers;  // sent with every request: the credential, a version
  http::ClientTimeouts timeouts;
};

// What a dialect has made of the events so far.
struct Reading {
  std::vector<Delta> ready;  // (a deque takes 600 bytes even when it is empty)
  std::optional<base::Error> failure;
  bool may_end = false;  // the answer is whole, even if the bytes end without saying so
  bool ended = false;    // the dialect's own terminal event was there
};

// How one dialect reads the events of its stream. One object an answer.
class Dialect {
 public:
  virtual ~Dialect() = default;
  // The data of one server-sent event, or one line of NDJSON.
  virtual void take(std::string_view text, Reading& reading) = 0;
};

enum class Framing { kEvents, kLines };

// Threads: any core. `client` outlives it.
class Upstream {
 public:
  Upstream(http::Client& client, UpstreamOptions options, Locate locate)
      : client_(client), options_(std::move(options)), locate_(std::move(locate)) {}

  // The response when its status is 2xx. While the backend has said that its limits are used up, nothing is sent and
  // the answer is kRateLimited with the time that is left.
  // Other statuses: kRateLimited (429), kTooLarge about "messages" (the prompt does not fit), kNotFound about "model",
  // kInvalidArgument (other 4xx), kPermissionDenied (401 and 403: our credential), kUnavailable (5xx).
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> post(Context& ctx, std::string path, std::string body);
  Task<base::Result<json::Value>> post_json(Context& ctx, std::string path, std::string body);

  // An answer as it streams. A stream that breaks off or ends before it may is kUnavailable.
  Task<base::Result<std::unique_ptr<ChatStream>>> stream(Context& ctx, std::string path, std::string body,
                                                         Framing framing, std::unique_ptr<Dialect> dialect);

  // An error that the backend told, in any of the dialects' shapes.
  base::Error error(int status, std::string_view body) const;
  const std::string& label() const { return options_.label; }

 private:
  void note_limits(const http::ClientResponse& response);

  http::Client& client_;
  UpstreamOptions options_;
  Locate locate_;
  std::atomic<int64_t> paused_until_{0};  // steady clock, ms; 0: not paused
};

// "20", "1.5", "250ms", "6m0s", "1h2m3s", "2026-11-25T10:00:00Z": how long a provider asks us to wait; nullopt for
// anything else. At most an hour.
std::optional<std::chrono::milliseconds> parse_wait(std::string_view text, base::WallTime now);

}  // namespace promethean::llm
