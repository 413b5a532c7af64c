#include "http/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <thread>

#include "async/testing.h"
#include "http/sse.h"

namespace promethean::http {
namespace {

using async::TestLoop;
using testing::ElementsAre;
using testing::HasSubstr;

// One reader: collects the names and data of events, and how the stream ended.
struct Reader {
  Reader(TestLoop& loop, std::unique_ptr<BodyStream> body) : ctx(loop.core()), stream(std::move(body)) {}

  Task<void> read() {
    for (;;) {
      auto chunk = co_await stream->next(ctx);
      if (!chunk || *chunk == nullptr) {
        end = chunk ? "clean" : std::string(base::code_name(chunk.error().code()));
        co_return;
      }
      ++chunks;
      last = *chunk;
      auto fed = parser.feed(**chunk, [this](SseEvent event) {
        events.push_back(event.name == "message" ? event.data : event.name);
        id = event.id;
      });
      EXPECT_TRUE(fed);
    }
  }

  Context ctx;
  std::unique_ptr<BodyStream> stream;
  SseParser parser;
  std::vector<std::string> events;
  std::string id;
  std::string end;
  size_t chunks = 0;
  Chunk last;
};

class Hub : public testing::Test {
 protected:
  explicit Hub(HubOptions options = quick()) : hub({loop.core()}, std::move(options)) {}
  ~Hub() override {
    for (auto& reader : readers) reader->ctx.cancel();
    loop.settle();
  }
  static HubOptions quick() {
    HubOptions options;
    options.coalesce = std::chrono::milliseconds(0);
    return options;
  }

  Reader& start(const std::shared_ptr<SseTopic>& topic, std::string_view last_id = {}) {
    readers.push_back(std::make_unique<Reader>(loop, hub.subscribe(loop.core(), topic, last_id)));
    loop.spawn(readers.back()->read());
    loop.settle();
    return *readers.back();
  }

  TestLoop loop;
  SseHub hub;
  std::vector<std::unique_ptr<Reader>> readers;
};

TEST_F(Hub, EveryStreamGetsEveryEventOfItsTopic) {
  const auto topic = hub.topic();
  const auto other = hub.topic();
  Reader& a = start(topic);
  Reader& b = start(topic);
  Reader& c = start(other);
  EXPECT_EQ(hub.streams(), 3U);
  EXPECT_TRUE(topic->publish("1"));
  loop.settle();
  EXPECT_TRUE(topic->publish("{}", "two"));
  EXPECT_TRUE(other->publish("x"));
  loop.settle();
  EXPECT_THAT(a.events, ElementsAre("1", "two"));
  EXPECT_THAT(b.events, ElementsAre("1", "two"));
  EXPECT_THAT(c.events, ElementsAre("x"));
}

TEST_F(Hub, WhatComesTogetherIsOneSharedChunk) {
  const auto topic = hub.topic();
  Reader& a = start(topic);
  Reader& b = start(topic);
  for (const char* data : {"1", "2", "3"}) topic->publish(data);
  loop.settle();
  EXPECT_THAT(a.events, ElementsAre("1", "2", "3"));
  EXPECT_EQ(a.chunks, 1U);
  EXPECT_EQ(a.last, b.last);
}

TEST_F(Hub, ALateStreamBeginsWithTheNextEvent) {
  const auto topic = hub.topic();
  topic->publish("1");
  Reader& a = start(topic);
  topic->publish("2");
  loop.settle();
  EXPECT_THAT(a.events, ElementsAre("2"));
}

TEST_F(Hub, AStreamResumesBehindItsLastId) {
  const auto topic = hub.topic();
  Reader& first = start(topic);
  topic->publish("1");
  loop.settle();
  const std::string seen = first.id;
  topic->publish("2");
  topic->publish("3");
  EXPECT_THAT(start(topic, seen).events, ElementsAre("2", "3"));
  EXPECT_THAT(start(topic, "strange").events, ElementsAre("gap", "1", "2", "3"));
  EXPECT_THAT(start(topic, "00000000-1").events, ElementsAre("gap", "1", "2", "3"));
  EXPECT_THAT(start(topic, seen + "99999999999999999999").events, ElementsAre("gap", "1", "2", "3"));
}

TEST_F(Hub, ACloseEndsStreamsAfterTheirLastEvent) {
  const auto topic = hub.topic();
  Reader& a = start(topic);
  topic->publish("1");
  topic->close();
  loop.settle();
  EXPECT_THAT(a.events, ElementsAre("1"));
  EXPECT_EQ(a.end, "clean");
  EXPECT_FALSE(topic->publish("2"));
  EXPECT_EQ(start(topic).end, "clean");
}

TEST_F(Hub, ADrainSendsWhatThereIsAndATerminalEvent) {
  const auto topic = hub.topic();
  Reader& a = start(topic);
  topic->publish("1");
  a.stream->drain();
  topic->publish("too late");
  loop.settle();
  EXPECT_EQ(a.events.front(), "1");
  EXPECT_EQ(a.events.back(), "shutdown");
  EXPECT_EQ(a.end, "clean");
}

TEST_F(Hub, ACancelledContextEndsTheWaitAtOnce) {
  Reader& a = start(hub.topic());
  a.ctx.cancel();
  loop.settle();
  EXPECT_EQ(a.end, "cancelled");
}

class SmallHub : public Hub {
 protected:
  static HubOptions small() {
    HubOptions options = quick();
    options.keep_events = 3;
    options.keep_bytes = 400;
    return options;
  }
  SmallHub() : Hub(small()) {}
};

TEST_F(SmallHub, AReaderThatFellBehindIsToldAndCut) {
  const auto topic = hub.topic();
  Reader& a = start(topic);
  for (int i = 0; i < 5; ++i) topic->publish("x");
  loop.settle();
  EXPECT_THAT(a.events, ElementsAre("error"));
  EXPECT_EQ(a.end, "rate_limited");
}

TEST_F(SmallHub, ATopicKeepsOnlySoMuch) {
  const auto topic = hub.topic();
  for (int i = 0; i < 10; ++i) topic->publish(std::to_string(i));
  EXPECT_THAT(start(topic, "old").events, ElementsAre("gap", "7", "8", "9"));
  topic->publish(std::string(1'000, 'x'));
  EXPECT_EQ(start(topic, "old").events.size(), 2U);
}

class BeatingHub : public Hub {
 protected:
  static HubOptions beating() {
    HubOptions options = quick();
    options.heartbeat = std::chrono::milliseconds(2);
    options.heartbeat_bytes = "event: ping\ndata: {}\n\n";
    return options;
  }
  BeatingHub() : Hub(beating()) {}
};

TEST_F(BeatingHub, ASilentStreamSaysThatItLives) {
  const auto topic = hub.topic();
  Reader& a = start(topic);
  const auto deadline = base::steady_now() + std::chrono::seconds(20);
  while (a.events.size() < 3 && base::steady_now() < deadline) loop.settle();
  EXPECT_THAT(a.events, testing::Each("ping"));
  EXPECT_GE(a.events.size(), 3U);
}

TEST(HubCoalesces, EventsWithinTheWindowAreOneWrite) {
  TestLoop loop;
  HubOptions options;
  options.coalesce = std::chrono::milliseconds(200);
  SseHub hub({loop.core()}, options);
  const auto topic = hub.topic();
  Reader reader(loop, hub.subscribe(loop.core(), topic));
  loop.spawn(reader.read());
  loop.settle();
  topic->publish("at once");
  loop.settle();
  EXPECT_THAT(reader.events, ElementsAre("at once"));
  topic->publish("2");
  loop.settle();
  topic->publish("3");
  topic->close();
  loop.settle();
  EXPECT_EQ(reader.chunks, 1U);
  const auto deadline = base::steady_now() + std::chrono::seconds(20);
  while (reader.end.empty() && base::steady_now() < deadline) loop.settle();
  EXPECT_THAT(reader.events, ElementsAre("at once", "2", "3"));
  EXPECT_EQ(reader.chunks, 2U);
}

TEST(HubThreads, PublishersOnOtherThreadsLoseNothing) {
  TestLoop loop;
  HubOptions options;
  options.keep_events = 100'000;
  options.keep_bytes = 100 << 20;
  SseHub hub({loop.core()}, options);
  const auto topic = hub.topic();
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 5; ++i) {
    readers.push_back(std::make_unique<Reader>(loop, hub.subscribe(loop.core(), topic)));
    loop.spawn(readers.back()->read());
  }
  constexpr size_t kEach = 5'000;
  std::vector<std::thread> publishers;
  std::atomic<int> running{3};
  for (int t = 0; t < 3; ++t) {
    publishers.emplace_back([&] {
      for (size_t i = 0; i < kEach; ++i) topic->publish("x");
      if (running.fetch_sub(1) == 1) topic->close();
    });
  }
  const auto all_ended = [&] { return std::ranges::all_of(readers, [](const auto& r) { return !r->end.empty(); }); };
  while (!all_ended()) loop.settle();
  for (auto& thread : publishers) thread.join();
  for (const auto& reader : readers) EXPECT_EQ(reader->events.size(), 3 * kEach);
}

// The stream's share of "an idle SSE stream costs at most 4 KB"; the connection has the rest.
TEST(HubMemory, AnIdleStreamIsSmall) {
  TestLoop loop;
  SseHub hub({loop.core()}, {});
  const auto topic = hub.topic();
  constexpr size_t kStreams = 2'000;
  struct Idle {
    Idle(TestLoop& loop, std::unique_ptr<BodyStream> body) : ctx(loop.core()), stream(std::move(body)) {}
    Context ctx;
    std::unique_ptr<BodyStream> stream;
  };
  std::vector<std::unique_ptr<Idle>> idle(kStreams);
  const auto wait = [](Idle& one) -> Task<void> { (void)co_await one.stream->next(one.ctx); };
  const size_t before = mallinfo2().uordblks;
  for (auto& one : idle) {
    one = std::make_unique<Idle>(loop, hub.subscribe(loop.core(), topic));
    loop.spawn(wait(*one));
  }
  loop.settle();
  const size_t each = (mallinfo2().uordblks - before) / kStreams;
  RecordProperty("bytes_per_stream", static_cast<int>(each));
  EXPECT_LT(each, 2'048U);
  for (auto& one : idle) one->ctx.cancel();
  loop.settle();
}

}  // namespace
}  // namespace promethean::http
