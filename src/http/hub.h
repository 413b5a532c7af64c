// SseHub: one sequence of events to many streams, each event formatted once and shared.
//
//   auto topic = hub.topic();                                            // owned by what publishes
//   topic->publish(R"({"state":"running"})", "status");                  // any thread
//   co_return Response::stream(hub.subscribe(ctx.core(), topic, last_event_id));
//
// A topic keeps its last events (bounded in number and bytes). A stream is an index into that sequence: a slow reader
// costs nothing, and when what it needs next has left the topic it gets the `lagged` event and is cut. On each core the
// hub wakes the streams with news at most once per `coalesce`; the first event after a pause goes out at once, and what
// came together is written together. No stream is silent for longer than `heartbeat`.
//
// Ids are "EPOCH-NUMBER". A stream that names the last id it saw goes on behind it; if that is no longer kept, it gets
// a `gap` event and then all that is kept. Without an id it begins with what is published next.
//
// Threads: publish() and close() on any; a stream belongs to the core it was made for. Lifetime: streams may outlive
// the hub and their topic's owner; the event loops outlive them all.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "http/message.h"

namespace promethean::http {

struct HubOptions {
  std::chrono::milliseconds coalesce{10};
  std::chrono::milliseconds heartbeat{15'000};
  size_t keep_events = 1024;    // of a topic
  size_t keep_bytes = 1 << 20;  // of a topic; the newest event is kept even if it is larger

  // What a stream sends of its own accord, as bytes on the wire. The heartbeat may have to be an event: some clients
  // count comments as silence.
  std::string heartbeat_bytes = ": keep-alive\n\n";
  std::string lagged = "event: error\ndata: {\"error\":\"the reader fell too far behind\",\"code\":\"lagged\"}\n\n";
  std::string gap = "event: gap\ndata: {\"message\":\"events were missed\"}\n\n";
  std::string draining = "event: shutdown\ndata: {\"message\":\"the server is shutting down\"}\n\n";
};

class HubCore;    // hub_core.h: what the hub keeps for one event loop
class HubStream;  // hub_core.h: one stream

class SseTopic : public std::enable_shared_from_this<SseTopic> {
 public:
  // Made by SseHub::topic().
  SseTopic(std::shared_ptr<const HubOptions> options, size_t cores);
  ~SseTopic();

  // False once closed. `name` empty: a plain message.
  bool publish(std::string_view data, std::string_view name = {});

  // No more events: streams end cleanly when they have sent what there is.
  void close();

  // The sequence from `next` on: events joined up to about 64 KB. Streams of one core share the joined bytes.
  struct Read {
    Chunk chunk;          // nullptr: nothing new
    uint64_t next = 0;    // where to go on
    bool lost = false;    // `next` has left the topic
    bool closed = false;  // and there will be nothing more
  };

 private:
  friend class SseHub;
  friend class HubCore;
  friend class HubStream;

  // What one core knows of this topic. Used on that core only, but for the two atomics.
  struct Seat {
    std::vector<HubStream*> streams;
    std::atomic<size_t> watched{0};  // streams.size(), for publishers
    std::atomic<bool> dirty{false};  // this topic is in the core's list of news
    uint64_t joined_from = 0, joined_to = 0;
    Chunk joined;
  };

  Read read(uint64_t next, Seat& seat) const;
  uint64_t end() const;
  // Where a stream begins that saw `last_event_id` last; `gap` is set when events in between are gone.
  uint64_t resume(std::string_view last_event_id, bool& gap) const;
  void tell_cores();

  std::shared_ptr<const HubOptions> options_;
  std::string epoch_;  // tells this topic's ids from those of others and of an earlier process
  std::vector<std::shared_ptr<HubCore>> cores_;
  std::vector<std::unique_ptr<Seat>> seats_;  // one for each core

  mutable std::mutex mutex_;  // guards what follows; never held while waiting
  std::deque<Chunk> events_;
  uint64_t first_ = 1;  // number of events_.front()
  size_t bytes_ = 0;
  bool closed_ = false;
};

class SseHub {
 public:
  SseHub(const std::vector<async::Executor>& cores, HubOptions options = {});
  ~SseHub();

  std::shared_ptr<SseTopic> topic();

  // `core` is one of the hub's and the one that will await the stream; call it there.
  std::unique_ptr<BodyStream> subscribe(async::Executor core, std::shared_ptr<SseTopic> topic,
                                        std::string_view last_event_id = {});

  size_t streams() const;  // open now; any thread

 private:
  std::shared_ptr<const HubOptions> options_;
  std::vector<std::shared_ptr<HubCore>> cores_;
};

}  // namespace promethean::http
