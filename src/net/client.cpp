#include "net/client.h"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <deque>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "net/dial.h"
#include "net/tls.h"

namespace promethean::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using async::Context;
using async::Task;
using ErrorCode = boost::system::error_code;
using LinkPtr = std::unique_ptr<Link>;
using HttpError = beast::http::error;

namespace {

constexpr size_t kFirstRead = 2 << 10;
constexpr size_t kMaxRead = 16 << 10;

base::SteadyTime after(std::chrono::milliseconds time) {
  return base::steady_now() + time;
}

// Idle connections by core and peer. A connection is only ever used on the core that opened it; the lock guards the
// map, never a connection in use.
class ConnectionPool {
 public:
  explicit ConnectionPool(const ClientOptions& options) : options_(options) {}

  LinkPtr take(const Context& ctx, const std::string& peer) {
    for (;;) {
      Idle idle;
      {
        const std::lock_guard lock(mutex_);
        auto& list = idle_[Key(&ctx.core().context(), peer)];
        if (list.empty()) return nullptr;
        idle = std::move(list.back());
        list.pop_back();
      }
      if (base::steady_now() - idle.since < options_.idle_lifetime && idle.link->is_silent()) {
        return std::move(idle.link);
      }
    }
  }

  void put(const Context& ctx, const std::string& peer, LinkPtr link) {
    std::deque<Idle> old;  // closed outside the lock
    const std::lock_guard lock(mutex_);
    auto& list = idle_[Key(&ctx.core().context(), peer)];
    while (!list.empty() && (list.size() >= options_.max_idle_per_host ||
                             base::steady_now() - list.front().since >= options_.idle_lifetime)) {
      old.push_back(std::move(list.front()));
      list.pop_front();
    }
    list.push_back({std::move(link), base::steady_now()});
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

 private:
  struct Idle {
    LinkPtr link;
    base::SteadyTime since;
  };
  using Key = std::pair<const void*, std::string>;

  const ClientOptions options_;
  std::mutex mutex_;
  std::map<Key, std::deque<Idle>> idle_;
};

// One request, ready for the wire. It lives in send()'s frame.
struct Call {
  std::string label;  // of the endpoint, for messages
  std::string peer;   // of the pool: https and http never share a connection
  std::string head;
  std::string body;
  http::ClientTimeouts timeouts;
  bool head_only;
};

class StreamedResponse final : public http::ClientResponse {
 public:
  StreamedResponse(std::shared_ptr<ConnectionPool> pool, LinkPtr link, const Call& call, size_t max_header)
      : pool_(std::move(pool)),
        link_(std::move(link)),
        label_(call.label),
        peer_(call.peer),
        idle_(call.timeouts.idle),
        max_header_(max_header) {}

  Task<base::Result<void>> read_head(Context& ctx, std::chrono::milliseconds first_byte, bool head_only) {
    Context stage(ctx, after(first_byte));
    do {  // 1xx: the real answer follows
      parser_.emplace();
      parser_->header_limit(static_cast<uint32_t>(max_header_));
      parser_->body_limit(boost::none);
      parser_->skip(head_only);
      ErrorCode ec;
      while (!ec && !parser_->is_header_done()) {
        ec = HttpError::need_more;
        if (buffer_.size() > 0) buffer_.consume(parser_->put(buffer_.data(), ec));
        if (ec == HttpError::need_more) ec = co_await fill(stage);
      }
      if (ec) co_return base::fail(io_error(stage, ctx, ec, "waiting for the answer of " + label_));
    } while (parser_->get().result_int() / 100 == 1);
    status = static_cast<int>(parser_->get().result_int());
    for (const auto& field : parser_->get()) headers.add(field.name_string(), field.value());
    if (parser_->is_done()) finish(ctx);
    co_return base::Result<void>();
  }

  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    while (!finished_) {
      if (ctx.done()) co_return base::fail(fail_with(ctx.error()));
      std::string bytes = take_body();
      if (parser_->is_done()) finish(ctx);
      if (!bytes.empty()) co_return http::make_chunk(std::move(bytes));
      if (finished_) break;
      Context stage(ctx, after(idle_));
      if (!failed_) failed_ = co_await fill(stage);
      if (failed_) co_return base::fail(fail_with(broken(stage, ctx)));
    }
    co_return http::Chunk();
  }

 private:
  // Reads once. An EOF is told to the parser, which knows whether the message may end here.
  Task<ErrorCode> fill(Context& stage) {
    auto stop = stage.on_cancel([this] { link_->close(); });
    if (stage.done()) co_return asio::error::operation_aborted;
    if (buffer_.size() > max_header_ + kMaxRead) co_return HttpError::buffer_overflow;  // an endless chunk header
    const auto room = buffer_.prepare(read_size_);
    auto [ec, got] = co_await link_->read_some(room);
    buffer_.commit(got);
    if (got == read_size_) read_size_ = std::min(2 * read_size_, kMaxRead);
    if (ec != asio::error::eof) co_return ec;
    if (!parser_->got_some()) co_return HttpError::end_of_stream;
    parser_->put_eof(ec);
    co_return ec;
  }

  // What the buffer holds of the body, in one piece. There is room for all of it, so the parser never asks for more.
  std::string take_body() {
    std::string out;
    const size_t room = buffer_.size();
    out.resize_and_overwrite(room, [room](char*, size_t) { return room; });  // the parser fills it
    auto& body = parser_->get().body();
    body.data = out.data();
    body.size = out.size();
    body.more = true;
    while (!failed_ && buffer_.size() > 0 && !parser_->is_done()) {
      buffer_.consume(parser_->put(buffer_.data(), failed_));
    }
    if (failed_ == HttpError::need_more) failed_.clear();
    out.resize(out.size() - body.size);
    return out;
  }

  base::Error broken(const Context& stage, const Context& ctx) const {
    if (failed_ == HttpError::partial_message || failed_ == HttpError::end_of_stream || failed_ == asio::error::eof ||
        failed_ == asio::ssl::error::stream_truncated) {
      return base::Error(base::Code::kUnavailable, label_ + " closed the connection in the middle of its answer");
    }
    return io_error(stage, ctx, failed_, "reading from " + label_);
  }

  base::Error fail_with(base::Error error) {
    link_->close();
    finished_ = true;
    return error;
  }

  void finish(const Context& ctx) {
    finished_ = true;
    if (parser_->get().keep_alive() && buffer_.size() == 0) pool_->put(ctx, peer_, std::move(link_));
  }

  std::shared_ptr<ConnectionPool> pool_;
  LinkPtr link_;
  std::string label_;
  std::string peer_;
  std::chrono::milliseconds idle_;
  size_t max_header_;
  size_t read_size_ = kFirstRead;  // doubled while the upstream fills it
  beast::flat_buffer buffer_;
  std::optional<beast::http::response_parser<beast::http::buffer_body>> parser_;
  ErrorCode failed_;  // told once the bytes before it are taken
  bool finished_ = false;
};

base::Result<std::string> compose_head(const Url& url, const http::ClientRequest& request) {
  std::string head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", http::method_name(request.method), url.target, url.host_header);
  for (const auto& [name, value] : request.headers.fields()) {
    if (name.find_first_of(" :\r\n") != std::string::npos ||
        value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return base::fail(base::Code::kInvalidArgument, "the header '" + name + "' cannot be sent");
    }
    head += name + ": " + value + "\r\n";
  }
  if (!request.body.empty() || request.method == http::Method::kPost || request.method == http::Method::kPut) {
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return head + "\r\n";
}

class HttpClient final : public http::Client {
 public:
  explicit HttpClient(ClientOptions options)
      : options_(std::move(options)),
        tls_(std::make_shared<Tls>(options_.ca_file)),
        pool_(std::make_shared<ConnectionPool>(options_)) {}

  void close() override { pool_->clear(); }

  Task<base::Result<std::unique_ptr<http::ClientResponse>>> send(Context& ctx, http::ClientRequest request) override {
    const auto url = parse_url(request.url);
    if (!url) co_return base::fail(url.error());
    auto head = compose_head(*url, request);
    if (!head) co_return base::fail(std::move(head).error());
    const std::string label = url->endpoint.label();
    const Call call{.label = label,
                    .peer = url->tls ? "https://" + label : label,
                    .head = std::move(*head),
                    .body = std::move(request.body),
                    .timeouts = request.timeouts,
                    .head_only = request.method == http::Method::kHead};

    // A kept-alive connection may have died unseen; then nothing was answered and a fresh one is tried, once.
    if (auto reused = pool_->take(ctx, call.peer)) {
      auto answer = co_await exchange(ctx, std::move(reused), call);
      if (answer || ctx.done() || answer.error().code() != base::Code::kUnavailable || !request.idempotent) {
        co_return answer;
      }
    }
    auto link = co_await dial(ctx, *url, tls_, call.timeouts.connect);
    if (!link) co_return base::fail(std::move(link).error());
    auto answer = co_await exchange(ctx, std::move(*link), call);
    co_return answer;
  }

 private:
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> exchange(Context& ctx, LinkPtr link, const Call& call) {
    {
      Context stage(ctx, after(call.timeouts.first_byte));
      auto stop = stage.on_cancel([&link] { link->close(); });
      ErrorCode ec;
      const std::array bytes{asio::const_buffer(asio::buffer(call.head)), asio::const_buffer(asio::buffer(call.body))};
      if (!stage.done()) std::tie(ec, std::ignore) = co_await link->write(bytes);
      if (ec || stage.done()) co_return base::fail(io_error(stage, ctx, ec, "sending to " + call.label));
    }
    auto response = std::make_unique<StreamedResponse>(pool_, std::move(link), call, options_.max_header);
    auto head = co_await response->read_head(ctx, call.timeouts.first_byte, call.head_only);
    if (!head) co_return base::fail(std::move(head).error());
    co_return std::unique_ptr<http::ClientResponse>(std::move(response));
  }

  const ClientOptions options_;
  std::shared_ptr<Tls> tls_;
  std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace

std::unique_ptr<http::Client> make_client(ClientOptions options) {
  return std::make_unique<HttpClient>(std::move(options));
}

}  // namespace promethean::net
