// Credentials: bearer tokens with scopes. Tokens are kept as SHA-256 only; the one exception is the first token, which
// the server writes to its state directory (mode 0600) so that the command line finds it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/message.h"

namespace promethean::http {

struct TokenRecord {
  std::string id;  // "tok_1f2e3d4c", for listing, logs and revoking
  std::string name;
  std::string sha256;  // of the whole token
  std::vector<Scope> scopes;
  int64_t created = 0;  // unix seconds
  int64_t expires = 0;  // 0: never
};

// The tokens of a state directory: `tokens.json` (records) and `token` (the first token in clear, 0600).
// One process may change it while another serves: every change is an atomic rename under a lock file.
// A token is "pmt_" and 64 hex digits (256 random bits). A damaged tokens.json is kInvalidArgument, never overwritten.
class TokenStore {
 public:
  explicit TokenStore(std::string state_dir) : dir_(std::move(state_dir)) {}

  // Makes the first token (all scopes) unless there is one; returns it in clear.
  base::Result<std::string> ensure_first();
  base::Result<std::string> read_first() const;  // kNotFound before ensure_first()

  struct Created {
    TokenRecord record;
    std::string token;  // in clear, shown once
  };
  base::Result<Created> create(std::string name, std::vector<Scope> scopes, int64_t ttl_seconds);
  base::Result<std::vector<TokenRecord>> list() const;
  base::Result<void> revoke(const std::string& id);  // kNotFound
  std::string file() const { return dir_ + "/tokens.json"; }

 private:
  std::string dir_;
};

// Where a credential is looked for, in this order; then comes the cookie.
inline constexpr std::string_view kCredentialHeaders[] = {"authorization", "x-api-key", "x-pi-token"};

// Authenticator: from the headers of a request to a Principal.
// Threads: any. Looks once a second whether the token file changed, and at once when a token is unknown, so that a new
// token works immediately and a revoked one for at most a second more.
class Authenticator {
 public:
  enum class Mode { kToken, kNone };
  struct Options {
    Mode mode = Mode::kToken;
    std::vector<std::string> extra_tokens;  // AUTH_TOKENS: all scopes
    std::string cookie_name;                // AUTH_COOKIE; empty: cookies are not looked at
  };
  Authenticator(Options options, std::string state_dir);
  ~Authenticator();

  // kUnauthenticated with the reason ("missing token", "unknown or expired token"). Exactly one credential is looked
  // at: Authorization: Bearer, else x-api-key, else x-pi-token, else the cookie; a bad one is refused although another
  // may be good. A cookie counts for an unsafe method only beside an Origin (which the router checks) or
  // x-requested-with.
  base::Result<Principal> authenticate(const RequestHead& head) const;

 private:
  struct Table;
  std::shared_ptr<const Table> table(bool recheck) const;

  Options options_;
  std::vector<TokenRecord> extra_;
  TokenStore store_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Table> table_;
};

}  // namespace promethean::http
