#include "net/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "net/endpoint.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::Context;
using async::Executor;
using async::kTuple;
using async::Task;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Tcp = asio::ip::tcp;

namespace {

constexpr size_t kReadSize = 16 << 10;

base::Error io_error(const Context& stage, const Context& whole, boost::system::error_code ec, std::string what) {
  if (whole.done()) return whole.error();
  if (stage.done()) return base::Error(base::Code::kDeadlineExceeded, std::move(what) + " took too long");
  return base::Error(base::Code::kUnavailable, std::move(what) + " failed: " + ec.message());
}

base::SteadyTime after(std::chrono::milliseconds time) {
  return base::steady_now() + time;
}

}  // namespace

// Idle connections by core and endpoint. A connection is only ever used on the core that opened it; the lock guards the
// map, never a socket in use.
class ConnectionPool {
 public:
  explicit ConnectionPool(ClientOptions options) : options_(options) {}

  std::optional<Socket> take(const Context& ctx, const std::string& label) {
    for (;;) {
      std::optional<Idle> idle;
      {
        const std::lock_guard lock(mutex_);
        auto& list = idle_[Key(&ctx.core().context(), label)];
        if (list.empty()) return std::nullopt;
        idle.emplace(std::move(list.back()));
        list.pop_back();
      }
      if (base::steady_now() - idle->since < options_.idle_lifetime && is_silent(idle->socket)) {
        return std::move(idle->socket);
      }
    }
  }

  void put(const std::string& label, Socket socket) {
    const Key key(&socket.get_executor().context(), label);
    std::deque<Idle> old;  // closed outside the lock
    const std::lock_guard lock(mutex_);
    auto& list = idle_[key];
    while (!list.empty() && (list.size() >= options_.max_idle_per_host ||
                             base::steady_now() - list.front().since >= options_.idle_lifetime)) {
      old.push_back(std::move(list.front()));
      list.pop_front();
    }
    list.push_back({std::move(socket), base::steady_now()});
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

 private:
  struct Idle {
    Socket socket;
    base::SteadyTime since;
  };
  using Key = std::pair<const void*, std::string>;

  // A kept-alive connection on which something arrives (an EOF, a 408) is not usable any more.
  static bool is_silent(Socket& socket) {
    char byte = 0;
    const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  ClientOptions options_;
  std::mutex mutex_;
  std::map<Key, std::deque<Idle>> idle_;
};

namespace {

using Parser = beast::http::response_parser<beast::http::buffer_body>;

class StreamedResponse final : public http::ClientResponse {
 public:
  StreamedResponse(std::shared_ptr<ConnectionPool> pool, std::string label, Socket socket,
                   std::chrono::milliseconds idle, size_t max_header)
      : pool_(std::move(pool)), label_(std::move(label)), socket_(std::move(socket)), idle_(idle) {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(max_header));
    parser_->body_limit(boost::none);
  }

  Task<base::Result<void>> read_head(Context& ctx, std::chrono::milliseconds first_byte, bool head_only) {
    Context stage(ctx, after(first_byte));
    parser_->skip(head_only);
    for (;;) {
      boost::system::error_code ec;
      {
        auto stop = stage.on_cancel([this] { socket_.close(); });
        if (stage.done()) co_return base::fail(io_error(stage, ctx, ec, "waiting for " + label_));
        std::tie(ec, std::ignore) = co_await beast::http::async_read_header(socket_, buffer_, *parser_, kTuple);
      }
      if (ec) co_return base::fail(io_error(stage, ctx, ec, "waiting for the answer of " + label_));
      if (parser_->get().result_int() / 100 != 1) break;
      parser_.emplace();  // 1xx: the real answer follows
      parser_->body_limit(boost::none);
      parser_->skip(head_only);
    }
    status = static_cast<int>(parser_->get().result_int());
    for (const auto& field : parser_->get()) headers.add(field.name_string(), field.value());
    if (parser_->is_done()) finish();
    co_return base::Result<void>();
  }

  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    while (!finished_) {
      auto bytes = std::make_shared<std::string>(kReadSize, '\0');
      auto& body = parser_->get().body();
      body.data = bytes->data();
      body.size = bytes->size();
      body.more = true;
      Context stage(ctx, after(idle_));
      boost::system::error_code ec;
      {
        auto stop = stage.on_cancel([this] { socket_.close(); });
        if (stage.done()) co_return base::fail(io_error(stage, ctx, ec, "reading from " + label_));
        std::tie(ec, std::ignore) = co_await beast::http::async_read_some(socket_, buffer_, *parser_, kTuple);
      }
      bytes->resize(bytes->size() - body.size);
      const bool full = ec == beast::http::error::need_buffer;
      if (ec && !full) {
        socket_.close();
        finished_ = true;
        co_return base::fail(broken(stage, ctx, ec));
      }
      if (parser_->is_done()) finish();
      if (!bytes->empty()) {
        bytes->shrink_to_fit();
        co_return http::Chunk(std::move(bytes));
      }
    }
    co_return http::Chunk();
  }

 private:
  base::Error broken(const Context& stage, const Context& ctx, boost::system::error_code ec) const {
    if (ec == beast::http::error::partial_message || ec == asio::error::eof ||
        ec == beast::http::error::end_of_stream) {
      return base::Error(base::Code::kUnavailable, label_ + " closed the connection in the middle of its answer");
    }
    return io_error(stage, ctx, ec, "reading from " + label_);
  }

  void finish() {
    finished_ = true;
    if (parser_->get().keep_alive() && buffer_.size() == 0) pool_->put(label_, std::move(socket_));
  }

  std::shared_ptr<ConnectionPool> pool_;
  std::string label_;
  Socket socket_;
  std::chrono::milliseconds idle_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool finished_ = false;
};

Task<base::Result<Socket>> connect_tcp(Context& stage, Context& ctx, const Endpoint& to) {
  std::vector<Tcp::endpoint> targets;
  boost::system::error_code ec;
  if (const auto numeric = asio::ip::make_address(to.host, ec); !ec) {
    targets.emplace_back(numeric, to.port);
  } else {
    asio::ip::basic_resolver<Tcp, Executor> resolver(ctx.core());
    auto stop = stage.on_cancel([&resolver] { resolver.cancel(); });
    auto [error, found] = co_await resolver.async_resolve(to.host, std::to_string(to.port), kTuple);
    if (error) co_return base::fail(io_error(stage, ctx, error, "looking up " + to.host));
    for (const auto& entry : found) targets.push_back(entry.endpoint());
  }
  ec = asio::error::host_not_found;
  for (const auto& target : targets) {
    Socket socket(ctx.core());
    auto stop = stage.on_cancel([&socket] { socket.close(); });
    if (stage.done()) break;
    const asio::generic::stream_protocol::endpoint generic(target);
    std::tie(ec) = co_await socket.async_connect(generic, kTuple);
    if (!ec) {
      boost::system::error_code ignored;
      socket.set_option(Tcp::no_delay(true), ignored);
      co_return socket;
    }
  }
  co_return base::fail(io_error(stage, ctx, ec, "connecting to " + to.label()));
}

Task<base::Result<Socket>> connect_unix(Context& stage, Context& ctx, const Endpoint& to) {
  Socket socket(ctx.core());
  auto stop = stage.on_cancel([&socket] { socket.close(); });
  boost::system::error_code ec;
  if (!stage.done()) {
    const asio::generic::stream_protocol::endpoint target{asio::local::stream_protocol::endpoint(to.host)};
    std::tie(ec) = co_await socket.async_connect(target, kTuple);
  }
  if (ec || stage.done()) co_return base::fail(io_error(stage, ctx, ec, "connecting to " + to.label()));
  co_return socket;
}

Task<base::Result<Socket>> connect(Context& ctx, const Endpoint& to, std::chrono::milliseconds time) {
  Context stage(ctx, after(time));
  if (to.is_unix) {
    auto socket = co_await connect_unix(stage, ctx, to);
    co_return socket;
  }
  auto socket = co_await connect_tcp(stage, ctx, to);
  co_return socket;
}

using Message = beast::http::request<beast::http::string_body>;

base::Result<Message> compose(const Url& url, http::ClientRequest& request) {
  Message message;
  message.version(11);
  message.method_string(std::string(http::method_name(request.method)));
  message.target(url.target);
  message.set(beast::http::field::host, url.host_header);
  for (const auto& [name, value] : request.headers.fields()) {
    if (name.find_first_of(" :\r\n") != std::string::npos ||
        value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return base::fail(base::Code::kInvalidArgument, "the header '" + name + "' cannot be sent");
    }
    message.insert(name, value);
  }
  message.body() = std::move(request.body);
  if (!message.body().empty() || request.method == http::Method::kPost || request.method == http::Method::kPut) {
    message.prepare_payload();
  }
  return message;
}

class BeastClient final : public http::Client {
 public:
  explicit BeastClient(ClientOptions options) : options_(options), pool_(std::make_shared<ConnectionPool>(options)) {}

  void close() override { pool_->clear(); }

  Task<base::Result<std::unique_ptr<http::ClientResponse>>> send(Context& ctx, http::ClientRequest request) override {
    const auto url = parse_url(request.url);
    if (!url) co_return base::fail(url.error());
    const auto message = compose(*url, request);
    if (!message) co_return base::fail(message.error());
    const std::string label = url->endpoint.label();
    const bool head_only = request.method == http::Method::kHead;

    // A kept-alive connection may have died unseen; then nothing was answered and a fresh one is tried, once.
    if (auto reused = pool_->take(ctx, label)) {
      auto answer = co_await exchange(ctx, std::move(*reused), label, *message, request.timeouts, head_only);
      if (answer || ctx.done() || answer.error().code() != base::Code::kUnavailable || !request.idempotent) {
        co_return answer;
      }
    }
    auto socket = co_await connect(ctx, url->endpoint, request.timeouts.connect);
    if (!socket) co_return base::fail(std::move(socket).error());
    auto answer = co_await exchange(ctx, std::move(*socket), label, *message, request.timeouts, head_only);
    co_return answer;
  }

 private:
  // `message` lives in send()'s frame.
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> exchange(Context& ctx, Socket socket, std::string label,
                                                                     const Message& message,
                                                                     http::ClientTimeouts timeouts, bool head_only) {
    {
      Context stage(ctx, after(timeouts.first_byte));
      auto stop = stage.on_cancel([&socket] { socket.close(); });
      boost::system::error_code ec;
      if (!stage.done()) std::tie(ec, std::ignore) = co_await beast::http::async_write(socket, message, kTuple);
      if (ec || stage.done()) co_return base::fail(io_error(stage, ctx, ec, "sending to " + label));
    }
    auto response =
        std::make_unique<StreamedResponse>(pool_, label, std::move(socket), timeouts.idle, options_.max_header);
    auto head = co_await response->read_head(ctx, timeouts.first_byte, head_only);
    if (!head) co_return base::fail(std::move(head).error());
    co_return std::unique_ptr<http::ClientResponse>(std::move(response));
  }

  ClientOptions options_;
  std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace

std::unique_ptr<http::Client> make_client(ClientOptions options) {
  return std::make_unique<BeastClient>(options);
}

}  // namespace promethean::net
