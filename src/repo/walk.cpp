#include "repo/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>

#include "base/strings.h"
#include "repo/scopes.h"

namespace promethean::repo {

namespace {

constexpr uint64_t kProgressEvery = 1024;  // files

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// One directory that is still to be read.
struct Task {
  std::string path;  // "" is the root
  IgnoreScope::Ptr scope;
  bool hidden = false;
};

struct Name {
  std::string name;
  unsigned char type;
};

class Walker {
 public:
  Walker(const base::RootDir& root, const async::StopFlag& stop, const WalkProgress& progress)
      : root_(root), stop_(stop), progress_(progress) {}

  base::Result<WalkResult> run(const WalkOptions& options);

 private:
  void work();
  bool next(Task* task);
  void finish(std::vector<Task> found);
  bool read_directory(const Task& task, WalkResult* result, std::vector<Task>* found);
  void take(const Task& task, int fd, const Name& name, const IgnoreScope& scope, WalkResult* result,
            std::vector<Task>* found);
  IgnoreScope::Ptr first_scope(const WalkOptions& options) const;
  IgnoreScope::Ptr enter(const Task& task, const std::vector<Name>& names) const;
  void merge(WalkResult result);
  void report(uint64_t files);

  const base::RootDir& root_;
  const async::StopFlag& stop_;
  const WalkProgress& progress_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> tasks_;
  int busy_ = 0;  // threads that may still add tasks
  bool root_failed_ = false;
  bool ignore_files_ = true;
  WalkResult total_;
  std::mutex progress_mutex_;
  uint64_t seen_ = 0;
};

base::Result<WalkResult> Walker::run(const WalkOptions& options) {
  ignore_files_ = options.ignore_files;
  tasks_.push_back({"", first_scope(options), false});
  std::vector<std::thread> threads;
  for (int i = 1; i < options.threads; ++i) threads.emplace_back([this] { work(); });
  work();
  for (auto& thread : threads) thread.join();
  if (stop_.stopped()) return base::fail(base::Code::kCancelled, "the walk was stopped");
  if (root_failed_) return base::fail(base::Code::kPermissionDenied, "cannot list " + root_.path());
  std::ranges::sort(total_.files, {}, &WalkEntry::path);
  return std::move(total_);
}

void Walker::work() {
  WalkResult result;
  std::vector<Task> found;
  for (Task task; next(&task);) {
    found.clear();
    const uint64_t before = result.files.size();
    if (!read_directory(task, &result, &found)) {
      ++result.unreadable;
      if (task.path.empty()) root_failed_ = true;
    }
    finish(std::move(found));
    report(result.files.size() - before);
  }
  merge(std::move(result));
}

// Waits for a directory; false once all are read, or the walk was stopped.
bool Walker::next(Task* task) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return !tasks_.empty() || busy_ == 0 || stop_.stopped(); });
  if (tasks_.empty() || stop_.stopped()) {
    wake_.notify_all();
    return false;
  }
  *task = std::move(tasks_.back());
  tasks_.pop_back();
  ++busy_;
  return true;
}

void Walker::finish(std::vector<Task> found) {
  const std::lock_guard lock(mutex_);
  std::ranges::move(found, std::back_inserter(tasks_));
  --busy_;
  wake_.notify_all();
}

void Walker::merge(WalkResult result) {
  const std::lock_guard lock(mutex_);
  std::ranges::move(result.files, std::back_inserter(total_.files));
  total_.directories += result.directories;
  total_.ignored += result.ignored;
  total_.not_regular += result.not_regular;
  total_.unreadable += result.unreadable;
}

void Walker::report(uint64_t files) {
  if (!progress_) return;
  const std::lock_guard lock(progress_mutex_);
  const uint64_t before = seen_;
  seen_ += files;
  if (before / kProgressEvery != seen_ / kProgressEvery) progress_(seen_);
}

bool Walker::read_directory(const Task& task, WalkResult* result, std::vector<Task>* found) {
  auto fd = root_.open_file(task.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd) return false;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd->get()), ::closedir);
  if (!directory) return false;
  fd->release();  // closedir closes it
  ++result->directories;

  std::vector<Name> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.push_back({std::string(name), entry->d_type});
  }
  const auto scope = enter(task, names);
  const size_t first = found->size();
  for (const Name& name : names) {
    if (name.name != ".git") take(task, ::dirfd(directory.get()), name, *scope, result, found);
  }
  for (size_t i = first; i < found->size(); ++i) (*found)[i].scope = scope;
  return true;
}

IgnoreScope::Ptr Walker::first_scope(const WalkOptions& options) const {
  if (options.ignore_files) return scope_above(root_, options.exclude_globs);
  return IgnoreScope::outermost(IgnoreRules::parse(base::join(options.exclude_globs, "\n")));
}

IgnoreScope::Ptr Walker::enter(const Task& task, const std::vector<Name>& names) const {
  if (!ignore_files_) return task.scope;
  const auto has = [&names](std::string_view wanted) {
    return std::ranges::find(names, wanted, &Name::name) != names.end();
  };
  return scope_in(root_, task.path, task.scope, {has(".git"), has(".gitignore"), has(".ignore")});
}

void Walker::take(const Task& task, int fd, const Name& name, const IgnoreScope& scope, WalkResult* result,
                  std::vector<Task>* found) {
  std::string path = task.path.empty() ? name.name : task.path + "/" + name.name;
  struct stat info{};
  const bool must_stat = name.type == DT_REG || name.type == DT_UNKNOWN;
  if (name.type == DT_UNKNOWN && ::fstatat(fd, name.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    ++result->unreadable;
    return;
  }
  const bool is_directory = name.type == DT_DIR || (name.type == DT_UNKNOWN && S_ISDIR(info.st_mode));
  if (scope.ignored(path, is_directory)) {
    ++result->ignored;
    return;
  }
  const bool hidden = task.hidden || name.name.front() == '.';
  if (is_directory) {
    found->push_back({std::move(path), nullptr, hidden});
    return;
  }
  if (!must_stat) {
    ++result->not_regular;
    return;
  }
  if (name.type == DT_REG && ::fstatat(fd, name.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    ++result->unreadable;  // most likely removed since the listing
    return;
  }
  if (!S_ISREG(info.st_mode)) {
    ++result->not_regular;
    return;
  }
  result->files.push_back(
      {std::move(path),
       {static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim), nanoseconds(info.st_ctim), info.st_ino},
       hidden});
}

}  // namespace

base::Result<WalkResult> walk(const base::RootDir& root, const WalkOptions& options, const async::StopFlag& stop,
                              const WalkProgress& progress) {
  return Walker(root, stop, progress).run(options);
}

}  // namespace promethean::repo
