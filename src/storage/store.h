// Store: what the server remembers between requests and restarts. Plain values in and out; which database keeps them
// is behind this interface (sqlite/: one file on one machine).
//
//   auto stored = co_await store.response(ctx, "resp_1", principal.id);
//   if (!stored) ...                                            // kNotFound: never there, expired, or another owner's
//
// Owners: everything belongs to the credential that made it, and nobody else can read it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/context.h"
#include "base/error.h"

namespace promethean::storage {

using async::Context;
using async::Task;

// One answer of the Responses API with what it was made from. The JSON is kept as text: the store does not read it.
struct StoredResponse {
  std::string id;
  std::string owner;
  std::string previous_id;  // the response that it continues; empty: none
  int64_t created_at = 0;   // unix seconds
  std::string items;        // JSON array: the request's own input
  std::string output;       // JSON array: what was answered
  std::string body;         // JSON object: the response as the client got it
};

// A conversation that a client continues by its id, which is unique among those of its owner.
struct StoredSession {
  std::string id;
  std::string owner;
  int64_t created_ms = 0;  // unix milliseconds
  int64_t used_ms = 0;     // when it was last put
  int64_t version = 0;     // how often it was put; 0: it is new
  int64_t count = 0;       // of the messages
  std::string messages;    // JSON array
};

// Threads: any core.
class Store {
 public:
  virtual ~Store() = default;

  // kConflict when the id is taken.
  virtual Task<base::Result<void>> put_response(Context& ctx, StoredResponse response) = 0;
  virtual Task<base::Result<StoredResponse>> response(Context& ctx, std::string id, std::string owner) = 0;
  // This response and those that it continues, oldest first. kNotFound for the first; a chain whose older links have
  // expired begins with the oldest that is left. kTooLarge over `max_bytes` of items and output.
  virtual Task<base::Result<std::vector<StoredResponse>>> chain(Context& ctx, std::string id, std::string owner,
                                                                size_t max_bytes) = 0;
  virtual Task<base::Result<void>> remove_response(Context& ctx, std::string id, std::string owner) = 0;

  virtual Task<base::Result<StoredSession>> session(Context& ctx, std::string id, std::string owner) = 0;
  // All of an owner's, without their messages, the last used first.
  virtual Task<base::Result<std::vector<StoredSession>>> sessions(Context& ctx, std::string owner) = 0;
  // Puts it in place of the one that was read as `session`, and forgets the owner's longest unused over `keep`.
  // kConflict when another one is there by now, or none where one was.
  virtual Task<base::Result<void>> put_session(Context& ctx, StoredSession session, int64_t keep) = 0;
  virtual Task<base::Result<void>> remove_session(Context& ctx, std::string id, std::string owner) = 0;
  // Forgets sessions that were last used before `used_before_ms`; how many.
  virtual Task<base::Result<int64_t>> expire_sessions(Context& ctx, int64_t used_before_ms) = 0;

  // Forgets responses that were made before `created_before` (unix seconds); how many.
  virtual Task<base::Result<int64_t>> expire(Context& ctx, int64_t created_before) = 0;

  // Waits for work under way; afterwards nothing is called any more.
  virtual void close() = 0;
};

// Opens or creates the database file `path` (mode 0600) and brings it up to date. kConflict when a newer version of the
// program has written it; kUnavailable when another process holds it in an incompatible way.
base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path);

}  // namespace promethean::storage
