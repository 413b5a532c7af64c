#include "repo/watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace promethean::repo {

namespace {

constexpr uint32_t kMask = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                           IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr size_t kBuffer = 64 << 10;

bool brings_rules(std::string_view name) {
  return name == ".gitignore" || name == ".ignore" || name == ".git";
}

}  // namespace

base::Result<std::unique_ptr<Watcher>> Watcher::open() {
  base::UniqueFd events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!events) {
    return base::fail(base::Code::kUnavailable, std::string("no inotify instance: ") + std::strerror(errno),
                      "raise fs.inotify.max_user_instances; until then the tree is swept for each question");
  }
  base::UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return base::fail(base::errno_error(errno, "eventfd"));
  return std::unique_ptr<Watcher>(new Watcher(std::move(events), std::move(wake)));
}

void Watcher::watch(const std::string& directory, int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const std::lock_guard lock(mutex_);  // over the call: an event of the new watch must find its name
  const int watch = ::inotify_add_watch(events_.get(), path.c_str(), kMask);
  if (watch >= 0) {
    watched_[watch] = directory;
    return;
  }
  // One that is gone meanwhile is no loss: the directory above tells.
  struct stat info{};
  complete_ = complete_ && ::fstat(fd, &info) == 0 && info.st_nlink == 0;
}

bool Watcher::poll() {
  alignas(inotify_event) char buffer[kBuffer];
  const std::lock_guard lock(mutex_);
  for (;;) {
    const ssize_t got = ::read(events_.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      take_in(event->wd, event->mask, event->len > 0 ? event->name : "");
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  return has_changes();
}

void Watcher::take_in(int watch, uint32_t mask, std::string_view name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    everything_ = true;
    return;
  }
  const auto at = watched_.find(watch);
  if (at == watched_.end()) return;
  if ((mask & IN_IGNORED) != 0) {  // the kernel has dropped the watch
    watched_.erase(at);
    return;
  }
  const std::string& directory = at->second;
  const std::string prefix = directory.empty() ? "" : directory + "/";
  if (everything_) return;
  if (brings_rules(name)) {
    everything_ = true;
  } else if (name.empty()) {
    // The directory itself: its mode, or its end. The root's end is the end of everything.
    if (directory.empty() && (mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) everything_ = true;
    below_.insert(directory);
  } else if ((mask & IN_ISDIR) != 0) {
    below_.insert(prefix + std::string(name));
  } else {
    directories_.insert(directory);
  }
  if (directories_.size() + below_.size() > kMaxPlaces) everything_ = true;
}

Watcher::Changes Watcher::take() {
  const std::lock_guard lock(mutex_);
  Changes changes{.everything = everything_, .looks = {}};
  if (!everything_) {
    for (const auto& directory : directories_) changes.looks.push_back({directory, false});
    for (const auto& directory : below_) changes.looks.push_back({directory, true});
  }
  everything_ = false;
  directories_.clear();
  below_.clear();
  return changes;
}

void Watcher::put_back(Changes changes) {
  const std::lock_guard lock(mutex_);
  everything_ = everything_ || changes.everything;
  for (Look& look : changes.looks) (look.below ? below_ : directories_).insert(std::move(look.directory));
}

size_t Watcher::pending() const {
  const std::lock_guard lock(mutex_);
  return directories_.size() + below_.size() + (everything_ ? 1 : 0);
}

bool Watcher::complete() const {
  const std::lock_guard lock(mutex_);
  return complete_;
}

bool Watcher::wait(std::chrono::milliseconds patience) {
  pollfd fds[2] = {{events_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  ::poll(fds, 2, static_cast<int>(patience.count()));
  uint64_t woken = 0;
  if ((fds[1].revents & POLLIN) != 0) (void)!::read(wake_.get(), &woken, sizeof(woken));
  return poll();
}

void Watcher::wake() {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

}  // namespace promethean::repo
