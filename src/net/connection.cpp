// Connection from accept to close: the loop over requests, its deadlines, and the handler between reading and writing.
#include "net/connection.h"

#include <poll.h>

#include "net/connection_exchange.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::Context;
using async::kTuple;
using async::Task;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kKeepBuffer = 16 << 10;  // a larger read buffer is given back after its request
constexpr size_t kLingerBytes = 8 << 20;  // of a refused body, read and thrown away
constexpr std::chrono::seconds kLingerTime{3};
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

std::string_view traceparent_id(const http::Headers& headers) {  // 00-<32 hex>-<16 hex>-<2 hex>, W3C trace context
  const std::string_view value = headers.get("traceparent").value_or("");
  return value.size() >= 55 && value[2] == '-' && value[35] == '-' ? value.substr(3, 32) : std::string_view();
}

}  // namespace

Connection::Connection(std::shared_ptr<Core> core, Socket socket, std::string remote)
    : core_(std::move(core)),
      socket_(std::move(socket)),
      remote_(std::move(remote)),
      buffer_(core_->shared->options.max_header + (8 << 10)) {
  core_->add(*this);
}

Connection::~Connection() {
  core_->remove(*this);
}

void Connection::enter(Phase phase) {
  const ServerOptions& options = core_->shared->options;
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

// The frames of a connection lie in memory as long as it idles or streams, so there are few and small ones. This one
// owns the connection from outside: built in here, its parameters would be kept a second time.
Task<void> Connection::serve(std::unique_ptr<Connection> self) {
  for (;;) {
    Exchange exchange;
    bool readable = co_await self->read_head(exchange);
    if (readable && !exchange.in->refusal) readable = co_await self->read_body(exchange);
    if (!readable && !exchange.in->refusal)
      co_return;  // the client has left: it reads nothing more, nor is there more of it
    const bool sent = co_await self->respond(exchange);
    self->count(exchange, sent);
    if (!sent || !exchange.keep_alive || self->core_->draining()) break;
    if (self->buffer_.capacity() > kKeepBuffer && self->buffer_.size() == 0) self->buffer_.shrink_to_fit();
  }
  co_await self->linger();
}

Task<bool> Connection::respond(Exchange& exchange) {
  return exchange.in->refusal ? refuse(exchange) : answer(exchange);
}

// An answer that was decided before the body was read.
Task<bool> Connection::refuse(Exchange& exchange) {
  const bool has_body = !exchange.in->parser.is_header_done() || !exchange.in->parser.is_done();
  if (has_body) exchange.keep_alive = false;
  http::Response refusal = std::move(*exchange.in->refusal);
  const bool sent = co_await write(exchange, refusal);
  co_return sent;
}

// Runs the handler and writes what it answers; true when all of it was sent.
Task<bool> Connection::answer(Exchange& exchange) {
  const auto limit = exchange.route->limits.deadline;
  std::optional<base::SteadyTime> deadline;
  if (limit.count() > 0) deadline = base::steady_now() + limit;
  Context ctx(core_->executor, deadline);
  std::shared_ptr<Watch> watch;  // only for handlers that wait
  ctx.when_waited([this, &watch] {
    watch = std::make_shared<Watch>(socket_, *context_);
    watch->arm();
  });
  enter(Phase::kHandler);
  context_ = &ctx;
  http::Response response = co_await handle(exchange, ctx);
  bool sent = false;
  if (socket_.is_open()) sent = co_await write(exchange, response);
  context_ = nullptr;
  if (watch) {
    watch->disarm();
    ErrorCode ignored;
    if (socket_.is_open()) socket_.cancel(ignored);  // ends the watch's wait
  }
  co_return sent;
}

// The request goes into dispatch's frame, so it is gone once its answer begins. Not a coroutine itself: its frame would
// be recycled as the stream's, which needs a third of it.
Task<http::Response> Connection::handle(Exchange& exchange, Context& ctx) {
  http::Request request = std::move(exchange.in->request);
  request.principal = std::move(exchange.in->admission.principal);
  request.params = std::move(exchange.in->admission.params);
  ctx.trace.request_id = exchange.request_id;
  ctx.trace.trace_id = traceparent_id(request.headers);
  return core_->shared->router.dispatch(ctx, *exchange.route, std::move(request));
}

void Connection::count(const Exchange& exchange, bool sent) {
  const auto time = base::steady_now() - exchange.started;
  core_->shared->metrics.request(exchange.route, exchange.status, time, exchange.bytes_sent);
  const bool quiet = exchange.route != nullptr && exchange.route->scope == http::Scope::kNone && exchange.status < 400;
  const auto level = quiet ? base::LogLevel::kDebug : base::LogLevel::kInfo;
  if (!core_->shared->log.enabled(level)) return;
  core_->shared->log.write(level, "request",
                           {{"request_id", exchange.request_id},
                            {"what", exchange.what},
                            {"status", exchange.status},
                            {"ms", std::chrono::duration<double, std::milli>(time).count()},
                            {"bytes", exchange.bytes_sent},
                            {"complete", sent},
                            {"remote", remote_}});
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
