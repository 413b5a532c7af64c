// The client against scripted servers: what proper servers seldom send, and TLS with certificates made here.
#include "net/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "async/testing.h"
#include "base/hash.h"
#include "net/test_upstream.h"

namespace promethean::net {
namespace {

using namespace std::chrono_literals;
using async::Context;
using async::Task;
using base::Code;
using testing::HasSubstr;

<<<<<<< HEAD
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
=======
std::string answer_with(const std::string& body, const std::string& header = "") {
  return "HTTP/1.1 200 OK\r\n" + header + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string kHello = answer_with("hello");
>>>>>>> tls

struct Got {
  int status = 0;
  std::string body;
  std::optional<base::Error> error;
};

class ClientTest : public testing::Test {
 protected:
  ClientTest() : ca_({.is_ca = true}), good_({}, &ca_) { trust(ca_); }
  ~ClientTest() override {
    client_->close();
<<<<<<< HEAD
    upstream_.reset();
=======
>>>>>>> tls
    ::unlink(ca_file_.c_str());
  }

  void trust(const Identity& identity) { client_ = make_client({.ca_file = identity.write_pem(ca_file_)}); }
<<<<<<< HEAD
  void serve(std::function<void(Peer&)> script) { upstream_.emplace(good_, std::move(script)); }
  void serve_as(const Identity& identity, std::function<void(Peer&)> script) {
    upstream_.emplace(identity, std::move(script));
  }
  std::string http() const { return "http://" + upstream_->address() + "/"; }
  std::string https(const std::string& host = "127.0.0.1") const { return "https://" + upstream_->address(host) + "/"; }
=======
  TestUpstream serve_as(const Identity& identity, std::function<void(Peer&)> script) {
    return TestUpstream(identity, std::move(script), [this] { client_->close(); });
  }
  TestUpstream serve(std::function<void(Peer&)> script) { return serve_as(good_, std::move(script)); }
>>>>>>> tls

  Task<Got> exchange(Context& ctx, http::ClientRequest request) {
    auto response = co_await client_->send(ctx, std::move(request));
    if (!response) co_return Got{0, "", response.error()};
    auto body = co_await http::read_body(ctx, **response, 1 << 20);
    if (!body) co_return Got{(*response)->status, "", body.error()};
    co_return Got{(*response)->status, *body, std::nullopt};
  }
  Got get(http::ClientRequest request) {
    Context ctx(loop_.core(), base::steady_now() + 20s);
    return loop_.run(exchange(ctx, std::move(request)));
  }
  Got get(const std::string& url) { return get(http::ClientRequest{.url = url, .timeouts = {.connect = 10s}}); }

  const std::string ca_file_ = testing::TempDir() + "ca" + base::random_hex(4) + ".pem";
  async::TestLoop loop_;
  Identity ca_;
  Identity good_;
  std::unique_ptr<http::Client> client_;
<<<<<<< HEAD
  std::optional<TestUpstream> upstream_;
=======
>>>>>>> tls
};

void greet(Peer& peer) {
  while (!peer.request().empty()) peer.send(kHello);
}

TEST_F(ClientTest, AnswerInAnyPiecesIsTheSameAnswer) {
  const std::string answer =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (size_t step : {size_t{1}, size_t{7}, answer.size()}) {
<<<<<<< HEAD
    serve([&](Peer& peer) {
      peer.request();
      for (size_t at = 0; at < answer.size(); at += step) peer.send(std::string_view(answer).substr(at, step));
    });
    const auto got = get(http());
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello world") << (got.error ? got.error->message() : "");
    client_->close();
=======
    const auto upstream = serve([&](Peer& peer) {
      peer.request();
      for (size_t at = 0; at < answer.size(); at += step) peer.send(std::string_view(answer).substr(at, step));
    });
    const auto got = get(upstream.http());
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello world") << (got.error ? got.error->message() : "");
>>>>>>> tls
  }
}

TEST_F(ClientTest, ABodyWithoutALengthEndsWithTheConnection) {
<<<<<<< HEAD
  serve([](Peer& peer) {
=======
  const auto upstream = serve([](Peer& peer) {
>>>>>>> tls
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'));
    peer.close();
  });
<<<<<<< HEAD
  EXPECT_EQ(get(http()).body, std::string(100'000, 'x'));
}

TEST_F(ClientTest, AnAnswerToHeadHasNoBodyAndKeepsTheConnection) {
  serve([](Peer& peer) {
    while (!peer.request().empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  });
  for (int i = 0; i < 2; ++i) {
    const auto got = get({.method = http::Method::kHead, .url = http(), .headers = {}});
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "");
  }
  EXPECT_EQ(upstream_->connections(), 1);
}

TEST_F(ClientTest, WhatCameBeforeABrokenChunkIsGivenFirst) {
  serve([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n");
  });
  const auto work = [this]() -> Task<std::string> {
    Context ctx(loop_.core(), base::steady_now() + 20s);
    http::ClientRequest request{.url = http()};
=======
  EXPECT_EQ(get(upstream.http()).body, std::string(100'000, 'x'));
}

TEST_F(ClientTest, AnAnswerToHeadHasNoBodyAndKeepsTheConnection) {
  const auto upstream = serve([](Peer& peer) {
    while (!peer.request().empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  });
  for (int i = 0; i < 2; ++i) {
    const auto got = get({.method = http::Method::kHead, .url = upstream.http(), .headers = {}});
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "");
  }
  EXPECT_EQ(upstream.connections(), 1);
}

TEST_F(ClientTest, WhatCameBeforeABrokenChunkIsGivenFirst) {
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n");
  });
  const auto work = [this, &upstream]() -> Task<std::string> {
    Context ctx(loop_.core(), base::steady_now() + 20s);
    http::ClientRequest request{.url = upstream.http()};
>>>>>>> tls
    auto response = co_await client_->send(ctx, std::move(request));
    if (!response) co_return response.error().message();
    auto first = co_await (*response)->next(ctx);
    auto second = co_await (*response)->next(ctx);
    co_return **first + ", " + (second ? "more" : second.error().message());
  };
  EXPECT_THAT(loop_.run(work()), testing::StartsWith("hello, reading from 127.0.0.1:"));
}

TEST_F(ClientTest, HeadsAndChunkHeadersHaveALimit) {
  for (const std::string start :
       {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"}) {
<<<<<<< HEAD
    serve([&](Peer& peer) {
=======
    const auto upstream = serve([&](Peer& peer) {
>>>>>>> tls
      peer.request();
      peer.send(start + std::string(1 << 20, 'x'));
      peer.wait_until_left();
    });
<<<<<<< HEAD
    EXPECT_EQ(get(http()).error.value().code(), Code::kUnavailable);
=======
    EXPECT_EQ(get(upstream.http()).error.value().code(), Code::kUnavailable);
>>>>>>> tls
  }
}

TEST_F(ClientTest, CutAnswersAreErrors) {
  for (const std::string start : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"}) {
<<<<<<< HEAD
    serve([&](Peer& peer) {
=======
    const auto upstream = serve([&](Peer& peer) {
>>>>>>> tls
      peer.request();
      peer.send(start);
      peer.close();
    });
<<<<<<< HEAD
    EXPECT_EQ(get(http()).error.value().code(), Code::kUnavailable) << start;
=======
    EXPECT_EQ(get(upstream.http()).error.value().code(), Code::kUnavailable) << start;
>>>>>>> tls
  }
}

TEST_F(ClientTest, TrustsACertificateOfTheCaFile) {
<<<<<<< HEAD
  std::string name;
  serve([&name](Peer& peer) {
    peer.request();
    const char* asked = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name);
    name = asked != nullptr ? asked : "";
    peer.send(kHello);
  });
  auto got = get(https("localhost"));
  EXPECT_EQ(got.body, "hello") << (got.error ? got.error->message() : "");
  EXPECT_EQ(name, "localhost");
  got = get(https("127.0.0.1"));
  EXPECT_EQ(got.body, "hello") << (got.error ? got.error->message() : "");
  EXPECT_EQ(name, "") << "an address has no place in SNI";
=======
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    const char* name = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name);
    peer.send(answer_with(name != nullptr ? name : "no name"));
  });
  auto got = get(upstream.https("localhost"));
  EXPECT_EQ(got.body, "localhost") << (got.error ? got.error->message() : "");
  got = get(upstream.https("127.0.0.1"));
  EXPECT_EQ(got.body, "no name") << "an address has no place in SNI";
>>>>>>> tls
}

TEST_F(ClientTest, AnUnknownCaIsNotTrustedAndTheErrorSaysWhatToDo) {
  const Identity self_signed({});
<<<<<<< HEAD
  serve_as(self_signed, greet);
  const auto error = get(https()).error.value();
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_EQ(error.message(), "the certificate of " + upstream_->address() + " is not trusted: self-signed certificate");
=======
  const auto upstream = serve_as(self_signed, greet);
  const auto error = get(upstream.https()).error.value();
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_EQ(error.message(), "the certificate of " + upstream.address() + " is not trusted: self-signed certificate");
>>>>>>> tls
  EXPECT_THAT(error.hint(), HasSubstr("upstream_ca_file"));
  EXPECT_THAT(error.hint(), HasSubstr("SSL_CERT_FILE"));
}

TEST_F(ClientTest, ACertificateForAnotherHostIsRefused) {
  for (const char* names : {"DNS:example.com", "DNS:127.0.0.1", "IP:127.0.0.2"}) {
<<<<<<< HEAD
    serve_as(Identity({.alt_names = names}, &ca_), greet);
    EXPECT_THAT(get(https()).error.value().message(), HasSubstr("is not trusted: IP address mismatch")) << names;
    EXPECT_THAT(get(https("localhost")).error.value().message(), HasSubstr("is not trusted: hostname mismatch"));
=======
    const auto upstream = serve_as(Identity({.alt_names = names}, &ca_), greet);
    EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr("is not trusted: IP address mismatch"))
        << names;
    EXPECT_THAT(get(upstream.https("localhost")).error.value().message(),
                HasSubstr("is not trusted: hostname mismatch"));
>>>>>>> tls
  }
}

TEST_F(ClientTest, ACertificateCountsOnlyWhileItIsValid) {
<<<<<<< HEAD
  serve_as(Identity({.valid_from = -7200, .valid_to = -3600}, &ca_), greet);
  EXPECT_THAT(get(https()).error.value().message(), HasSubstr("is not trusted: certificate has expired"));
  serve_as(Identity({.valid_from = 3600, .valid_to = 7200}, &ca_), greet);
  EXPECT_THAT(get(https()).error.value().message(), HasSubstr("is not trusted: certificate is not yet valid"));
=======
  struct Case {
    long from, to;
    const char* reason;
  };
  for (const Case& c :
       {Case{-7200, -3600, "certificate has expired"}, Case{3600, 7200, "certificate is not yet valid"}}) {
    const auto upstream = serve_as(Identity({.valid_from = c.from, .valid_to = c.to}, &ca_), greet);
    EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr(std::string("is not trusted: ") + c.reason));
  }
>>>>>>> tls
}

TEST_F(ClientTest, ACaFileThatIsNoneIsSaid) {
  EXPECT_TRUE(check_ca_file(""));
  EXPECT_TRUE(check_ca_file(ca_file_));
  const auto missing = check_ca_file("/nonexistent/ca.pem");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kInvalidArgument);
  EXPECT_THAT(missing.error().message(), HasSubstr("/nonexistent/ca.pem cannot be used: No such file"));
  client_ = make_client({.ca_file = "/dev/null"});
<<<<<<< HEAD
  serve(greet);
  EXPECT_THAT(get(https()).error.value().message(), HasSubstr("the CA file /dev/null cannot be used"));
  EXPECT_EQ(get(http()).body, "hello") << "http needs no CA";
}

TEST_F(ClientTest, ATlsConnectionIsKeptAlive) {
  serve(greet);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(https()).body, "hello");
  EXPECT_EQ(upstream_->connections(), 1);
}

TEST_F(ClientTest, HttpAndHttpsShareNoConnection) {
  serve([](Peer& peer) {
    peer.request();
    peer.send(kHello);  // and stays open
  });
  EXPECT_EQ(get(http()).body, "hello");
  EXPECT_EQ(get(https()).body, "hello");
  EXPECT_EQ(upstream_->connections(), 2);
=======
  const auto upstream = serve(greet);
  EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr("the CA file /dev/null cannot be used"));
  EXPECT_EQ(get(upstream.http()).body, "hello") << "http needs no CA";
}

TEST_F(ClientTest, ATlsConnectionIsKeptAlive) {
  const auto upstream = serve(greet);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(upstream.https()).body, "hello");
  EXPECT_EQ(upstream.connections(), 1);
}

TEST_F(ClientTest, HttpAndHttpsShareNoConnection) {
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    peer.send(kHello);  // and stays open
  });
  EXPECT_EQ(get(upstream.http()).body, "hello");
  EXPECT_EQ(get(upstream.https()).body, "hello");
  EXPECT_EQ(upstream.connections(), 2);
>>>>>>> tls
}

TEST_F(ClientTest, AKeptTlsConnectionThatTheServerClosedIsNotUsed) {
  for (const bool goodbye : {true, false}) {
    std::promise<void> closed;
<<<<<<< HEAD
    serve([&, first = true](Peer& peer) mutable {
=======
    const auto upstream = serve([&, first = true](Peer& peer) mutable {
>>>>>>> tls
      if (!std::exchange(first, false)) return greet(peer);
      peer.request();
      peer.send(kHello);
      if (goodbye) SSL_shutdown(peer.ssl()), peer.send("");
      ::shutdown(peer.socket().native_handle(), SHUT_RDWR);
      closed.set_value();
    });
<<<<<<< HEAD
    EXPECT_EQ(get(https()).body, "hello");
    closed.get_future().get();
    EXPECT_EQ(get(https()).body, "hello") << goodbye;
    client_->close();
=======
    EXPECT_EQ(get(upstream.https()).body, "hello");
    closed.get_future().get();
    EXPECT_EQ(get(upstream.https()).body, "hello") << goodbye;
>>>>>>> tls
  }
}

TEST_F(ClientTest, TheNextConnectionResumesTheSession) {
<<<<<<< HEAD
  std::vector<int> resumed;
  serve([&](Peer& peer) {
    peer.request();
    resumed.push_back(SSL_session_reused(peer.ssl()));
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(https()).body, "hello");
  EXPECT_THAT(resumed, testing::ElementsAre(0, 1, 1));
=======
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    peer.send(answer_with(SSL_session_reused(peer.ssl()) == 1 ? "resumed" : "new", "Connection: close\r\n"));
  });
  EXPECT_EQ(get(upstream.https()).body, "new");
  EXPECT_EQ(get(upstream.https()).body, "resumed");
  EXPECT_EQ(get(upstream.https()).body, "resumed");
>>>>>>> tls
}

TEST_F(ClientTest, ATlsStreamThatIsCutIsNoCleanEnd) {
  for (const std::string head : {"Content-Length: 100\r\n", ""}) {
<<<<<<< HEAD
    serve([&](Peer& peer) {
=======
    const auto upstream = serve([&](Peer& peer) {
>>>>>>> tls
      peer.request();
      peer.send("HTTP/1.1 200 OK\r\n" + head + "\r\nhalf");
      peer.close();
    });
<<<<<<< HEAD
    EXPECT_THAT(get(https()).error.value().message(), HasSubstr("in the middle of its answer")) << head;
  }
  serve([](Peer& peer) {
=======
    EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr("in the middle of its answer")) << head;
  }
}

TEST_F(ClientTest, ATlsStreamMayEndWithItsGoodbye) {
  const auto upstream = serve([](Peer& peer) {
>>>>>>> tls
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nwhole");
    peer.say_goodbye();
  });
<<<<<<< HEAD
  EXPECT_EQ(get(https()).body, "whole") << "with its goodbye it is the end";
=======
  EXPECT_EQ(get(upstream.https()).body, "whole");
>>>>>>> tls
}

TEST_F(ClientTest, LargeBodiesGoBothWaysOverTls) {
  const std::string large(300'000, 'x');
<<<<<<< HEAD
  std::string received;
  serve([&](Peer& peer) {
    peer.request();
    received = peer.body(large.size());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + large);
  });
  const auto got = get({.method = http::Method::kPost, .url = https(), .headers = {}, .body = large});
  EXPECT_EQ(received, large);
=======
  const auto upstream = serve([&large](Peer& peer) {
    peer.request();
    peer.send(answer_with(peer.body(large.size())));
  });
  const auto got = get({.method = http::Method::kPost, .url = upstream.https(), .headers = {}, .body = large});
>>>>>>> tls
  EXPECT_EQ(got.body, large);
}

TEST_F(ClientTest, AHandshakeThatHangsIsAConnectThatTookTooLong) {
<<<<<<< HEAD
  serve([](Peer& peer) { peer.wait_until_left(); });
  http::ClientRequest request{.url = https()};
  request.timeouts.connect = 50ms;
  const auto error = get(std::move(request)).error.value();
  EXPECT_EQ(error.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(error.message(), "connecting to " + upstream_->address() + " (TLS handshake) took too long");
=======
  const auto upstream = serve([](Peer& peer) { peer.wait_until_left(); });
  http::ClientRequest request{.url = upstream.https()};
  request.timeouts.connect = 50ms;
  const auto error = get(std::move(request)).error.value();
  EXPECT_EQ(error.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(error.message(), "connecting to " + upstream.address() + " (TLS handshake) took too long");
>>>>>>> tls
}

TEST_F(ClientTest, CancellingDuringTheHandshakeClosesAtOnce) {
  Context ctx(loop_.core());
  base::SteadyTime cancelled;
  std::promise<base::SteadyTime> left;
<<<<<<< HEAD
  serve([&](Peer& peer) {
=======
  const auto upstream = serve([&](Peer& peer) {
>>>>>>> tls
    peer.wants_tls();  // its handshake has begun
    boost::asio::post(loop_.core(), [&ctx, &cancelled] {
      cancelled = base::steady_now();
      ctx.cancel();
    });
    peer.wait_until_left();
    left.set_value(base::steady_now());
  });
<<<<<<< HEAD
  const auto got = loop_.run(exchange(ctx, {.url = https(), .headers = {}, .timeouts = {.connect = 10s}}));
=======
  const auto got = loop_.run(exchange(ctx, {.url = upstream.https(), .headers = {}, .timeouts = {.connect = 10s}}));
>>>>>>> tls
  EXPECT_EQ(got.error.value().code(), Code::kCancelled);
  EXPECT_LT(left.get_future().get() - cancelled, 500ms);
}

TEST_F(ClientTest, AServerThatSpeaksNoTlsIsNamedAsSuch) {
<<<<<<< HEAD
  serve([](Peer& peer) {
    peer.wants_tls();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const auto error = get(https()).error.value();
=======
  const auto upstream = serve([](Peer& peer) {
    peer.wants_tls();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const auto error = get(upstream.https()).error.value();
>>>>>>> tls
  EXPECT_THAT(error.message(), HasSubstr("(TLS handshake) failed: "));
  EXPECT_THAT(error.hint(), HasSubstr("http://"));
}

}  // namespace
}  // namespace promethean::net
