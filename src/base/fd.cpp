#include "base/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "base/hash.h"

namespace promethean::base {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<RootDir> RootDir::open(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) return fail(errno_error(errno, "root " + path));
  UniqueFd fd(::open(resolved, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(errno_error(errno, "root " + path));
  return RootDir(std::move(fd), resolved);
}

Result<UniqueFd> RootDir::open_file(const std::string& relative, int flags) const {
  if (relative.find('\0') != std::string::npos) return fail(Code::kInvalidArgument, "the path has a NUL byte");
  open_how how{};
  // O_NONBLOCK: opening a FIFO must not wait for its writer. O_PATH opens nothing, and bears no such flag.
  const int waits = (flags & O_PATH) != 0 ? 0 : O_NONBLOCK;
  how.flags = static_cast<uint64_t>(flags | waits) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const char* name = relative.empty() ? "." : relative.c_str();
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, fd_.get(), name, &how, sizeof(how));
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // EAGAIN: a rename raced with the walk of a `..`; the kernel asks to try again.
    if (errno != EAGAIN || tries > 16) return fail(errno_error(errno, relative));
  }
}

Result<std::string> RootDir::read_file(const std::string& relative, size_t limit) const {
  auto fd = open_file(relative, O_RDONLY);
  if (!fd) return fail(std::move(fd).error());
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) return fail(errno_error(errno, relative));
  if (!S_ISREG(info.st_mode)) return fail(Code::kInvalidArgument, relative + ": not a regular file");
  return read_all(fd->get(), limit, relative);
}

Result<std::string> read_all(int fd, size_t limit, std::string_view name) {
  struct stat info{};
  size_t guess = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? static_cast<size_t>(info.st_size) : 0;
  if (guess > limit) return fail(Code::kTooLarge, std::string(name) + ": larger than the limit");
  std::string bytes;
  // One more than expected, so that a file of the expected size ends in one more read. Files of /proc and /sys say that
  // they are empty, and some of them give their whole text only to a read that has room for it.
  bytes.resize(guess == 0 ? 4096 : guess + 1);
  size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno_error(errno, name));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > limit) return fail(Code::kTooLarge, std::string(name) + ": larger than the limit");
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2 + 4096);
  }
  bytes.resize(filled);
  return bytes;
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(errno_error(errno, path));
  return read_all(fd.get(), limit, path);
}

static Result<void> write_all(int fd, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(errno_error(errno, name));
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = path + ".tmp-" + random_hex(6);
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return fail(errno_error(errno, temporary));
  auto written = write_all(fd.get(), bytes, temporary);
  if (written && ::fdatasync(fd.get()) != 0) written = fail(errno_error(errno, temporary));
  fd.reset();
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = fail(errno_error(errno, path));
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<void> make_dirs(const std::string& path, unsigned mode) {
  if (path.empty() || std::filesystem::is_directory(path)) return {};
  const auto parent = std::filesystem::path(path).parent_path().string();
  if (parent != path) {
    if (auto made = make_dirs(parent, mode); !made) return made;
  }
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return fail(errno_error(errno, path));
  return {};
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

Result<MappedFile> MappedFile::map(int fd, std::string_view name) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return fail(errno_error(errno, name));
  MappedFile file;
  if (info.st_size == 0) return file;
  void* data = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail(errno_error(errno, name));
  file.data_ = static_cast<const char*>(data);
  file.size_ = static_cast<size_t>(info.st_size);
  return file;
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(errno_error(errno, path));
  return map(fd.get(), path);
}

}  // namespace promethean::base
