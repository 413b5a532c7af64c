#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include "net/client.h"

namespace promethean::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kMaxSessions = 64;
constexpr unsigned char kAlpn[] = "\x08http/1.1";

base::Result<std::unique_ptr<asio::ssl::context>> make_context(const std::string& ca_file) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  ErrorCode ec;
  context->set_verify_mode(asio::ssl::verify_peer, ec);
  if (!ec) context->set_default_verify_paths(ec);
  if (ec || SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_alpn_protos(native, kAlpn, sizeof(kAlpn) - 1) != 0) {
    return base::fail(base::Code::kInternal, "TLS cannot be set up: " + ec.message());
  }
  if (!ca_file.empty()) context->load_verify_file(ca_file, ec);
  if (ec) {
    return base::fail(base::Code::kUnavailable, "the CA file " + ca_file + " cannot be used: " + ec.message(),
                      "[server] upstream_ca_file names a file of certificates in PEM");
  }
  return context;
}

std::string hint_for(long verdict) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "write the url with a host that the certificate names";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "it needs a new one, unless the clock of this machine is wrong";
    default:
      return "if you trust it, name the certificate of its CA (PEM) in [server] upstream_ca_file, or in SSL_CERT_FILE";
  }
}

}  // namespace

base::Result<asio::ssl::context*> Tls::context() {
  const std::lock_guard lock(mutex_);
  if (!context_) {
    auto made = make_context(ca_file_);
    if (!made) return base::fail(std::move(made).error());
    context_ = std::move(*made);
  }
  return context_.get();
}

void Tls::resume(SSL* ssl, const std::string& peer) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(peer); found != sessions_.end()) SSL_set_session(ssl, found->second.get());
}

void Tls::remember(SSL* ssl, const std::string& peer) {
  std::unique_ptr<SSL_SESSION, FreeSession> session(SSL_get1_session(ssl));
  if (!session || SSL_is_init_finished(ssl) == 0 || SSL_SESSION_is_resumable(session.get()) == 0) return;
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMaxSessions && !sessions_.contains(peer)) sessions_.erase(sessions_.begin());
  sessions_[peer] = std::move(session);
}

bool expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  ErrorCode not_numeric;
  asio::ip::make_address(host, not_numeric);
  if (!not_numeric) return X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

std::optional<base::Error> certificate_error(SSL* ssl, const std::string& peer) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_OK) return std::nullopt;
  return base::Error(base::Code::kUnavailable,
                     "the certificate of " + peer + " is not trusted: " + X509_verify_cert_error_string(verdict),
                     hint_for(verdict));
}

bool is_no_tls(ErrorCode ec) {
  return ec.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_WRONG_VERSION_NUMBER;
}

base::Result<void> check_ca_file(const std::string& path) {
  if (path.empty()) return {};
  const auto made = make_context(path);
  if (made) return {};
  return base::fail(base::Code::kInvalidArgument, made.error().message(), made.error().hint());
}

}  // namespace promethean::net
