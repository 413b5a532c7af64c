// File descriptors with one owner, and files opened beneath a root.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace promethean::base {

// UniqueFd owns one descriptor and closes it. Move only; -1 means none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// RootDir: a directory that no path can leave. Every file of a repository is opened through one.
//
// Threads: any; the descriptor is never changed. Paths are relative to the root, `/`-separated; "" and "." mean the
// root itself. openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS) decides, so `..`, absolute paths and symlinks that
// lead outside are kPermissionDenied even while another process swaps links; a symlink that stays inside is followed.
class RootDir {
 public:
  static Result<RootDir> open(const std::string& path);

  const std::string& path() const { return path_; }  // absolute, canonical, without a trailing slash
  int fd() const { return fd_.get(); }

  Result<UniqueFd> open_file(const std::string& relative, int flags = 0 /* O_RDONLY */) const;

  // The whole file, or kTooLarge when it has more than `limit` bytes. Not for devices, pipes or directories
  // (kInvalidArgument).
  Result<std::string> read_file(const std::string& relative, size_t limit) const;

 private:
  RootDir(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

// Reads at most `limit` bytes of an open descriptor up to its end; kTooLarge when there is more.
Result<std::string> read_all(int fd, size_t limit, std::string_view name);

// Reads a file by an ordinary path (our own state, configuration); not for paths that came from a client.
Result<std::string> read_file(const std::string& path, size_t limit = 64 << 20);

// Writes `bytes` to a temporary name beside `path`, syncs and renames: readers see the old file or the new one.
Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);

// mkdir -p with `mode` for what it creates.
Result<void> make_dirs(const std::string& path, unsigned mode = 0755);

// MappedFile: a read-only mmap of a whole file. The bytes stay valid while the object lives.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  static Result<MappedFile> map(int fd, std::string_view name);
  static Result<MappedFile> open(const std::string& path);
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace promethean::base
