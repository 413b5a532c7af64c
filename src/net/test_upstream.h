// For tests: a server of one thread that does what the test scripts, in plain TCP or TLS, and certificates for it.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string>
#include <thread>

#include "base/check.h"

namespace promethean::net {

// A key and its certificate, made at run time and signed by `issuer`, or by itself.
class Identity {
 public:
  struct Options {
    std::string alt_names = "DNS:localhost,IP:127.0.0.1";
    long valid_from = -3600;  // seconds from now
    long valid_to = 3600;
    bool is_ca = false;
  };

  Identity(const Options& options, const Identity* issuer = nullptr)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), cert_(X509_new(), X509_free) {
    X509* cert = cert_.get();
    X509_set_version(cert, 2);
    static std::atomic<long> serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), options.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(cert), options.valid_to);
    const std::string name = options.is_ca ? "test CA" : "test server";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_pubkey(cert, key_.get());
    const Identity& signer = issuer != nullptr ? *issuer : *this;
    X509_set_issuer_name(cert, X509_get_subject_name(signer.cert_.get()));
    add(NID_basic_constraints, options.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!options.is_ca) add(NID_subject_alt_name, options.alt_names);
    CHECK(X509_sign(cert, signer.key_.get(), EVP_sha256()) > 0);
  }

  // Writes the certificate as PEM and returns `path`.
  std::string write_pem(const std::string& path) const {
    FILE* file = ::fopen(path.c_str(), "w");
    CHECK(file != nullptr && PEM_write_X509(file, cert_.get()) == 1);
    ::fclose(file);
    return path;
  }

  void use_in(boost::asio::ssl::context& context) const {
    CHECK(SSL_CTX_use_certificate(context.native_handle(), cert_.get()) == 1);
    CHECK(SSL_CTX_use_PrivateKey(context.native_handle(), key_.get()) == 1);
  }

 private:
  void add(int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    CHECK(extension != nullptr && X509_add_ext(cert_.get(), extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> cert_;
};

// One accepted connection. It speaks TLS if its client does. Errors are ignored: the client under test sees the effect.
class Peer {
 public:
  Peer(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context) : stream_(std::move(socket), context) {}

  // True when the client begins with a TLS handshake; waits for its first byte.
  bool wants_tls() {
    unsigned char first = 0;
    return ::recv(socket().native_handle(), &first, 1, MSG_PEEK) == 1 && first == 0x16;
  }
  // The head of the next request, after a handshake if need be; "" when the client left.
  std::string request() {
    rest_.clear();
    if (!greeted_ && wants_tls()) {
      tls_ = true;
      stream_.handshake(boost::asio::ssl::stream_base::server, ec_);
      if (ec_) return {};
    }
    greeted_ = true;
    std::string head;
    const auto into = boost::asio::dynamic_buffer(head);
    tls_ ? boost::asio::read_until(stream_, into, "\r\n\r\n", ec_)
         : boost::asio::read_until(socket(), into, "\r\n\r\n", ec_);
    if (ec_) return {};
    const size_t end = head.find("\r\n\r\n") + 4;
    rest_ = head.substr(end);
    return head.substr(0, end);
  }
  // The body of that request, which is `length` bytes long.
  std::string body(size_t length) {
    const auto into = boost::asio::dynamic_buffer(rest_);
    const auto more = boost::asio::transfer_exactly(length - rest_.size());
    tls_ ? boost::asio::read(stream_, into, more, ec_) : boost::asio::read(socket(), into, more, ec_);
    return rest_;
  }
  void send(std::string_view bytes) {
    tls_ ? boost::asio::write(stream_, boost::asio::buffer(bytes), ec_)
         : boost::asio::write(socket(), boost::asio::buffer(bytes), ec_);
  }
  void say_goodbye() { stream_.shutdown(ec_); }  // TLS only; returns when the client has closed
  void close() { socket().close(ec_); }          // without a goodbye
  void wait_until_left() {
    char bytes[1024];
    while (::recv(socket().native_handle(), bytes, sizeof bytes, 0) > 0) {
    }
  }

  SSL* ssl() { return stream_.native_handle(); }
  boost::asio::ip::tcp::socket& socket() { return stream_.next_layer(); }

 private:
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::system::error_code ec_;
  std::string rest_;  // read beyond the head
  bool greeted_ = false;
  bool tls_ = false;
};

// Accepts and serves one connection after another; those that the script does not close stay open to the end. Declare
// it after what `serve` refers to: its end calls `close_client`, since a script may wait for that, and waits for the
// script.
class TestUpstream {
 public:
  TestUpstream(const Identity& identity, std::function<void(Peer&)> serve, std::function<void()> close_client)
      : context_(boost::asio::ssl::context::tls_server),
        acceptor_(loop_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        close_client_(std::move(close_client)) {
    identity.use_in(context_);
    thread_ = std::thread([this, serve = std::move(serve)] { run(serve); });
  }
  ~TestUpstream() {
    close_client_();
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // ends the accept
    thread_.join();
  }

  std::string address(const std::string& host = "127.0.0.1") const {
    return host + ":" + std::to_string(acceptor_.local_endpoint().port());
  }
  std::string http() const { return "http://" + address() + "/"; }
  std::string https(const std::string& host = "127.0.0.1") const { return "https://" + address(host) + "/"; }
  int connections() const { return connections_; }

 private:
  void run(const std::function<void(Peer&)>& serve) {
    std::vector<std::unique_ptr<Peer>> peers;
    for (;;) {
      boost::system::error_code ec;
      boost::asio::ip::tcp::socket socket(loop_);
      acceptor_.accept(socket, ec);
      if (ec) return;
      ++connections_;
      peers.push_back(std::make_unique<Peer>(std::move(socket), context_));
      serve(*peers.back());
    }
  }

  boost::asio::io_context loop_;
  boost::asio::ssl::context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::function<void()> close_client_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace promethean::net
