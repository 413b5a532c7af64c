#include "search/update_read.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/hash.h"

namespace promethean::search {

namespace {

constexpr int64_t kRacyNs = 2'000'000'000;

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

SeenFile seen_now(const struct stat& info, base::WallTime now) {
  SeenFile seen;
  seen.stat = {static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim), nanoseconds(info.st_ctim), info.st_ino};
  const int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  seen.racy = std::max(seen.stat.mtime_ns, seen.stat.ctime_ns) > now_ns - kRacyNs;
  return seen;
}

ReadResult left_out(LeftOutReason reason, const SeenFile& seen) {
  return {.what = ReadResult::What::kLeftOut, .reason = reason, .seen = seen, .file = nullptr};
}

}  // namespace

ReadResult read_for_index(const base::RootDir& root, const std::string& path, uint64_t max_bytes,
                          std::optional<uint64_t> known_hash) {
  const auto now = base::wall_now();
  const auto fd = root.open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!fd) {
    // What cannot be opened cannot be examined either; it is tried again each time.
    SeenFile unknown{.stat = {}, .racy = true};
    return fd.error().code() == base::Code::kNotFound ? ReadResult{} : left_out(LeftOutReason::kUnreadable, unknown);
  }
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const SeenFile seen = seen_now(info, now);
  if (classify(path, {}).vendored) return left_out(LeftOutReason::kVendored, seen);
  if (seen.stat.size > max_bytes) return left_out(LeftOutReason::kTooLarge, seen);
  auto text = base::read_all(fd->get(), max_bytes, path);
  if (!text) {
    const bool grew = text.error().code() == base::Code::kTooLarge;
    return left_out(grew ? LeftOutReason::kTooLarge : LeftOutReason::kUnreadable, {seen.stat, true});
  }
  if (text->find('\0') != std::string::npos) return left_out(LeftOutReason::kBinary, seen);
  const uint64_t hash = base::hash64(*text);
  if (known_hash == hash) return {.what = ReadResult::What::kSame, .seen = seen, .file = nullptr};
  const FileClass file_class = classify(path, *text);
  if (file_class.generated || file_class.minified) return left_out(LeftOutReason::kGenerated, seen);
  return {
      .what = ReadResult::What::kText, .seen = seen, .file = prepare_file(path, std::move(*text), hash, file_class)};
}

}  // namespace promethean::search
