#include "repo/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <map>
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
  bool below = true;  // its directories too
};

struct Name {
  std::string name;
  unsigned char type;
};

// Each directory once, and none that another look has below it.
std::vector<Look> without_covered(std::vector<Look> looks) {
  std::ranges::sort(looks, [](const Look& a, const Look& b) {
    return a.directory != b.directory ? a.directory < b.directory : a.below > b.below;
  });
  std::vector<Look> below;
  for (const Look& look : looks) {
    if (look.below) below.push_back(look);
  }
  const Looks covered(below);
  std::vector<Look> out;
  for (Look& look : looks) {
    if (!out.empty() && out.back().directory == look.directory) continue;
    if (!covered.cover(look.directory)) out.push_back(std::move(look));
  }
  return out;
}

class Walker {
 public:
  Walker(const base::RootDir& root, const WalkOptions& options, const async::StopFlag& stop,
         const WalkProgress& progress)
      : root_(root), options_(options), stop_(stop), progress_(progress) {}

  base::Result<WalkResult> run();

 private:
  void start();
  const IgnoreScope::Ptr& scope_of_directory(const std::string& path);
  void work();
  bool next(Task* task);
  void finish(std::vector<Task> found);
  bool read_directory(const Task& task, WalkResult* result, std::vector<Task>* found);
  void take(const Task& task, int fd, const Name& name, const IgnoreScope& scope, WalkResult* result,
            std::vector<Task>* found);
  IgnoreScope::Ptr first_scope() const;
  IgnoreScope::Ptr enter(const Task& task, const std::vector<Name>& names) const;
  void leave_out(const std::string& path, std::string_view why, uint64_t* count) const;
  void merge(WalkResult result);
  void report(uint64_t files);

  const base::RootDir& root_;
  const WalkOptions& options_;
  const async::StopFlag& stop_;
  const WalkProgress& progress_;
  std::map<std::string, IgnoreScope::Ptr> scopes_;  // of the looks and what is above them; null: not to be entered
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> tasks_;
  int busy_ = 0;  // threads that may still add tasks
  bool root_failed_ = false;
  WalkResult total_;
  std::mutex progress_mutex_;
  uint64_t seen_ = 0;
};

// The scope that holds in a directory which a walk of the whole tree would enter; null for any other.
const IgnoreScope::Ptr& Walker::scope_of_directory(const std::string& path) {
  if (const auto known = scopes_.find(path); known != scopes_.end()) return known->second;
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  IgnoreScope::Ptr above;
  if (path.empty()) {
    above = first_scope();
  } else if (name != ".git") {
    above = scope_of_directory(slash == std::string::npos ? "" : path.substr(0, slash));
    if (above && above->ignored(path, true)) above = nullptr;
  }
  // Never through a link: each directory on the way is opened as what it is.
  if (above && !root_.open_file(path, O_PATH | O_DIRECTORY | O_NOFOLLOW)) above = nullptr;
  if (above && options_.ignore_files) above = scope_in(root_, path, std::move(above), rule_files(root_, path));
  return scopes_[path] = std::move(above);
}

void Walker::start() {
  if (options_.looks.empty()) {
    tasks_.push_back({"", first_scope()});
    return;
  }
  for (const Look& look : without_covered(options_.looks)) {
    if (!scope_of_directory(look.directory)) continue;
    const size_t slash = look.directory.rfind('/');
    const std::string above = slash == std::string::npos ? "" : look.directory.substr(0, slash);
    const bool hidden = look.directory.starts_with('.') || look.directory.find("/.") != std::string::npos;
    // read_directory adds the rules of the directory itself.
    const auto scope = look.directory.empty() ? first_scope() : scope_of_directory(above);
    tasks_.push_back({look.directory, scope, hidden, look.below});
  }
}

base::Result<WalkResult> Walker::run() {
  start();
  std::vector<std::thread> threads;
  const size_t wanted = options_.looks.empty() ? static_cast<size_t>(options_.threads)
                                               : std::min<size_t>(options_.threads, tasks_.size());
  for (size_t i = 1; i < wanted; ++i) threads.emplace_back([this] { work(); });
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
      leave_out(task.path, "unreadable", &result.unreadable);
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
  if (options_.on_directory) options_.on_directory(task.path, ::dirfd(directory.get()));

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

IgnoreScope::Ptr Walker::first_scope() const {
  if (options_.ignore_files) return scope_above(root_, options_.exclude_globs);
  return IgnoreScope::outermost(IgnoreRules::parse(base::join(options_.exclude_globs, "\n")));
}

IgnoreScope::Ptr Walker::enter(const Task& task, const std::vector<Name>& names) const {
  if (!options_.ignore_files) return task.scope;
  const auto has = [&names](std::string_view wanted) {
    return std::ranges::find(names, wanted, &Name::name) != names.end();
  };
  return scope_in(root_, task.path, task.scope, {has(".git"), has(".gitignore"), has(".ignore")});
}

void Walker::leave_out(const std::string& path, std::string_view why, uint64_t* count) const {
  ++*count;
  if (options_.on_left_out) options_.on_left_out(path, why);
}

void Walker::take(const Task& task, int fd, const Name& name, const IgnoreScope& scope, WalkResult* result,
                  std::vector<Task>* found) {
  std::string path = task.path.empty() ? name.name : task.path + "/" + name.name;
  struct stat info{};
  const bool must_stat = name.type == DT_REG || name.type == DT_UNKNOWN;
  if (name.type == DT_UNKNOWN && ::fstatat(fd, name.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return leave_out(path, "unreadable", &result->unreadable);
  }
  const bool is_directory = name.type == DT_DIR || (name.type == DT_UNKNOWN && S_ISDIR(info.st_mode));
  if (scope.ignored(path, is_directory)) return leave_out(path, "ignored", &result->ignored);
  const bool hidden = task.hidden || name.name.front() == '.';
  if (is_directory) {
    if (task.below) found->push_back({std::move(path), nullptr, hidden});
    return;
  }
  if (!must_stat) return leave_out(path, "not_regular", &result->not_regular);
  if (name.type == DT_REG && ::fstatat(fd, name.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return leave_out(path, "unreadable", &result->unreadable);  // most likely removed since the listing
  }
  if (!S_ISREG(info.st_mode)) return leave_out(path, "not_regular", &result->not_regular);
  result->files.push_back(
      {std::move(path),
       {static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim), nanoseconds(info.st_ctim), info.st_ino},
       hidden});
}

}  // namespace

Looks::Looks(const std::vector<Look>& looks) {
  for (const Look& look : looks) (look.below ? below_ : directories_).insert(look.directory);
}

bool Looks::cover(std::string_view path) const {
  size_t slash = path.rfind('/');
  std::string_view directory = slash == std::string_view::npos ? "" : path.substr(0, slash);
  if (directories_.contains(directory)) return true;
  if (below_.empty()) return false;
  while (!directory.empty()) {
    if (below_.contains(directory)) return true;
    slash = directory.rfind('/');
    directory = slash == std::string_view::npos ? "" : directory.substr(0, slash);
  }
  return below_.contains(directory);
}

base::Result<WalkResult> walk(const base::RootDir& root, const WalkOptions& options, const async::StopFlag& stop,
                              const WalkProgress& progress) {
  return Walker(root, options, stop, progress).run();
}

}  // namespace promethean::repo
