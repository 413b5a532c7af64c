#include "search/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "base/hash.h"

namespace promethean::search {

namespace {

constexpr size_t kMaxManifestBytes = size_t{1} << 30;
constexpr int kLoadTries = 5;
constexpr std::chrono::milliseconds kLockPoll{20};

uint64_t random_id() {
  return std::strtoull(base::random_hex(8).c_str(), nullptr, 16);
}

}  // namespace

base::Result<Store> Store::open(std::string directory, base::Log log) {
  auto made = base::make_dirs(directory, 0700);
  if (!made) return base::fail(made.error().wrap("the index needs a writable directory"));
  return Store(std::move(directory), std::move(log));
}

std::string Store::segment_path(uint64_t id) const {
  char name[32];
  std::snprintf(name, sizeof(name), "/%016llx.seg", static_cast<unsigned long long>(id));
  return directory_ + name;
}

base::Result<base::UniqueFd> Store::lock(const async::StopFlag& stop) const {
  const std::string path = directory_ + "/LOCK";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return base::fail(base::errno_error(errno, path));
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return base::fail(base::errno_error(errno, path));
    if (stop.stopped()) return base::fail(base::Code::kCancelled, "stopped while another process updates the index");
    std::this_thread::sleep_for(kLockPoll);
  }
  return fd;
}

repo::FileStat Store::manifest_stat() const {
  struct stat info{};
  if (::stat(manifest_path().c_str(), &info) != 0) return {};
  return {static_cast<uint64_t>(info.st_size), int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec, 0,
          info.st_ino};
}

bool Store::changed_by_others() const {
  return manifest_stat() != known_manifest_;
}

std::shared_ptr<const TreeState> Store::load() {
  for (int tries = 0; tries < kLoadTries; ++tries) {
    known_manifest_ = manifest_stat();
    auto state = try_load();
    if (state) return *state;
    if (known_manifest_ != manifest_stat()) continue;  // replaced while it was read
    if (state.error().code() != base::Code::kNotFound) set_aside(manifest_path(), state.error());
    return nullptr;
  }
  return nullptr;
}

base::Result<std::shared_ptr<const TreeState>> Store::try_load() {
  const auto bytes = base::read_file(manifest_path(), kMaxManifestBytes);
  if (!bytes) return base::fail(bytes.error());
  auto manifest = decode_manifest(*bytes);
  if (!manifest) return base::fail(std::move(manifest).error());
  std::vector<std::shared_ptr<const Segment>> segments;
  for (const SegmentState& wanted : manifest->segments) {
    auto segment = Segment::open(segment_path(wanted.id), wanted.id);
    if (!segment && segment.error().code() == base::Code::kInvalidArgument) {
      set_aside(segment_path(wanted.id), segment.error());
    }
    if (!segment) return base::fail(base::Code::kInvalidArgument, segment.error().message());
    if ((*segment)->file_count() != wanted.seen.size()) {
      return base::fail(base::Code::kInvalidArgument, "damaged index: manifest and segment disagree");
    }
    segments.push_back(std::move(*segment));
  }
  return TreeState::make(std::move(*manifest), std::move(segments));
}

// One of each kind is kept: a disk must not fill with damaged files.
void Store::set_aside(const std::string& path, const base::Error& why) const {
  const std::string kept = directory_ + (path.ends_with(".seg") ? "/segment.damaged" : "/MANIFEST.damaged");
  if (::rename(path.c_str(), kept.c_str()) != 0) return;
  log_.warn("index file set aside, it will be rebuilt", {{"file", path}, {"kept_as", kept}, {"why", why.message()}});
}

base::Result<std::shared_ptr<const Segment>> Store::write_segment(SegmentBuilder builder) const {
  const uint64_t id = random_id();
  return std::move(builder).write(segment_path(id), id);
}

base::Result<void> Store::publish(const TreeState& state) {
  auto written = base::write_file_atomic(manifest_path(), encode_manifest(state.manifest()), 0600);
  if (!written) return written;
  known_manifest_ = manifest_stat();
  remove_unnamed(state.manifest());
  return {};
}

// Segments no manifest names, and what a killed writer left behind. Mapped ones live on until their readers let go.
void Store::remove_unnamed(const Manifest& manifest) const {
  std::set<std::string> keep;
  for (const SegmentState& segment : manifest.segments) keep.insert(segment_path(segment.id));
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, failed)) {
    const std::string path = entry.path().string();
    const bool temporary = path.find(".tmp-") != std::string::npos;
    if (temporary || (path.ends_with(".seg") && !keep.contains(path))) ::unlink(path.c_str());
  }
}

}  // namespace promethean::search
