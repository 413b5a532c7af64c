#include "context/artifact_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/hash.h"
#include "context/exchange.h"

namespace promethean::context {

namespace {

using base::fail;

constexpr std::string_view kMarkdown = ".md";
constexpr std::string_view kAsidePrefix = "exchanges-";
constexpr std::string_view kAside = ".jsonl";
constexpr size_t kDayLength = 8;
constexpr std::chrono::hours kAbandoned{1};  // a file that is still being written is younger

constexpr std::string_view kIndex = R"(# Exchanges

`promethean` writes down here what it was asked and what it answered.

- `exchanges.jsonl` has one JSON object a line: time, endpoint, models, session, citations, tokens, how it ended and how
  long it took. Lines of earlier days are in `exchanges-*.jsonl`.
- Under `[artifacts] mode = "full"` each exchange has a Markdown file too, named in the line's `file`: the request, the
  prompt as the model got it, citations, tool calls, the answer. `promethean replay ID` asks again and shows the
  difference; `promethean replay --list` lists.
- `[artifacts] days` and `max_bytes` say what is kept. Only files that were made here are deleted; this one is left alone.
)";

bool is_temporary(std::string_view name) {
  return name.starts_with('.') && name.ends_with(".md.tmp") && is_exchange_id(name.substr(1, name.size() - 8));
}

base::Result<void> write_whole(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(base::errno_error(errno, name));
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

struct Entry {
  std::string name;
  struct timespec changed{};
  int64_t bytes = 0;
};

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

base::Result<std::vector<std::string>> names_in(int folder, const std::string& path) {
  const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, CloseDir> dir(again >= 0 ? ::fdopendir(again) : nullptr);
  if (dir == nullptr) return fail(base::errno_error(errno, path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) names.emplace_back(entry->d_name);
  return names;
}

bool is_older(const Entry& a, const Entry& b) {
  if (a.changed.tv_sec != b.changed.tv_sec) return a.changed.tv_sec < b.changed.tv_sec;
  if (a.changed.tv_nsec != b.changed.tv_nsec) return a.changed.tv_nsec < b.changed.tv_nsec;
  return a.name < b.name;
}

// Our own regular files, the oldest first.
std::vector<Entry> own_files(int folder, const std::vector<std::string>& names) {
  std::vector<Entry> entries;
  for (const auto& name : names) {
    struct stat info{};
    const bool ours = is_artifact_name(name) || is_temporary(name) || name == kExchangesFile;
    if (!ours || ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) continue;
    entries.push_back({name, info.st_mtim, info.st_size});
  }
  std::ranges::sort(entries, is_older);
  return entries;
}

}  // namespace

bool is_artifact_name(std::string_view name) {
  if (name.ends_with(kMarkdown)) return is_exchange_id(name.substr(0, name.size() - kMarkdown.size()));
  if (!name.starts_with(kAsidePrefix) || !name.ends_with(kAside)) return false;
  name.remove_prefix(kAsidePrefix.size());
  return is_exchange_id(name.substr(0, name.size() - kAside.size()));
}

base::Result<ArtifactFolder> ArtifactFolder::open(const std::string& path) {
  ArtifactFolder folder(path);
  if (auto opened = folder.reopen(); !opened) return fail(std::move(opened).error());
  return folder;
}

base::Result<void> ArtifactFolder::reopen() {
  lines_.reset();
  if (auto made = base::make_dirs(path_, 0700); !made) return fail(made.error().wrap("the folder of the artifacts"));
  folder_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder_) {
    explain();
    return {};
  }
  if (errno == ENOTDIR || errno == ELOOP)
    return fail(base::Code::kPermissionDenied, path_ + " is a symbolic link, or no directory",
                "name the directory itself in [artifacts] directory");
  return fail(base::errno_error(errno, path_).wrap("the folder of the artifacts"));
}

base::Result<void> ArtifactFolder::make_sure() {
  struct stat info{};
  if (folder_ && ::fstat(folder_.get(), &info) == 0 && info.st_nlink > 0) return {};
  return reopen();
}

// An explanation that cannot be written is missed by nobody.
void ArtifactFolder::explain() {
  const base::UniqueFd file(
      ::openat(folder_.get(), "index.md", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file) (void)write_whole(file.get(), kIndex, "index.md");
}

base::Result<void> ArtifactFolder::write(const std::string& name, std::string_view bytes) {
  if (auto there = make_sure(); !there) return there;
  const std::string temporary = "." + name + ".tmp";
  base::UniqueFd file(
      ::openat(folder_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail(base::errno_error(errno, temporary));
  auto written = write_whole(file.get(), bytes, temporary);
  if (written && ::fdatasync(file.get()) != 0) written = fail(base::errno_error(errno, temporary));
  if (written && ::renameat(folder_.get(), temporary.c_str(), folder_.get(), name.c_str()) != 0)
    written = fail(base::errno_error(errno, name));
  if (!written) ::unlinkat(folder_.get(), temporary.c_str(), 0);
  return written;
}

base::Result<void> ArtifactFolder::open_lines() {
  const std::string name(kExchangesFile);
  struct stat there{};
  struct stat ours{};
  const bool exists = ::fstatat(folder_.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
  if (lines_ && exists && ::fstat(lines_.get(), &ours) == 0 && ours.st_ino == there.st_ino) return {};
  // Without waiting for the reader of a pipe that somebody put there.
  constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  lines_.reset(::openat(folder_.get(), name.c_str(), kFlags, 0600));
  if (!lines_ || ::fstat(lines_.get(), &ours) != 0) return fail(base::errno_error(errno, path_ + "/" + name));
  if (!S_ISREG(ours.st_mode)) {
    lines_.reset();
    return fail(base::Code::kPermissionDenied, path_ + "/" + name + " is no file of ours");
  }
  // A process that was killed may have left half a line: ours begins on one of its own.
  char last = '\n';
  if (ours.st_size > 0 && ::pread(lines_.get(), &last, 1, ours.st_size - 1) == 1 && last != '\n')
    if (auto ended = write_whole(lines_.get(), "\n", name); !ended) return ended;
  day_.assign(kDayLength, '\0');
  constexpr off_t kIdBegins = 7;  // {"id":"
  if (::pread(lines_.get(), day_.data(), kDayLength, kIdBegins) != static_cast<ssize_t>(kDayLength)) day_.clear();
  return {};
}

base::Result<void> ArtifactFolder::put_aside(const std::string& id) {
  const std::string aside = fmt::format("{}{}{}", kAsidePrefix, id, kAside);
  ::fdatasync(lines_.get());
  lines_.reset();
  if (::renameat(folder_.get(), std::string(kExchangesFile).c_str(), folder_.get(), aside.c_str()) != 0)
    return fail(base::errno_error(errno, aside));
  return open_lines();
}

bool ArtifactFolder::same_day(std::string_view id, std::string_view other) {
  return id.substr(0, kDayLength) == other.substr(0, kDayLength);
}

base::Result<void> ArtifactFolder::append(const std::string& id, std::string_view lines, int64_t rotate_bytes) {
  if (auto there = make_sure(); !there) return there;
  if (auto opened = open_lines(); !opened) return opened;
  const std::string day = id.substr(0, kDayLength);
  struct stat info{};
  const bool full = ::fstat(lines_.get(), &info) == 0 && info.st_size > rotate_bytes;
  if (full || (!day_.empty() && day_ != day)) {
    if (auto done = put_aside(id); !done) return done;
  }
  if (day_.empty()) day_ = day;
  auto written = write_whole(lines_.get(), lines, std::string(kExchangesFile));
  if (!written) lines_.reset();  // opening it again ends the line that was begun
  return written;
}

base::Result<int64_t> ArtifactFolder::sweep(base::WallTime oldest, int64_t max_bytes, int64_t down_to) {
  if (auto there = make_sure(); !there) return fail(std::move(there).error());
  const auto names = names_in(folder_.get(), path_);
  if (!names) return fail(names.error());
  const auto entries = own_files(folder_.get(), *names);
  const int64_t abandoned = base::unix_seconds(base::wall_now() - kAbandoned);
  const int64_t too_old = base::unix_seconds(oldest);
  int64_t left = 0;
  for (const auto& entry : entries) left += entry.bytes;
  const int64_t goal = left > max_bytes ? down_to : max_bytes;
  for (const auto& entry : entries) {
    const bool over = left > goal && entry.name != kExchangesFile && !is_temporary(entry.name);
    const bool old = entry.changed.tv_sec < (is_temporary(entry.name) ? abandoned : too_old);
    if (!over && !old) continue;
    if (::unlinkat(folder_.get(), entry.name.c_str(), 0) == 0) left -= entry.bytes;
  }
  return left;
}

std::vector<std::string> exchange_line_files(const std::string& folder) {
  const base::UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::string> files;
  if (!opened) return files;
  const auto names = names_in(opened.get(), folder);
  if (!names) return files;
  for (const auto& name : *names) {
    if (name.ends_with(kAside) && is_artifact_name(name)) files.push_back(name);
  }
  std::ranges::sort(files, std::greater<>());  // their ids begin with the time
  files.insert(files.begin(), std::string(kExchangesFile));
  return files;
}

}  // namespace promethean::context
