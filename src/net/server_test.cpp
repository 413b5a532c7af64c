// The server and the client against each other, over real sockets.
#include "net/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "base/hash.h"
#include "net/client.h"

namespace promethean::net {
namespace {

using namespace std::chrono_literals;
using async::Context;
using async::Task;
using testing::HasSubstr;

// Gives "tick" until its client leaves or it is drained, then says which.
class Ticks final : public http::BodyStream {
 public:
  explicit Ticks(std::shared_ptr<std::promise<std::string>> end) : end_(std::move(end)) {}
  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    if (drained_) {
      if (std::exchange(said_, true)) co_return http::Chunk();
      co_return http::make_chunk("bye");
    }
    auto slept = co_await async::sleep_for(ctx, 10ms);
    if (!slept) {
      end_->set_value(std::string(base::code_name(slept.error().code())));
      co_return base::fail(slept.error());
    }
    co_return http::make_chunk("tick");
  }
  void drain() override { drained_ = true; }

 private:
  std::shared_ptr<std::promise<std::string>> end_;
  bool drained_ = false;
  bool said_ = false;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest()
      : auth_(std::make_shared<http::Authenticator>(
            http::Authenticator::Options{.mode = http::Authenticator::Mode::kNone}, "/nonexistent")),
        router_({.allowed_hosts = {"127.0.0.1", "localhost"}}, auth_) {
    add(http::Method::kGet, "/hello",
        [](Context&, http::Request&) -> Task<http::Response> { co_return http::Response::text(200, "hello"); });
    add(http::Method::kPost, "/echo", [](Context&, http::Request& request) -> Task<http::Response> {
      co_return http::Response::text(200, request.body);
    });
    add(
        http::Method::kPost, "/echo-long",
        [](Context&, http::Request& request) -> Task<http::Response> {
          co_return http::Response::text(200, request.body);
        },
        1 << 20);
    add(http::Method::kGet, "/ticks", [this](Context&, http::Request&) -> Task<http::Response> {
      co_return http::Response::stream(std::make_unique<Ticks>(ticks_end_), "text/plain");
    });
    add(http::Method::kGet, "/wait", [this](Context& ctx, http::Request&) -> Task<http::Response> {
      auto slept = co_await async::sleep_for(ctx, 1h);
      wait_end_.set_value(std::string(base::code_name(slept.error().code())));
      co_return http::error_response(http::Family::kBridge, slept.error());
    });
    add(http::Method::kGet, "/broken", [](Context&, http::Request&) -> Task<http::Response> {
      struct Broken final : http::BodyStream {
        bool first = true;
        Task<base::Result<http::Chunk>> next(Context&) override {
          if (std::exchange(first, false)) co_return http::make_chunk("half");
          co_return base::fail(base::Code::kUnavailable, "broke");
        }
        bool is_ready() const override { return true; }
      };
      co_return http::Response::stream(std::make_unique<Broken>(), "text/plain");
    });
  }

  void add(http::Method method, std::string path, http::Handler handler, size_t max_body = 64 << 10) {
    http::Route route;
    route.method = method;
    route.operation_id = "op" + std::to_string(router_.routes().size());
    route.path = std::move(path);
    route.scope = http::Scope::kNone;
    route.limits.max_body = max_body;
    route.limits.rate_cost = 0;
    route.request_schema = "";
    route.handler = std::move(handler);
    ASSERT_TRUE(router_.add(std::move(route)));
  }

  void start(ServerOptions options = {}) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    server_ = std::make_unique<Server>(runtime_, router_, metrics_, base::Log(), options);
    ASSERT_TRUE(server_->start());
    thread_ = std::thread([this] { runtime_.run(); });
  }

  ~ServerTest() override {
    runtime_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string url(std::string path) const { return "http://" + server_->addresses()[0] + path; }

  struct Got {
    int status = 0;
    std::string body;
    std::string error;
  };

  // Reads a whole answer with our client, on core 1.
  Got get(http::ClientRequest request) {
    auto work = [&]() -> Task<Got> {
      Context ctx(runtime_.core(1), base::steady_now() + 10s);
      auto response = co_await client_->send(ctx, std::move(request));
      if (!response) co_return Got{0, "", response.error().message()};
      auto body = co_await http::read_body(ctx, **response, 1 << 20);
      if (!body) co_return Got{(*response)->status, "", body.error().message()};
      co_return Got{(*response)->status, *body, ""};
    };
    return boost::asio::co_spawn(runtime_.core(1), work(), boost::asio::use_future).get();
  }
  Got get(const std::string& path) { return get(http::ClientRequest{.url = url(path)}); }

  // Writes raw bytes and reads until the server closes; for what no proper client sends.
  std::string raw(const std::string& bytes, bool half_close = false) {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::socket socket(loop);
    const auto& address = server_->addresses()[0];
    socket.connect({boost::asio::ip::make_address("127.0.0.1"),
                    static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))});
    boost::asio::write(socket, boost::asio::buffer(bytes));
    if (half_close) socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send);
    std::string out;
    boost::system::error_code ec;
    boost::asio::read(socket, boost::asio::dynamic_buffer(out), ec);
    return out;
  }

  std::shared_ptr<http::Authenticator> auth_;
  http::Router router_;
  telemetry::Registry metrics_;
  async::Runtime runtime_{2, base::Log()};
  std::unique_ptr<http::Client> client_ = make_client();
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::shared_ptr<std::promise<std::string>> ticks_end_ = std::make_shared<std::promise<std::string>>();
  std::promise<std::string> wait_end_;
};

TEST_F(ServerTest, AnswersManyRequestsOnKeptAliveConnections) {
  start();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get("/hello").body, "hello");
  // A request is counted once its answer has been written, which its client may learn first.
  auto& count =
      metrics_.counter("promethean_http_requests_total", "Requests answered.", {{"route", "op0"}, {"status", "2xx"}});
  while (count.value() < 100) std::this_thread::yield();
  EXPECT_EQ(count.value(), 100u);
}

TEST_F(ServerTest, EchoesABody) {
  start();
  const std::string body(50'000, 'x');
  http::ClientRequest request{.method = http::Method::kPost, .url = url("/echo"), .headers = {}, .body = body};
  request.headers.add("content-type", "application/json");
  const auto got = get(std::move(request));
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.body, body);
}

// However it is cut: 1024 bytes are read first, so a head of that length comes without any of its body.
TEST_F(ServerTest, ALongBodyArrivesAsItWasSent) {
  start();
  for (const size_t size : {1, 65'535, 65'536, 65'537, 100'000, 131'073, 700'000}) {
    std::string body;
    for (size_t i = 0; body.size() < size; ++i) body += std::to_string(i);
    body.resize(size);
    std::string head =
        "POST /echo-long HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
    const std::string length = "Content-Length: " + std::to_string(size) + "\r\n";
    const std::string padding = "X-Padding: " + std::string(1024 - head.size() - length.size() - 15, 'x') + "\r\n";
    std::string chunks;
    for (size_t at = 0; at < size; at += 50'000) {
      const std::string chunk = body.substr(at, 50'000);
      chunks.append(fmt::format("{:x}\r\n", chunk.size())).append(chunk).append("\r\n");
    }
    ASSERT_EQ((head + length + padding + "\r\n").size(), 1024u);
    EXPECT_TRUE(raw(head + length + padding + "\r\n" + body).ends_with("\r\n\r\n" + body)) << size;
    EXPECT_TRUE(raw(head + length + "\r\n" + body).ends_with("\r\n\r\n" + body)) << size;
    EXPECT_TRUE(raw(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n").ends_with("\r\n\r\n" + body))
        << size;
  }
}

TEST_F(ServerTest, RefusesABodyOverTheRoutesLimitBeforeReadingIt) {
  start();
  const auto answer = raw(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n",
      true);
  EXPECT_THAT(answer, HasSubstr("413 "));
  const auto chunked =
      raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
          "chunked\r\n\r\n20000\r\n" +
              std::string(0x20000, 'x') + "\r\n0\r\n\r\n",
          true);
  EXPECT_THAT(chunked, HasSubstr("413 "));
}

TEST_F(ServerTest, AsksForTheBodyOfACarefulClient) {
  start();
  const auto answer =
      raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: "
          "100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  EXPECT_THAT(answer, HasSubstr("100 Continue"));
  EXPECT_THAT(answer, testing::EndsWith("hi"));
}

TEST_F(ServerTest, AnswersGarbageWithAClearError) {
  start();
  EXPECT_THAT(raw("GARBAGE\r\n\r\n"), HasSubstr("400 "));
  EXPECT_THAT(raw("GET /hello HTTP/1.1\r\n\r\n"), HasSubstr("400 "));
  EXPECT_THAT(raw("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", true), HasSubstr("400 "));
  EXPECT_THAT(raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                  "1\r\nContent-Length: 2\r\n\r\nx"),
              HasSubstr("400 "));
  EXPECT_THAT(raw("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
              HasSubstr("431 "));
  EXPECT_EQ(get("/hello").status, 200);
}

TEST_F(ServerTest, ABodyItCannotDecodeIsNotTheNextRequest) {
  start();
  for (const std::string encoding :
       {"gzip", "xchunked", "chunked, identity", "identity\r\nTransfer-Encoding: chunked"}) {
    const auto answer = raw(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: " + encoding +
        "\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("400 ")) << encoding;
    EXPECT_THAT(answer, testing::Not(HasSubstr("200 OK"))) << encoding;
  }
}

TEST_F(ServerTest, TheAuthorityOfAnAbsoluteTargetCounts) {
  start();
  EXPECT_THAT(raw("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              HasSubstr("403 "));
  EXPECT_THAT(raw("GET http://localhost/hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
              HasSubstr("200 "));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  const std::string one = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string last = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const auto answer = raw(one + one + last);
  size_t count = 0;
  for (size_t at = 0; (at = answer.find("\r\n\r\nhello", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 3u);
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  start();
  const auto answer = raw("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("content-length: 5"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST_F(ServerTest, ASlowHeadGetsA408) {
  start({.header_timeout = 1s});
  EXPECT_THAT(raw("GET /hello HT"), HasSubstr("408 "));
}

TEST_F(ServerTest, ASlowBodyGetsA408) {
  start({.body_timeout = 1s});
  EXPECT_THAT(
      raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\nabc"),
      HasSubstr("408 "));
}

TEST_F(ServerTest, AClientThatLeavesCancelsItsHandler) {
  start();
  {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::socket socket(loop);
    const auto& address = server_->addresses()[0];
    socket.connect({boost::asio::ip::make_address("127.0.0.1"),
                    static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))});
    boost::asio::write(socket, boost::asio::buffer(std::string("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  }
  EXPECT_EQ(wait_end_.get_future().get(), "cancelled");
}

TEST_F(ServerTest, AClientThatLeavesAStreamCancelsIt) {
  start();
  auto work = [&]() -> Task<void> {
    Context ctx(runtime_.core(1));
    http::ClientRequest request{.url = url("/ticks")};
    auto response = co_await client_->send(ctx, std::move(request));
    if (!response) throw std::runtime_error(response.error().message());
    auto chunk = co_await (*response)->next(ctx);
    if (!chunk || !*chunk) throw std::runtime_error("no chunk");
  };
  boost::asio::co_spawn(runtime_.core(1), work(), boost::asio::use_future).get();
  EXPECT_EQ(ticks_end_->get_future().get(), "cancelled");
}

TEST_F(ServerTest, CancellingTheClientClosesTheUpstream) {
  start();
  auto work = [&]() -> Task<std::string> {
    Context ctx(runtime_.core(1));
    boost::asio::post(runtime_.core(1), [&ctx] { ctx.cancel(); });
    http::ClientRequest request{.url = url("/wait")};
    auto response = co_await client_->send(ctx, std::move(request));
    co_return std::string(base::code_name(response.error().code()));
  };
  EXPECT_EQ(boost::asio::co_spawn(runtime_.core(1), work(), boost::asio::use_future).get(), "cancelled");
}

TEST_F(ServerTest, ABrokenStreamIsNoCleanEnd) {
  start();
  const auto got = get("/broken");
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.error, HasSubstr("middle of its answer"));
  EXPECT_THAT(raw("GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("4\r\nhalf\r\n"));
}

TEST_F(ServerTest, ATimeoutNamesItsStage) {
  start();
  http::ClientRequest request{.url = url("/wait")};
  request.timeouts.first_byte = 50ms;
  EXPECT_THAT(get(std::move(request)).error, HasSubstr("took too long"));
}

TEST_F(ServerTest, DrainingEndsStreamsWithTheirLastWords) {
  start();
  auto got = std::async(std::launch::async, [this] { return get("/ticks"); });
  auto streams = [this] {
    return metrics_.gauge("promethean_http_streams_open", "Answers that are being streamed.").value();
  };
  while (streams() < 1) std::this_thread::yield();
  std::promise<size_t> drained;
  server_->drain(5s, [&](size_t cut) { drained.set_value(cut); });
  EXPECT_THAT(got.get().body, testing::EndsWith("tickbye"));
  EXPECT_EQ(drained.get_future().get(), 0u);
  EXPECT_THAT(get("/hello").error, HasSubstr("connecting"));
}

TEST_F(ServerTest, DrainingCutsWhatDoesNotEnd) {
  start();
  auto got = std::async(std::launch::async, [this] { return get("/wait"); });
  while (metrics_.gauge("promethean_http_connections_open", "Open client connections.").value() < 1)
    std::this_thread::yield();
  std::this_thread::yield();
  std::promise<size_t> drained;
  server_->drain(50ms, [&](size_t cut) { drained.set_value(cut); });
  drained.get_future().get();
  EXPECT_THAT(got.get().status, testing::AnyOf(0, 503));
}

TEST_F(ServerTest, ServesAUnixSocketAndReplacesAStaleOne) {
  const std::string path = testing::TempDir() + "s" + base::random_hex(4) + ".sock";
  start({.listen = {"unix:" + path}});
  EXPECT_EQ(get({.url = "unix:" + path + ":/hello", .headers = {}}).body, "hello");
  ServerOptions second{.listen = {"unix:" + path}};
  Server other(runtime_, router_, metrics_, base::Log(), second);
  EXPECT_EQ(other.start().error().code(), base::Code::kUnavailable);
}

TEST_F(ServerTest, ATakenPortIsAnErrorEvenForTheSameUser) {
  start();
  ServerOptions options{.listen = server_->addresses()};
  Server second(runtime_, router_, metrics_, base::Log(), options);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), base::Code::kUnavailable);
  EXPECT_THAT(started.error().hint(), HasSubstr("--listen"));
}

}  // namespace
}  // namespace promethean::net
