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

// A piece of the body as it goes over the wire, or its end for nullptr.
void Connection::append_chunk(const Exchange& exchange, const http::Chunk& chunk, std::string& out) {
  const bool framed = exchange.version >= 11;
  if (chunk == nullptr) {
    if (framed) out += "0\r\n\r\n";
    return;
  }
  std::array<char, 16> size{};
  if (framed) {
    char* end = std::to_chars(size.data(), size.data() + size.size(), chunk->size(), 16).ptr;
    out.append(size.data(), end).append("\r\n");
  }
  out += *chunk;
  if (framed) out += "\r\n";
}

// False when the client takes no more. The bytes are gone with this frame, which does not live as long as the stream.
Task<bool> Connection::write_bytes(Exchange& exchange, std::string bytes) {
  const std::array<asio::const_buffer, 1> one{asio::buffer(bytes)};
  const auto [ec, written] = co_await write_all(socket_, one);
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
//
// What waits in `out` goes out before anything is waited for, so that the client knows the status while the body is
// still being made, and sees each chunk as soon as it is there. What needs no waiting goes out with it.
Task<bool> Connection::write_stream(Exchange& exchange, http::Response& response) {
  const std::unique_ptr<http::BodyStream> body = std::move(std::get<std::unique_ptr<http::BodyStream>>(response.body));
  if (exchange.version < 11) exchange.keep_alive = false;
  const Framing framing = exchange.version >= 11 ? Framing::kChunked : Framing::kUntilClose;
  std::string out = render_head(response, core_->date(), exchange.keep_alive, framing, 0);
  if (exchange.head_only) {
    const bool sent = co_await write_bytes(exchange, std::move(out));
    co_return sent;
  }

  const auto open = core_->shared->metrics.stream();
  begin_stream(exchange, response, *body);
  bool writable = true;
  bool over = false;   // nothing more comes
  bool whole = false;  // and all has come
  while (writable) {
    if (!out.empty() && (over || out.size() >= kJoin || !body->is_ready())) {
      enter(Phase::kWrite);
      writable = co_await write_bytes(exchange, std::exchange(out, {}));
    }
    if (over || !writable) break;
    phase_ = Phase::kHandler;
    deadline_.reset();
    const auto chunk = co_await body->next(*context_);
    whole = chunk && *chunk == nullptr;
    over = whole || !chunk;
    if (chunk) append_chunk(exchange, *chunk, out);
    if (!chunk) log_broken(exchange, chunk.error());
  }
  stream_ = nullptr;
  if (whole && writable) co_return true;
  cut();  // without the last chunk: the client must not take this for the end
  co_return false;
}

}  // namespace promethean::net
