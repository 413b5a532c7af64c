#include "wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace bench {

namespace {

constexpr uint64_t kTag = 1;  // in epoll's data: a watch, not a Socket

void set_up(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

sockaddr_in local(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The value of a header field, or "".
std::string_view field(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at <= name.size() || head[at + name.size()] != ':') continue;
    if (::strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    std::string_view value = head.substr(at + name.size() + 1);
    value = value.substr(0, value.find("\r\n"));
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  const size_t end = text.find(after);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

int MessageReader::status() const {
  return head_.size() > 12 ? std::atoi(head_.c_str() + 9) : 0;
}

bool MessageReader::take_head(std::string_view& bytes) {
  const size_t old = head_.size();
  head_ += bytes;
  const size_t end = head_.find("\r\n\r\n", old < 3 ? 0 : old - 3);
  if (end == std::string::npos) {
    bytes = {};
    return false;
  }
  bytes.remove_prefix(end + 4 - old);
  head_.resize(end + 4);
  return true;
}

bool MessageReader::take_line(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  line_ += bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) return false;
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

void MessageReader::feed(std::string_view bytes, const std::function<void(std::string_view)>& on_body,
                         const std::function<void()>& on_end) {
  const auto ended = [&] {
    state_ = State::kHead;
    done_ = true;
    on_end();
  };
  while (!bytes.empty()) {
    switch (state_) {
      case State::kHead:
        if (std::exchange(done_, false)) head_.clear();
        if (!take_head(bytes)) return;
        if (field(head_, "transfer-encoding") == "chunked") {
          state_ = State::kChunkSize;
          line_.clear();
        } else {
          const std::string_view length = field(head_, "content-length");
          left_ = 0;
          std::from_chars(length.data(), length.data() + length.size(), left_);
          state_ = State::kLength;
          if (left_ == 0) ended();
        }
        break;
      case State::kLength:
      case State::kChunk: {
        const size_t part = std::min<uint64_t>(left_, bytes.size());
        on_body(bytes.substr(0, part));
        bytes.remove_prefix(part);
        left_ -= part;
        if (left_ > 0) break;
        if (state_ == State::kChunk) {
          state_ = State::kChunkEnd;
        } else {
          ended();
        }
        break;
      }
      case State::kChunkEnd:
        if (take_line(bytes)) line_.clear(), state_ = State::kChunkSize;
        break;
      case State::kChunkSize:
        if (!take_line(bytes)) break;
        left_ = std::strtoull(line_.c_str(), nullptr, 16);
        line_.clear();
        state_ = left_ > 0 ? State::kChunk : State::kTrailer;
        break;
      case State::kTrailer:
        if (take_line(bytes) && std::exchange(line_, {}).empty()) ended();
        break;
    }
  }
}

Socket::Socket(Loop& loop, int fd) : loop_(loop), fd_(fd) {
  set_up(fd);
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET | EPOLLOUT, .data = {.ptr = this}};
  if (::epoll_ctl(loop.epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl: " + std::string(std::strerror(errno)));
}

Socket::~Socket() {
  close();
}

void Socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Socket::send(std::string_view bytes) {
  if (fd_ < 0) return;
  if (waiting_.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
  }
  waiting_ += bytes;
}

void Socket::flush() {
  if (waiting_.empty()) return;
  const ssize_t sent = ::send(fd_, waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
  if (sent > 0) waiting_.erase(0, static_cast<size_t>(sent));
}

void Socket::ready(uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  while (fd_ >= 0) {
    const ssize_t n = ::recv(fd_, loop_.scratch.data(), loop_.scratch.size(), 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      close();
      return gone();
    }
    got({loop_.scratch.data(), static_cast<size_t>(n)});
    // A short read has emptied the socket; what comes later is a new edge.
    if (static_cast<size_t>(n) < loop_.scratch.size() && (events & (EPOLLRDHUP | EPOLLHUP)) == 0) return;
  }
}

Loop::Loop() : scratch(256 << 10), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void Loop::at(int64_t when_ns, std::function<void()> action) {
  due_.push({when_ns, ++timers_, std::move(action)});
}

void Loop::run_due() {
  while (!due_.empty() && due_.top().when <= now_ns() && !stopped_) {
    const auto action = std::move(const_cast<Due&>(due_.top()).action);
    due_.pop();
    action();
  }
}

void Loop::run() {
  std::array<epoll_event, 256> events{};
  while (!stopped_) {
    timespec timeout{.tv_sec = 3600, .tv_nsec = 0};
    if (!due_.empty()) {
      const int64_t left = std::max<int64_t>(due_.top().when - now_ns(), 0);
      timeout = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    }
    const int count = ::epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < count && !stopped_; ++i) {
      const uint64_t data = events[static_cast<size_t>(i)].data.u64;
      if ((data & kTag) != 0) {
        (*reinterpret_cast<std::function<void()>*>(data & ~kTag))();
      } else {
        reinterpret_cast<Socket*>(data)->ready(events[static_cast<size_t>(i)].events);
      }
    }
    run_due();
  }
}

void Loop::watch(int fd, std::function<void()> on_readable) {
  watches_.push_back(std::make_unique<std::function<void()>>(std::move(on_readable)));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = reinterpret_cast<uint64_t>(watches_.back().get()) | kTag}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl: " + std::string(std::strerror(errno)));
}

void Loop::listen(uint16_t port, std::function<void(int)> on_accept) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in address = local(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 || ::listen(fd, 4096) != 0)
    die("cannot listen on port " + std::to_string(port) + ": " + std::strerror(errno));
  std::printf("%u\n", bound_port(fd));
  std::fflush(stdout);
  watch(fd, [fd, on_accept = std::move(on_accept)] {
    for (int peer; (peer = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) on_accept(peer);
  });
}

uint16_t bound_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

int connect_local(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = local(port);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    die("cannot connect to port " + std::to_string(port) + ": " + std::strerror(errno));
  return fd;
}

}  // namespace bench
