// What a Connection writes: whole answers and streams.
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>

#include "net/connection_exchange.h"
#include "net/write_all.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::Task;
using ErrorCode = boost::system::error_code;

// Not a coroutine itself: one frame less under every stream.
Task<bool> Connection::write(Exchange& exchange, http::Response& response) {
  exchange.status = response.status;
  http::name_request(response, exchange.request_id);
  if (core_->draining()) exchange.keep_alive = false;
  enter(Phase::kWrite);
  const bool whole = std::holds_alternative<std::string>(response.body);
  return whole ? write_plain(exchange, response) : write_stream(exchange, response);
}

namespace {

constexpr size_t kJoin = 16 << 10;  // a body up to this size is sent in one piece with its head

enum class Framing { kLength, kChunked, kUntilClose };

// The head as bytes (RFC 9112). Made by hand because Beast's serializer walks seven buffers a field, a fifth of the
// time of a small answer; names and values come from handlers, never from a client.
std::string render_head(const http::Response& response, const std::string& date, bool keep_alive, Framing framing,
                        size_t length) {
  const auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(response.status));
  std::string out;
  out.reserve(512);
  const auto line = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason).append("\r\n");
  line("date", date);
  for (const auto& [name, value] : response.headers.fields()) line(name, value);
  if (framing == Framing::kLength && response.status != 204) line("content-length", std::to_string(length));
  if (framing == Framing::kChunked) line("transfer-encoding", "chunked");
  line("connection", keep_alive ? "keep-alive" : "close");
  return out.append("\r\n");
}

}  // namespace

Task<bool> Connection::write_plain(Exchange& exchange, http::Response& response) {
  const auto& body = std::get<std::string>(response.body);
  std::string head = render_head(response, core_->date(), exchange.keep_alive, Framing::kLength, body.size());
  const bool bodiless = exchange.head_only || response.status == 204 || response.status == 304;
  ErrorCode ec;
  if (bodiless || body.size() <= kJoin) {
    if (!bodiless) head += body;
    const std::array<asio::const_buffer, 1> one{asio::buffer(head)};
    std::tie(ec, exchange.bytes_sent) = co_await write_all(socket_, one);
  } else {
    const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(body)};
    std::tie(ec, exchange.bytes_sent) = co_await write_all(socket_, both);
  }
  co_return !ec;
}

// The head of a stream goes out at once, so that the client knows the status while the body is still being made.
Task<bool> Connection::write_stream_head(Exchange& exchange, http::Response& response) {
  const Framing framing = exchange.version >= 11 ? Framing::kChunked : Framing::kUntilClose;
  const std::string head = render_head(response, core_->date(), exchange.keep_alive, framing, 0);
  const std::array<asio::const_buffer, 1> one{asio::buffer(head)};
  ErrorCode ec;
  std::tie(ec, exchange.bytes_sent) = co_await write_all(socket_, one);
  co_return !ec;
}

// A piece of the body, or its end for nullptr; write_stream keeps it alive. False when the client takes no more.
Task<bool> Connection::write_chunk(Exchange& exchange, const http::Chunk& chunk) {
  static constexpr std::string_view kLineEnd = "\r\n", kLast = "0\r\n\r\n";
  std::array<char, 18> size{};  // in hex, and the end of its line
  std::array<asio::const_buffer, 3> frame;
  if (exchange.version < 11) {
    if (chunk != nullptr) frame[0] = asio::buffer(*chunk);
  } else if (chunk != nullptr) {
    char* end = std::to_chars(size.data(), size.data() + size.size() - 2, chunk->size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    frame = {asio::const_buffer(size.data(), static_cast<size_t>(end - size.data())), asio::buffer(*chunk),
             asio::buffer(kLineEnd)};
  } else {
    frame[0] = asio::buffer(kLast);
  }
  const auto [ec, written] = co_await write_all(socket_, frame);
  exchange.bytes_sent += written;
  co_return !ec;
}

// What only the request needed is given back: a stream may idle for hours.
void Connection::begin_stream(Exchange& exchange, http::Response& response, http::BodyStream& body) {
  exchange.in.reset();
  response.headers = {};
  buffer_.shrink_to_fit();
  stream_ = &body;
  if (core_->draining()) stream_->drain();
}

void Connection::log_broken(const Exchange& exchange, const base::Error& why) const {
  core_->shared->log.warn("stream broken", {{"request_id", exchange.request_id}, {"why", why.message()}});
}

// True when the whole body has been sent. This frame lives as long as the stream: what is large stays out of it.
Task<bool> Connection::write_stream(Exchange& exchange, http::Response& response) {
  const std::unique_ptr<http::BodyStream> body = std::move(std::get<std::unique_ptr<http::BodyStream>>(response.body));
  if (exchange.version < 11) exchange.keep_alive = false;
  bool writable = co_await write_stream_head(exchange, response);
  if (!writable || exchange.head_only) co_return writable;

  const auto open = core_->shared->metrics.stream();
  begin_stream(exchange, response, *body);
  bool whole = false;
  while (writable && !whole) {
    phase_ = Phase::kHandler;
    deadline_.reset();
    const auto chunk = co_await body->next(*context_);
    enter(Phase::kWrite);
    if (!chunk) {
      log_broken(exchange, chunk.error());
      break;
    }
    whole = *chunk == nullptr;
    writable = co_await write_chunk(exchange, *chunk);
  }
  stream_ = nullptr;
  if (whole && writable) co_return true;
  cut();  // without the last chunk: the client must not take this for the end
  co_return false;
}

}  // namespace promethean::net
