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

std::string answer_with(const std::string& body, const std::string& header = "") {
  return "HTTP/1.1 200 OK\r\n" + header + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string kHello = answer_with("hello");

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
    ::unlink(ca_file_.c_str());
  }

  void trust(const Identity& identity) { client_ = make_client({.ca_file = identity.write_pem(ca_file_)}); }
  TestUpstream serve_as(const Identity& identity, std::function<void(Peer&)> script) {
    return TestUpstream(identity, std::move(script), [this] { client_->close(); });
  }
  TestUpstream serve(std::function<void(Peer&)> script) { return serve_as(good_, std::move(script)); }

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
};

void greet(Peer& peer) {
  while (!peer.request().empty()) peer.send(kHello);
}

TEST_F(ClientTest, AnswerInAnyPiecesIsTheSameAnswer) {
  const std::string answer =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (size_t step : {size_t{1}, size_t{7}, answer.size()}) {
    const auto upstream = serve([&](Peer& peer) {
      peer.request();
      for (size_t at = 0; at < answer.size(); at += step) peer.send(std::string_view(answer).substr(at, step));
    });
    const auto got = get(upstream.http());
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello world") << (got.error ? got.error->message() : "");
  }
}

TEST_F(ClientTest, ABodyWithoutALengthEndsWithTheConnection) {
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'));
    peer.close();
  });
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
    const auto upstream = serve([&](Peer& peer) {
      peer.request();
      peer.send(start + std::string(1 << 20, 'x'));
      peer.wait_until_left();
    });
    EXPECT_EQ(get(upstream.http()).error.value().code(), Code::kUnavailable);
  }
}

TEST_F(ClientTest, CutAnswersAreErrors) {
  for (const std::string start : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"}) {
    const auto upstream = serve([&](Peer& peer) {
      peer.request();
      peer.send(start);
      peer.close();
    });
    EXPECT_EQ(get(upstream.http()).error.value().code(), Code::kUnavailable) << start;
  }
}

TEST_F(ClientTest, TrustsACertificateOfTheCaFile) {
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    const char* name = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name);
    peer.send(answer_with(name != nullptr ? name : "no name"));
  });
  auto got = get(upstream.https("localhost"));
  EXPECT_EQ(got.body, "localhost") << (got.error ? got.error->message() : "");
  got = get(upstream.https("127.0.0.1"));
  EXPECT_EQ(got.body, "no name") << "an address has no place in SNI";
}

TEST_F(ClientTest, AnUnknownCaIsNotTrustedAndTheErrorSaysWhatToDo) {
  const Identity self_signed({});
  const auto upstream = serve_as(self_signed, greet);
  const auto error = get(upstream.https()).error.value();
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_EQ(error.message(), "the certificate of " + upstream.address() + " is not trusted: self-signed certificate");
  EXPECT_THAT(error.hint(), HasSubstr("upstream_ca_file"));
  EXPECT_THAT(error.hint(), HasSubstr("SSL_CERT_FILE"));
}

TEST_F(ClientTest, ACertificateForAnotherHostIsRefused) {
  for (const char* names : {"DNS:example.com", "DNS:127.0.0.1", "IP:127.0.0.2"}) {
    const auto upstream = serve_as(Identity({.alt_names = names}, &ca_), greet);
    EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr("is not trusted: IP address mismatch"))
        << names;
    EXPECT_THAT(get(upstream.https("localhost")).error.value().message(),
                HasSubstr("is not trusted: hostname mismatch"));
  }
}

TEST_F(ClientTest, ACertificateCountsOnlyWhileItIsValid) {
  struct Case {
    long from, to;
    const char* reason;
  };
  for (const Case& c :
       {Case{-7200, -3600, "certificate has expired"}, Case{3600, 7200, "certificate is not yet valid"}}) {
    const auto upstream = serve_as(Identity({.valid_from = c.from, .valid_to = c.to}, &ca_), greet);
    EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr(std::string("is not trusted: ") + c.reason));
  }
}

TEST_F(ClientTest, ACaFileThatIsNoneIsSaid) {
  EXPECT_TRUE(check_ca_file(""));
  EXPECT_TRUE(check_ca_file(ca_file_));
  const auto missing = check_ca_file("/nonexistent/ca.pem");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kInvalidArgument);
  EXPECT_THAT(missing.error().message(), HasSubstr("/nonexistent/ca.pem cannot be used: No such file"));
  client_ = make_client({.ca_file = "/dev/null"});
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
}

TEST_F(ClientTest, AKeptTlsConnectionThatTheServerClosedIsNotUsed) {
  for (const bool goodbye : {true, false}) {
    std::promise<void> closed;
    const auto upstream = serve([&, first = true](Peer& peer) mutable {
      if (!std::exchange(first, false)) return greet(peer);
      peer.request();
      peer.send(kHello);
      if (goodbye) SSL_shutdown(peer.ssl()), peer.send("");
      ::shutdown(peer.socket().native_handle(), SHUT_RDWR);
      closed.set_value();
    });
    EXPECT_EQ(get(upstream.https()).body, "hello");
    closed.get_future().get();
    EXPECT_EQ(get(upstream.https()).body, "hello") << goodbye;
  }
}

TEST_F(ClientTest, TheNextConnectionResumesTheSession) {
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    peer.send(answer_with(SSL_session_reused(peer.ssl()) == 1 ? "resumed" : "new", "Connection: close\r\n"));
  });
  EXPECT_EQ(get(upstream.https()).body, "new");
  EXPECT_EQ(get(upstream.https()).body, "resumed");
  EXPECT_EQ(get(upstream.https()).body, "resumed");
}

TEST_F(ClientTest, ATlsStreamThatIsCutIsNoCleanEnd) {
  for (const std::string head : {"Content-Length: 100\r\n", ""}) {
    const auto upstream = serve([&](Peer& peer) {
      peer.request();
      peer.send("HTTP/1.1 200 OK\r\n" + head + "\r\nhalf");
      peer.close();
    });
    EXPECT_THAT(get(upstream.https()).error.value().message(), HasSubstr("in the middle of its answer")) << head;
  }
}

TEST_F(ClientTest, ATlsStreamMayEndWithItsGoodbye) {
  const auto upstream = serve([](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nwhole");
    peer.say_goodbye();
  });
  EXPECT_EQ(get(upstream.https()).body, "whole");
}

TEST_F(ClientTest, LargeBodiesGoBothWaysOverTls) {
  const std::string large(300'000, 'x');
  const auto upstream = serve([&large](Peer& peer) {
    peer.request();
    peer.send(answer_with(peer.body(large.size())));
  });
  const auto got = get({.method = http::Method::kPost, .url = upstream.https(), .headers = {}, .body = large});
  EXPECT_EQ(got.body, large);
}

TEST_F(ClientTest, AHandshakeThatHangsIsAConnectThatTookTooLong) {
  const auto upstream = serve([](Peer& peer) { peer.wait_until_left(); });
  http::ClientRequest request{.url = upstream.https()};
  request.timeouts.connect = 50ms;
  const auto error = get(std::move(request)).error.value();
  EXPECT_EQ(error.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(error.message(), "connecting to " + upstream.address() + " (TLS handshake) took too long");
}

TEST_F(ClientTest, CancellingDuringTheHandshakeClosesAtOnce) {
  Context ctx(loop_.core());
  base::SteadyTime cancelled;
  std::promise<base::SteadyTime> left;
  const auto upstream = serve([&](Peer& peer) {
    peer.wants_tls();  // its handshake has begun
    boost::asio::post(loop_.core(), [&ctx, &cancelled] {
      cancelled = base::steady_now();
      ctx.cancel();
    });
    peer.wait_until_left();
    left.set_value(base::steady_now());
  });
  const auto got = loop_.run(exchange(ctx, {.url = upstream.https(), .headers = {}, .timeouts = {.connect = 10s}}));
  EXPECT_EQ(got.error.value().code(), Code::kCancelled);
  EXPECT_LT(left.get_future().get() - cancelled, 500ms);
}

TEST_F(ClientTest, AServerThatSpeaksNoTlsIsNamedAsSuch) {
  const auto upstream = serve([](Peer& peer) {
    peer.wants_tls();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const auto error = get(upstream.https()).error.value();
  EXPECT_THAT(error.message(), HasSubstr("(TLS handshake) failed: "));
  EXPECT_THAT(error.hint(), HasSubstr("http://"));
}

}  // namespace
}  // namespace promethean::net
