#include "net/link.h"

#include <sys/socket.h>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "net/tls.h"
#include "net/write_all.h"

namespace promethean::net {

namespace asio = boost::asio;
using async::Context;
using async::kTuple;
using async::Task;
using ErrorCode = boost::system::error_code;

namespace {

bool nothing_arrived(UpstreamSocket& socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

class PlainLink final : public Link {
 public:
  explicit PlainLink(UpstreamSocket socket) : socket_(std::move(socket)) {}

  Io read_some(asio::mutable_buffer into) override { return socket_.async_read_some(into, kTuple); }
  Io write(std::array<asio::const_buffer, 2> bytes) override { return write_all(socket_, bytes); }
  void close() override {
    ErrorCode ignored;
    socket_.close(ignored);
  }
  bool is_silent() override { return nothing_arrived(socket_); }

 private:
  UpstreamSocket socket_;
};

class TlsLink final : public Link {
 public:
  TlsLink(std::shared_ptr<Tls> tls, asio::ssl::context& context, UpstreamSocket socket, std::string peer)
      : tls_(std::move(tls)), peer_(std::move(peer)), stream_(std::move(socket), context) {}

  ~TlsLink() override {
    // OpenSSL never resumes the session of a connection that was not shut down; ours is only not needed any more.
    SSL_set_shutdown(ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    tls_->remember(ssl(), peer_);
  }

  SSL* ssl() { return stream_.native_handle(); }
  Task<std::tuple<ErrorCode>> handshake() { return stream_.async_handshake(asio::ssl::stream_base::client, kTuple); }

  Io read_some(asio::mutable_buffer into) override { return stream_.async_read_some(into, kTuple); }
  Io write(std::array<asio::const_buffer, 2> bytes) override { return asio::async_write(stream_, bytes, kTuple); }
  void close() override {
    ErrorCode ignored;
    stream_.next_layer().close(ignored);
  }
  bool is_silent() override {
    return SSL_has_pending(ssl()) == 0 && BIO_pending(SSL_get_rbio(ssl())) == 0 &&
           nothing_arrived(stream_.next_layer());
  }

 private:
  std::shared_ptr<Tls> tls_;
  std::string peer_;
  asio::ssl::stream<UpstreamSocket> stream_;
};

}  // namespace

std::unique_ptr<Link> make_plain_link(UpstreamSocket socket) {
  return std::make_unique<PlainLink>(std::move(socket));
}

Task<base::Result<std::unique_ptr<Link>>> open_tls_link(Context& stage, Context& ctx, UpstreamSocket socket,
                                                        const Endpoint& to, std::shared_ptr<Tls> tls) {
  const auto context = tls->context();
  if (!context) co_return base::fail(context.error());
  const std::string peer = to.label();
  auto link = std::make_unique<TlsLink>(tls, **context, std::move(socket), peer);
  if (!expect_host(link->ssl(), to.host)) {
    co_return base::fail(base::Code::kInvalidArgument, "no certificate can be for the host " + to.host);
  }
  tls->resume(link->ssl(), peer);
  ErrorCode ec;
  {
    auto stop = stage.on_cancel([&link] { link->close(); });
    if (!stage.done()) std::tie(ec) = co_await link->handshake();
  }
  if (!ec && !stage.done()) co_return std::unique_ptr<Link>(std::move(link));
  if (!stage.done()) {
    if (auto refused = certificate_error(link->ssl(), peer)) co_return base::fail(std::move(*refused));
  }
  auto error = io_error(stage, ctx, ec, "connecting to " + peer + " (TLS handshake)");
  if (is_no_tls(ec)) error = error.with_hint("if it does not speak TLS, write http:// instead of https://");
  co_return base::fail(std::move(error));
}

base::Error io_error(const Context& stage, const Context& whole, ErrorCode ec, std::string what) {
  if (whole.done()) return whole.error();
  if (stage.done()) return base::Error(base::Code::kDeadlineExceeded, std::move(what) + " took too long");
  return base::Error(base::Code::kUnavailable, std::move(what) + " failed: " + ec.message());
}

}  // namespace promethean::net
