// What the TLS connections of one client share: whom they trust, how they check it, and sessions to resume.
//
// There is no way to leave the checks out: a certificate must be signed by one of the system's roots (SSL_CERT_FILE and
// SSL_CERT_DIR name others) or by `ca_file`, be valid today, and name the host of the URL. TLS 1.2 or later.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"

namespace promethean::net {

// Threads: any.
class Tls {
 public:
  explicit Tls(std::string ca_file) : ca_file_(std::move(ca_file)) {}

  // Lives as long as this. Made when first asked for: reading the roots takes milliseconds that a server without
  // https models need not spend. kUnavailable when `ca_file` cannot be used.
  base::Result<boost::asio::ssl::context*> context();

  void resume(SSL* ssl, const std::string& peer);    // before the handshake: offers the last session with `peer`
  void remember(SSL* ssl, const std::string& peer);  // at the end of a connection: keeps its session for the next

 private:
  struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };

  const std::string ca_file_;
  std::mutex mutex_;
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::map<std::string, std::unique_ptr<SSL_SESSION, FreeSession>> sessions_;  // by "host:port"
};

// Asks the server for `host` and accepts no certificate that does not name it. False: `host` can stand in none.
[[nodiscard]] bool expect_host(SSL* ssl, const std::string& host);

// After a failed handshake: what is wrong with the certificate of `peer`, if that was the reason.
std::optional<base::Error> certificate_error(SSL* ssl, const std::string& peer);

// The other side answered with something that is not TLS.
bool is_no_tls(boost::system::error_code ec);

}  // namespace promethean::net
