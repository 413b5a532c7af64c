#include "net/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include "base/hash.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::Context;
using async::kTuple;
using async::Task;
using Parser = beast::http::request_parser<beast::http::string_body>;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kKeepBuffer = 16 << 10;  // a larger read buffer is given back after its request
constexpr size_t kLingerBytes = 8 << 20;  // of a refused body, read and thrown away
constexpr std::chrono::seconds kLingerTime{3};
constexpr size_t kHeadRead = 4 << 10;  // bytes asked for at a time while a head is read
constexpr std::chrono::milliseconds kPipelinedPoll{100};

// Notices that the client of a running handler has gone. Outlives the connection only as an inert callback.
struct Watch : std::enable_shared_from_this<Watch> {
  Watch(Socket& s, Context& c) : socket(&s), context(&c), timer(c.core()) {}

  void arm() {
    socket->async_wait(Socket::wait_read, [self = shared_from_this()](ErrorCode ec) {
      if (!ec && self->context != nullptr) self->look();
    });
  }

  void look() {
    pollfd descriptor{socket->native_handle(), POLLRDHUP, 0};
    if (::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
      context->cancel();
      return;
    }
    // Bytes of a next request are waiting, so readability says nothing any more: look again now and then.
    timer.expires_after(kPipelinedPoll);
    timer.async_wait([self = shared_from_this()](ErrorCode ec) {
      if (!ec && self->context != nullptr) self->look();
    });
  }

  void disarm() {
    context = nullptr;
    timer.cancel();
  }

  Socket* socket;
  Context* context;
  Timer timer;
};

bool plain_request_id(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
         std::string_view::npos;
}

std::string_view traceparent_id(const http::Headers& headers) {  // 00-<32 hex>-<16 hex>-<2 hex>, W3C trace context
  const std::string_view value = headers.get("traceparent").value_or("");
  return value.size() >= 55 && value[2] == '-' && value[35] == '-' ? value.substr(3, 32) : std::string_view();
}

const boost::system::error_category& http_category() {
  return make_error_code(beast::http::error::bad_method).category();
}

}  // namespace

struct Connection::Exchange {
  std::optional<Parser> parser;
  http::Request request;
  http::Admission admission;
  std::string request_id;
  base::SteadyTime started = base::steady_now();
  std::optional<http::Response> refusal;  // decided before the body was read
  int status = 0;
  uint64_t bytes_sent = 0;
  bool body_read = false;
  bool keep_alive = false;
};

Connection::Connection(Core& core, Socket socket, std::string remote)
    : core_(core),
      socket_(std::move(socket)),
      remote_(std::move(remote)),
      buffer_(core.shared->options.max_header + (8 << 10)) {
  core_.add(*this);
}

Connection::~Connection() {
  core_.remove(*this);
}

void Connection::enter(Phase phase) {
  const ServerOptions& options = core_.shared->options;
  phase_ = phase;
  const auto now = base::steady_now();
  switch (phase) {
    case Phase::kIdle:
      deadline_ = now + options.idle_timeout;
      break;
    case Phase::kHead:
      deadline_ = now + options.header_timeout;
      break;
    case Phase::kBody:
      deadline_ = now + options.body_timeout;
      break;
    case Phase::kWrite:
      deadline_ = now + options.write_timeout;
      break;
    case Phase::kHandler:
      deadline_.reset();
      break;
  }
}

void Connection::check_deadline(base::SteadyTime now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  timed_out_ = true;
  if (phase_ == Phase::kHead || phase_ == Phase::kBody) {
    socket_.cancel();  // the reader answers 408
  } else {
    cut();
  }
}

void Connection::drain() {
  if (stream_ != nullptr) stream_->drain();
  if (phase_ == Phase::kIdle) cut();
}

void Connection::cancel() {
  if (context_ != nullptr) context_->cancel(base::Code::kUnavailable);
}

void Connection::cut() {
  ErrorCode ignored;
  socket_.close(ignored);
  if (context_ != nullptr) context_->cancel();
}

Task<void> Connection::run() {
  for (;;) {
    Exchange exchange;
    const bool readable = co_await read_head(exchange);
    if (!readable) break;
    const After after = co_await answer(exchange);
    if (after == After::kClose) break;
    if (buffer_.capacity() > kKeepBuffer && buffer_.size() == 0) buffer_.shrink_to_fit();
  }
  co_await linger();
}

// Reads until the parser has a whole head. Beast's own read would not tell the first byte of a request from silence,
// and that is where the head's time limit starts.
Task<ErrorCode> Connection::fill_head(Exchange& exchange) {
  Parser& parser = *exchange.parser;
  enter(buffer_.size() == 0 ? Phase::kIdle : Phase::kHead);
  ErrorCode ec;
  for (;;) {
    if (buffer_.size() > 0) {
      buffer_.consume(parser.put(buffer_.data(), ec));
      if (parser.is_header_done() || (ec && ec != beast::http::error::need_more)) co_return ec;
    }
    if (phase_ == Phase::kIdle && core_.draining()) co_return asio::error::eof;
    const size_t room = std::min(buffer_.max_size() - buffer_.size(), kHeadRead);
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
  exchange.refusal.emplace(core_.shared->router.reject(exchange.request.path, error));
  exchange.refusal->status = status;
  exchange.keep_alive = false;
}

// False when the connection ended without a request. A request that cannot be served has exchange.refusal.
Task<bool> Connection::read_head(Exchange& exchange) {
  auto& parser = exchange.parser.emplace();
  parser.header_limit(static_cast<uint32_t>(core_.shared->options.max_header));
  parser.body_limit(boost::none);  // the route decides, see read_body
  const ErrorCode ec = co_await fill_head(exchange);
  exchange.request_id = core_.next_request_id();
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
  auto& message = exchange.parser->get();
  http::Request& request = exchange.request;
  request.method = http::parse_method(message.method_string());
  request.target = message.target();
  request.remote = remote_;
  size_t hosts = 0;
  for (const auto& field : message) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
    if (field.name() == beast::http::field::host) ++hosts;
  }
  exchange.keep_alive = message.keep_alive() && !core_.draining();
  if (const auto id = request.headers.get("x-request-id"); id && plain_request_id(*id)) exchange.request_id = *id;

  std::string_view target = request.target;
  if (target.starts_with("http://") || target.starts_with("https://")) {  // absolute-form, RFC 9112 3.2.2
    const size_t slash = target.find('/', target.find("://") + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const size_t question = target.find('?');
  auto path = http::percent_decode(target.substr(0, question));
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  if (!path || (!path->starts_with('/') && *path != "*")) {
    refuse_head(exchange, 400, base::Error(base::Code::kInvalidArgument, "the request target cannot be decoded"));
    return;
  }
  request.path = std::move(*path);
  if (hosts != 1 && message.version() >= 11) {
    refuse_head(exchange, 400, base::Error(base::Code::kInvalidArgument, "exactly one Host header is needed"));
    return;
  }
  exchange.admission = core_.shared->router.admit(request);
  if (exchange.admission.rejection) exchange.refusal = std::move(exchange.admission.rejection);
}

// False when the client did not deliver its body; then exchange.refusal says why, or the connection is gone.
Task<bool> Connection::read_body(Exchange& exchange) {
  Parser& parser = *exchange.parser;
  const http::Family family = exchange.admission.route->family;
  const size_t limit = exchange.admission.max_body;
  const auto too_large = [family, limit] {
    return http::error_response(
        family, base::Error(base::Code::kTooLarge, fmt::format("the body is larger than {} bytes", limit),
                            "send less, or raise [server] max_body_bytes"));
  };
  if (parser.content_length() && *parser.content_length() > limit) {
    exchange.refusal = too_large();
    co_return false;
  }
  enter(Phase::kBody);
  ErrorCode ec;
  if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue") && !parser.is_done()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    std::tie(ec, std::ignore) = co_await asio::async_write(socket_, asio::buffer(kContinue), kTuple);
  }
  parser.body_limit(limit);
  if (!ec && !parser.is_done())
    std::tie(ec, std::ignore) = co_await beast::http::async_read(socket_, buffer_, parser, kTuple);
  if (!ec) {
    exchange.body_read = true;
    exchange.request.body = std::move(parser.get().body());
    co_return true;
  }
  if (ec == beast::http::error::body_limit) {
    exchange.refusal = too_large();
  } else if (timed_out_ && socket_.is_open()) {
    auto response = http::error_response(
        family, base::Error(base::Code::kDeadlineExceeded, "the request body did not arrive in time"));
    response.status = 408;
    exchange.refusal = std::move(response);
  } else if (ec.category() == http_category() && ec != beast::http::error::partial_message) {
    exchange.refusal = http::error_response(
        family, base::Error(base::Code::kInvalidArgument, "the body cannot be read: " + ec.message()));
  }
  co_return false;
}

// Runs the handler (or takes the refusal), writes the answer, and counts it.
Task<Connection::After> Connection::answer(Exchange& exchange) {
  const http::Route* route = exchange.admission.route;
  bool sent = false;
  bool complete = !exchange.refusal.has_value();
  if (complete) complete = co_await read_body(exchange);
  if (!complete) {
    if (!exchange.refusal) co_return After::kClose;
    const bool has_body = !exchange.parser->is_header_done() || !exchange.parser->is_done();
    if (has_body) exchange.keep_alive = false;
    http::Response refusal = std::move(*exchange.refusal);
    sent = co_await write(exchange, std::move(refusal));
  } else {
    std::optional<base::SteadyTime> deadline;
    if (route->limits.deadline.count() > 0) deadline = base::steady_now() + route->limits.deadline;
    Context ctx(core_.executor, deadline);
    ctx.trace.request_id = exchange.request_id;
    ctx.trace.trace_id = traceparent_id(exchange.request.headers);
    exchange.request.principal = std::move(exchange.admission.principal);
    exchange.request.params = std::move(exchange.admission.params);
    std::shared_ptr<Watch> watch;  // only for handlers that wait
    ctx.when_waited([this, &watch, &ctx] {
      watch = std::make_shared<Watch>(socket_, ctx);
      watch->arm();
    });
    enter(Phase::kHandler);
    context_ = &ctx;
    http::Request request = std::move(exchange.request);
    http::Response response = co_await core_.shared->router.dispatch(ctx, *route, std::move(request));
    if (socket_.is_open()) sent = co_await write(exchange, std::move(response));
    context_ = nullptr;
    if (watch) {
      watch->disarm();
      ErrorCode ignored;
      if (socket_.is_open()) socket_.cancel(ignored);  // ends the watch's wait
    }
  }
  core_.shared->metrics.request(route, exchange.status, base::steady_now() - exchange.started, exchange.bytes_sent);
  const bool keep = sent && exchange.keep_alive && !core_.draining();
  co_return keep ? After::kKeep : After::kClose;
}

Task<bool> Connection::write(Exchange& exchange, http::Response response) {
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

static bool is_head(const std::optional<Parser>& parser) {
  return parser->get().method() == beast::http::verb::head;
}

Task<bool> Connection::write_plain(Exchange& exchange, http::Response& response) {
  const unsigned version = exchange.parser->is_header_done() ? exchange.parser->get().version() : 11;
  auto& body = std::get<std::string>(response.body);
  ErrorCode ec;
  if (is_head(exchange.parser) || response.status == 204 || response.status == 304) {
    beast::http::response<beast::http::empty_body> message;
    message.version(version);
    describe(message, response, core_.date(), exchange.keep_alive);
    if (response.status != 204) message.content_length(body.size());
    std::tie(ec, exchange.bytes_sent) = co_await beast::http::async_write(socket_, message, kTuple);
  } else {
    beast::http::response<beast::http::string_body> message;
    message.version(version);
    message.body() = std::move(body);
    describe(message, response, core_.date(), exchange.keep_alive);
    message.content_length(message.body().size());
    std::tie(ec, exchange.bytes_sent) = co_await beast::http::async_write(socket_, message, kTuple);
  }
  co_return !ec;
}

// The head goes out at once, so that the client knows the status while the body is still being made.
Task<bool> Connection::write_stream(Exchange& exchange, http::Response& response) {
  const std::unique_ptr<http::BodyStream> body = std::move(std::get<std::unique_ptr<http::BodyStream>>(response.body));
  const bool chunked = exchange.parser->get().version() >= 11;
  if (!chunked) exchange.keep_alive = false;
  ErrorCode ec;
  {
    beast::http::response<beast::http::empty_body> message;
    message.version(chunked ? 11 : 10);
    describe(message, response, core_.date(), exchange.keep_alive);
    message.chunked(chunked);
    beast::http::response_serializer<beast::http::empty_body> serializer(message);
    std::tie(ec, exchange.bytes_sent) = co_await beast::http::async_write_header(socket_, serializer, kTuple);
  }
  if (ec || is_head(exchange.parser)) co_return !ec;

  const auto open = core_.shared->metrics.stream();
  exchange.parser.reset();  // a stream may idle for hours: give back what it does not need
  buffer_.shrink_to_fit();
  stream_ = body.get();
  if (core_.draining()) stream_->drain();
  bool whole = false;
  while (!ec) {
    phase_ = Phase::kHandler;
    deadline_.reset();
    auto chunk = co_await body->next(*context_);
    enter(Phase::kWrite);
    if (!chunk) {
      core_.shared->log.warn("stream broken", {{"request_id", exchange.request_id}, {"why", chunk.error().message()}});
      break;
    }
    if (*chunk == nullptr) {
      whole = true;
      break;
    }
    size_t written = 0;
    if (chunked) {
      const auto frame = beast::http::make_chunk(asio::const_buffer((*chunk)->data(), (*chunk)->size()));
      std::tie(ec, written) = co_await asio::async_write(socket_, frame, kTuple);
    } else {
      std::tie(ec, written) = co_await asio::async_write(socket_, asio::buffer(**chunk), kTuple);
    }
    exchange.bytes_sent += written;
  }
  stream_ = nullptr;
  if (whole && chunked && !ec) {
    const auto last = beast::http::make_chunk_last();
    std::tie(ec, std::ignore) = co_await asio::async_write(socket_, last, kTuple);
  }
  if (!whole) {
    ErrorCode ignored;
    socket_.close(ignored);
  }
  co_return whole && !ec;
}

// Closing a socket with unread bytes resets it, and the client may never see our answer: read them for a moment first.
Task<void> Connection::linger() {
  if (!socket_.is_open()) co_return;
  ErrorCode ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  phase_ = Phase::kWrite;
  deadline_ = base::steady_now() + kLingerTime;
  std::string scratch(16 << 10, '\0');
  for (size_t total = 0; !ec && total < kLingerBytes;) {
    size_t got = 0;
    std::tie(ec, got) = co_await socket_.async_read_some(asio::buffer(scratch), kTuple);
    total += got;
  }
}

}  // namespace promethean::net
