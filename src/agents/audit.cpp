#include "agents/audit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/clock.h"
#include "base/fd.h"

namespace promethean::agents {

namespace {
constexpr off_t kRotateAt = 16 << 20;  // bytes
}

base::Result<void> AuditLog::write(json::Object line) {
  json::Object whole{{"time", base::iso8601(base::wall_now())}};
  for (auto& member : line) whole[member.key()] = std::move(member.value());
  const json::Value value(std::move(whole));
  const std::string text = json::write(value) + "\n";
  const std::lock_guard lock(mutex_);
  struct stat info{};
  if (::stat(path_.c_str(), &info) == 0 && info.st_size >= kRotateAt) ::rename(path_.c_str(), (path_ + ".1").c_str());
  const base::UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return base::fail(base::errno_error(errno, "audit log " + path_));
  }
  return {};
}

}  // namespace promethean::agents
