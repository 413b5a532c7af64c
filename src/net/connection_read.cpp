// What a Connection reads: heads and bodies, with their limits and time limits.
#include <fmt/format.h>

#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include "net/connection_exchange.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::kTuple;
using async::Task;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kIdleRead = 1 << 10;   // bytes held ready by a connection that waits for a request
constexpr size_t kHeadRead = 4 << 10;   // bytes asked for at a time while a head is read
constexpr size_t kBodyRead = 64 << 10;  // bytes of a body asked for at a time

bool plain_request_id(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
         std::string_view::npos;
}

const boost::system::error_category& http_category() {
  return make_error_code(beast::http::error::bad_method).category();
}

// A Transfer-Encoding that we do not decode would leave the body to be read as the next request (RFC 9112, 6.1).
bool plain_framing(const Parser& parser) {
  const auto& message = parser.get();
  const auto encodings = message.count(beast::http::field::transfer_encoding);
  return encodings == 0 || (encodings == 1 && parser.chunked() &&
                            beast::iequals(message[beast::http::field::transfer_encoding], "chunked"));
}

}  // namespace

// Reads until the parser has a whole head. Beast's own read would not tell the first byte of a request from silence,
// and that is where the head's time limit starts.
Task<ErrorCode> Connection::fill_head(Exchange& exchange) {
  Parser& parser = exchange.in->parser;
  enter(buffer_.size() == 0 ? Phase::kIdle : Phase::kHead);
  ErrorCode ec;
  for (;;) {
    if (buffer_.size() > 0) {
      buffer_.consume(parser.put(buffer_.data(), ec));
      if (parser.is_header_done() || (ec && ec != beast::http::error::need_more)) co_return ec;
    }
    if (phase_ == Phase::kIdle && core_->draining()) co_return asio::error::eof;
    const size_t wanted = phase_ == Phase::kIdle ? kIdleRead : kHeadRead;
    const size_t room = std::min(buffer_.max_size() - buffer_.size(), wanted);
    if (room == 0) co_return beast::http::error::header_limit;
    size_t got = 0;
    std::tie(ec, got) = co_await socket_.async_read_some(buffer_.prepare(room), kTuple);
    if (ec) co_return ec;
    buffer_.commit(got);
    if (phase_ == Phase::kIdle) {
      exchange.started = base::steady_now();
      enter(Phase::kHead);
    }
  }
}

// The answer to a head that cannot be served, after which the connection closes.
void Connection::refuse_head(Exchange& exchange, int status, base::Error error) {
  exchange.in->refusal.emplace(core_->shared->router.reject(exchange.in->request.path, error));
  exchange.in->refusal->status = status;
  exchange.keep_alive = false;
}

// False when the connection ended without a request. A request that cannot be served has exchange.in->refusal.
Task<bool> Connection::read_head(Exchange& exchange) {
  Parser& parser = exchange.in->parser;
  parser.header_limit(static_cast<uint32_t>(core_->shared->options.max_header));
  parser.body_limit(boost::none);  // the route decides, see read_body
  const ErrorCode ec = co_await fill_head(exchange);
  exchange.request_id = core_->next_request_id();
  if (ec == beast::http::error::header_limit) {
    refuse_head(exchange, 431, base::Error(base::Code::kTooLarge, "the request line and headers are too large"));
    co_return true;
  }
  if (timed_out_ && socket_.is_open()) {
    refuse_head(exchange, 408, base::Error(base::Code::kDeadlineExceeded, "the request head did not arrive in time"));
    co_return true;
  }
  if (ec && ec.category() != http_category()) co_return false;  // the client has gone
  if (ec) {
    refuse_head(exchange, 400,
                base::Error(base::Code::kInvalidArgument, "this is not an HTTP/1.1 request: " + ec.message()));
    co_return true;
  }
  take_head(exchange);
  co_return true;
}

// From the parsed head to a routed request, or a refusal.
void Connection::take_head(Exchange& exchange) {
  auto& message = exchange.in->parser.get();
  http::Request& request = exchange.in->request;
  request.method = http::parse_method(message.method_string());
  request.target = message.target();
  request.remote = remote_;
  size_t hosts = 0;
  request.headers.reserve(static_cast<size_t>(std::distance(message.begin(), message.end())));
  for (const auto& field : message) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
    if (field.name() == beast::http::field::host) ++hosts;
  }
  exchange.keep_alive = message.keep_alive() && !core_->draining();
  exchange.version = message.version();
  exchange.head_only = request.method == http::Method::kHead;
  if (const auto id = request.headers.get("x-request-id"); id && plain_request_id(*id)) exchange.request_id = *id;

  if (!plain_framing(exchange.in->parser)) {
    refuse_head(exchange, 400,
                base::Error(base::Code::kInvalidArgument, "only Transfer-Encoding: chunked is understood"));
    return;
  }

  std::string_view target = request.target;
  if (target.starts_with("http://") || target.starts_with("https://")) {  // absolute-form, RFC 9112 3.2.2
    const size_t start = target.find("://") + 3;
    const size_t slash = std::min(target.find_first_of("/?", start), target.size());
    request.headers.set("host", std::string(target.substr(start, slash - start)));  // the target's authority counts
    target = slash < target.size() ? target.substr(slash) : "/";
  }
  const size_t question = target.find('?');
  auto path = http::percent_decode(target.substr(0, question));
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  if (!path || (!path->starts_with('/') && *path != "*")) {
    refuse_head(exchange, 400, base::Error(base::Code::kInvalidArgument, "the request target cannot be decoded"));
    return;
  }
  request.path = std::move(*path);
  if (core_->shared->log.enabled(base::LogLevel::kInfo)) {
    exchange.what = fmt::format("{} {}", http::method_name(request.method), request.path);
  }
  if (hosts != 1 && message.version() >= 11) {
    refuse_head(exchange, 400, base::Error(base::Code::kInvalidArgument, "exactly one Host header is needed"));
    return;
  }
  exchange.in->admission = core_->shared->router.admit(request);
  exchange.route = exchange.in->admission.route;
  if (exchange.in->admission.rejection) exchange.in->refusal = std::move(exchange.in->admission.rejection);
}

// The rest of a body of known length, read to where it stays. Memory is taken as bytes come, not as they are announced.
Task<ErrorCode> Connection::fill_sized_body(Exchange& exchange) {
  std::string& body = exchange.in->parser.get().body();
  const auto whole = static_cast<size_t>(*exchange.in->parser.content_length());
  size_t have = body.size();
  while (have < whole) {
    if (body.size() == have) {
      const size_t room = std::min(whole, have + std::max(have, kBodyRead));
      // (libstdc++ 12 tells the function of more room than was asked for.)
      body.resize_and_overwrite(room, [room](char*, size_t) { return room; });
    }
    const auto [ec, got] =
        co_await socket_.async_read_some(asio::buffer(body.data() + have, body.size() - have), kTuple);
    if (ec == asio::error::eof) co_return beast::http::error::partial_message;
    if (ec) co_return ec;
    have += got;
  }
  co_return ErrorCode();
}

Task<ErrorCode> Connection::fill_chunked_body(Exchange& exchange) {
  Parser& parser = exchange.in->parser;
  ErrorCode ec;
  while (!parser.is_done()) {
    const size_t room = std::min(buffer_.max_size() - buffer_.size(), kBodyRead);
    if (room == 0) co_return beast::http::error::buffer_overflow;
    size_t got = 0;
    std::tie(ec, got) = co_await socket_.async_read_some(buffer_.prepare(room), kTuple);
    if (ec == asio::error::eof) co_return beast::http::error::partial_message;
    if (ec) co_return ec;
    buffer_.commit(got);
    buffer_.consume(parser.put(buffer_.data(), ec));
    if (ec && ec != beast::http::error::need_more) co_return ec;
  }
  co_return ErrorCode();
}

// False when the client did not deliver its body; then exchange.in->refusal says why, or the connection is gone.
Task<bool> Connection::read_body(Exchange& exchange) {
  Parser& parser = exchange.in->parser;
  const http::Family family = exchange.in->admission.route->family;
  const size_t limit = exchange.in->admission.max_body;
  const auto too_large = [family, limit] {
    return http::error_response(
        family, base::Error(base::Code::kTooLarge, fmt::format("the body is larger than {} bytes", limit),
                            "send less, or raise [server] max_body_bytes"));
  };
  if (parser.content_length() && *parser.content_length() > limit) {
    exchange.in->refusal = too_large();
    co_return false;
  }
  enter(Phase::kBody);
  ErrorCode ec;
  if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue") && !parser.is_done()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    std::tie(ec, std::ignore) = co_await asio::async_write(socket_, asio::buffer(kContinue), kTuple);
  }
  parser.body_limit(limit);
  parser.eager(true);
  if (!ec && !parser.is_done() && buffer_.size() > 0) {  // most bodies have come with their head
    buffer_.consume(parser.put(buffer_.data(), ec));
    if (ec == beast::http::error::need_more) ec.clear();
  }
  if (!ec && !parser.is_done()) {
    auto rest = parser.content_length() ? fill_sized_body(exchange) : fill_chunked_body(exchange);
    ec = co_await std::move(rest);
  }
  if (!ec) {
    exchange.in->request.body = std::move(parser.get().body());
    co_return true;
  }
  if (ec == beast::http::error::body_limit) {
    exchange.in->refusal = too_large();
  } else if (timed_out_ && socket_.is_open()) {
    auto response = http::error_response(
        family, base::Error(base::Code::kDeadlineExceeded, "the request body did not arrive in time"));
    response.status = 408;
    exchange.in->refusal = std::move(response);
  } else if (ec.category() == http_category() && ec != beast::http::error::partial_message) {
    exchange.in->refusal = http::error_response(
        family, base::Error(base::Code::kInvalidArgument, "the body cannot be read: " + ec.message()));
  }
  co_return false;
}

}  // namespace promethean::net
