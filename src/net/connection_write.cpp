// What a Connection writes: whole answers and streams.
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include "net/connection_exchange.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::kTuple;
using async::Task;
using ErrorCode = boost::system::error_code;

Task<bool> Connection::write(Exchange& exchange, http::Response& response) {
  exchange.status = response.status;
  response.headers.set("x-request-id", exchange.request_id);
  if (core_.draining()) exchange.keep_alive = false;
  enter(Phase::kWrite);
  bool sent = false;
  if (std::holds_alternative<std::string>(response.body)) {
    sent = co_await write_plain(exchange, response);
  } else {
    sent = co_await write_stream(exchange, response);
  }
  co_return sent;
}

template <class Message>
static void describe(Message& message, const http::Response& response, const std::string& date, bool keep_alive) {
  message.result(static_cast<unsigned>(response.status));
  message.set(beast::http::field::date, date);
  for (const auto& [name, value] : response.headers.fields()) message.insert(name, value);
  message.keep_alive(keep_alive);
}

Task<bool> Connection::write_plain(Exchange& exchange, http::Response& response) {
  auto& body = std::get<std::string>(response.body);
  ErrorCode ec;
  if (exchange.head_only || response.status == 204 || response.status == 304) {
    beast::http::response<beast::http::empty_body> message;
    message.version(exchange.version);
    describe(message, response, core_.date(), exchange.keep_alive);
    if (response.status != 204) message.content_length(body.size());
    std::tie(ec, exchange.bytes_sent) = co_await beast::http::async_write(socket_, message, kTuple);
  } else {
    beast::http::response<beast::http::string_body> message;
    message.version(exchange.version);
    message.body() = std::move(body);
    describe(message, response, core_.date(), exchange.keep_alive);
    message.content_length(message.body().size());
    std::tie(ec, exchange.bytes_sent) = co_await beast::http::async_write(socket_, message, kTuple);
  }
  co_return !ec;
}

// The head of a stream goes out at once, so that the client knows the status while the body is still being made.
Task<bool> Connection::write_stream_head(Exchange& exchange, http::Response& response) {
  const bool chunked = exchange.version >= 11;
  beast::http::response<beast::http::empty_body> message;
  message.version(exchange.version);
  describe(message, response, core_.date(), exchange.keep_alive);
  message.chunked(chunked);
  beast::http::response_serializer<beast::http::empty_body> serializer(message);
  ErrorCode ec;
  std::tie(ec, exchange.bytes_sent) = co_await beast::http::async_write_header(socket_, serializer, kTuple);
  co_return !ec;
}

// False when the client takes no more.
Task<bool> Connection::write_chunk(Exchange& exchange, http::Chunk chunk) {
  ErrorCode ec;
  size_t written = 0;
  if (exchange.version >= 11) {
    const auto frame = beast::http::make_chunk(asio::const_buffer(chunk->data(), chunk->size()));
    std::tie(ec, written) = co_await asio::async_write(socket_, frame, kTuple);
  } else {
    std::tie(ec, written) = co_await asio::async_write(socket_, asio::buffer(*chunk), kTuple);
  }
  exchange.bytes_sent += written;
  co_return !ec;
}

Task<bool> Connection::write_last_chunk() {
  const auto last = beast::http::make_chunk_last();
  const auto [ec, written] = co_await asio::async_write(socket_, last, kTuple);
  co_return !ec;
}

// True when the whole body has been sent. This frame lives as long as the stream: what is large stays out of it.
Task<bool> Connection::write_stream(Exchange& exchange, http::Response& response) {
  const std::unique_ptr<http::BodyStream> body = std::move(std::get<std::unique_ptr<http::BodyStream>>(response.body));
  if (exchange.version < 11) exchange.keep_alive = false;
  bool writable = co_await write_stream_head(exchange, response);
  if (!writable || exchange.head_only) co_return writable;

  const auto open = core_.shared->metrics.stream();
  exchange.in.reset();
  response.headers = {};
  buffer_.shrink_to_fit();
  stream_ = body.get();
  if (core_.draining()) stream_->drain();
  bool whole = false;
  while (writable && !whole) {
    phase_ = Phase::kHandler;
    deadline_.reset();
    auto chunk = co_await body->next(*context_);
    enter(Phase::kWrite);
    if (!chunk) {
      core_.shared->log.warn("stream broken", {{"request_id", exchange.request_id}, {"why", chunk.error().message()}});
      break;
    }
    whole = *chunk == nullptr;
    if (!whole) writable = co_await write_chunk(exchange, std::move(*chunk));
  }
  stream_ = nullptr;
  if (whole && exchange.version >= 11) writable = co_await write_last_chunk();
  if (whole && writable) co_return true;
  ErrorCode ignored;
  socket_.close(ignored);  // without the last chunk: the client must not take this for the end
  co_return false;
}

}  // namespace promethean::net
