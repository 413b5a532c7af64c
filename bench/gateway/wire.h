// What the mock upstream and the load generator share: one epoll loop with timers, buffered sockets, and as much of
// HTTP/1.1 as the two need. Nothing of the program under test is used, so that neither flatters it.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

int64_t now_ns();  // CLOCK_MONOTONIC: the same in all processes of the machine

[[noreturn]] void die(const std::string& why);

// One direction of a connection: bytes in any cuts -> heads and pieces of bodies.
class MessageReader {
 public:
  // `on_body` gets pieces in order; `on_end` is called after each whole message, when head() is still there. Bytes of
  // the next message may follow at once.
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& on_body,
            const std::function<void()>& on_end);
  const std::string& head() const { return head_; }
  int status() const;  // of a response
  bool in_message() const { return state_ != State::kHead || !head_.empty(); }

 private:
  enum class State { kHead, kLength, kChunkSize, kChunk, kChunkEnd, kTrailer };
  bool take_head(std::string_view& bytes);
  bool take_line(std::string_view& bytes);  // into line_, without its end

  State state_ = State::kHead;
  std::string head_;
  std::string line_;
  uint64_t left_ = 0;  // of the body or the chunk
  bool done_ = false;  // head_ is of a message that has ended
};

// The text between `before` and `after`, or "" when there is none.
std::string_view between(std::string_view text, std::string_view before, std::string_view after);

class Loop;

// A non-blocking TCP socket in a loop. What cannot be written at once is kept.
class Socket {
 public:
  Socket(Loop& loop, int fd);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket();

  void send(std::string_view bytes);
  void close();  // gone() is not called
  bool open() const { return fd_ >= 0; }

  virtual void got(std::string_view bytes) = 0;
  virtual void gone() {}  // the peer closed, or the connection broke

 private:
  friend class Loop;
  void ready(uint32_t events);
  void flush();

  Loop& loop_;
  int fd_;
  std::string waiting_;
};

class Loop {
 public:
  Loop();
  void at(int64_t when_ns, std::function<void()> action);
  void run();  // until stop()
  void stop() { stopped_ = true; }
  void listen(uint16_t port, std::function<void(int)> on_accept);  // on 127.0.0.1
  void watch(int fd, std::function<void()> on_readable);

  std::vector<char> scratch;  // what is read lies here while got() runs

 private:
  friend class Socket;
  struct Due {
    int64_t when;
    uint64_t order;
    std::function<void()> action;
    bool operator<(const Due& other) const { return when != other.when ? when > other.when : order > other.order; }
  };
  void run_due();

  int epoll_;
  bool stopped_ = false;
  uint64_t timers_ = 0;
  std::priority_queue<Due> due_;
  std::vector<std::unique_ptr<std::function<void()>>> watches_;
};

int connect_local(uint16_t port);  // blocking connect, then non-blocking, no delay
uint16_t bound_port(int fd);

}  // namespace bench
