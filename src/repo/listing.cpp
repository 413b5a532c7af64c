#include "repo/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "repo/scopes.h"
#include "repo/views.h"

namespace promethean::repo {

namespace {

int64_t milliseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

EntryType type_of(const struct stat& info) {
  if (S_ISDIR(info.st_mode)) return EntryType::kDirectory;
  if (S_ISREG(info.st_mode)) return EntryType::kFile;
  return S_ISLNK(info.st_mode) ? EntryType::kLink : EntryType::kOther;
}

void describe_entry(Entry& entry, const struct stat& info) {
  entry.type = type_of(info);
  entry.size = entry.type == EntryType::kFile ? static_cast<uint64_t>(info.st_size) : 0;
  entry.mtime_ms = milliseconds(info.st_mtim);
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

base::Result<Directory> open_directory(const base::RootDir& root, const std::string& path) {
  auto fd = root.open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) return base::fail(std::move(fd).error());
  Directory directory(::fdopendir(fd->get()), ::closedir);
  if (!directory) return base::fail(base::errno_error(errno, path));
  fd->release();  // closedir closes it
  return directory;
}

class Lister {
 public:
  Lister(const base::RootDir& root, const ListOptions& options, const async::StopFlag& stop, Listing& listing)
      : root_(root), options_(options), stop_(stop), listing_(listing) {}

  // The entries of `directory`, and of the directories in it down to `depth`.
  base::Result<void> fill(Entry& directory, const IgnoreScope::Ptr& scope, int depth) {
    if (stop_.stopped()) return base::fail(base::Code::kCancelled, "the listing was stopped");
    auto opened = open_directory(root_, directory.path);
    if (!opened) return base::fail(std::move(opened).error());
    while (const dirent* name = ::readdir(opened->get())) {
      auto entry = look_at(directory.path, ::dirfd(opened->get()), name->d_name, *scope);
      if (entry) directory.children.push_back(std::move(*entry));
    }
    std::ranges::sort(directory.children, [](const Entry& a, const Entry& b) {
      const bool a_first = a.type == EntryType::kDirectory, b_first = b.type == EntryType::kDirectory;
      return a_first != b_first ? a_first : a.name < b.name;
    });
    const size_t room = options_.max_entries - std::min(options_.max_entries, seen_);
    if (directory.children.size() > room) {
      directory.children.resize(room);
      listing_.truncated = true;
    }
    seen_ += directory.children.size();
    if (depth <= 1) return {};
    for (Entry& child : directory.children) {
      if (child.type != EntryType::kDirectory || child.link) continue;
      const auto has = [&](const char* name) {
        return static_cast<bool>(root_.open_file(child.path + "/" + name, O_PATH | O_NOFOLLOW));
      };
      const auto inner = scope_in(root_, child.path, scope, {has(".git"), has(".gitignore"), has(".ignore")});
      // One that cannot be opened is listed without its entries.
      if (auto filled = fill(child, inner, depth - 1); !filled && stop_.stopped()) return filled;
    }
    return {};
  }

 private:
  std::optional<Entry> look_at(const std::string& directory, int fd, const char* name, const IgnoreScope& scope) {
    Entry entry;
    entry.name = name;
    if (entry.name == "." || entry.name == ".." || entry.name == ".git") return std::nullopt;
    if (!options_.hidden && entry.name.front() == '.') return std::nullopt;
    entry.path = directory.empty() ? entry.name : directory + "/" + entry.name;
    struct stat info{};
    if (::fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;  // removed since
    if (scope.ignored(entry.path, S_ISDIR(info.st_mode))) {
      ++listing_.ignored;
      return std::nullopt;
    }
    if (S_ISLNK(info.st_mode)) {
      entry.link = true;
      struct stat target{};
      const auto followed = root_.open_file(entry.path, O_PATH);
      if (followed && ::fstat(followed->get(), &target) == 0) info = target;
    }
    describe_entry(entry, info);
    return entry;
  }

  const base::RootDir& root_;
  const ListOptions& options_;
  const async::StopFlag& stop_;
  Listing& listing_;
  size_t seen_ = 0;
};

}  // namespace

std::string_view entry_type_name(EntryType type) {
  switch (type) {
    case EntryType::kDirectory:
      return "dir";
    case EntryType::kFile:
      return "file";
    case EntryType::kLink:
      return "link";
    case EntryType::kOther:
      return "other";
  }
  return "other";
}

base::Result<Listing> list_directory(const base::RootDir& root, std::string_view path, const ListOptions& options,
                                     const async::StopFlag& stop) {
  auto name = normalise_directory(path);
  if (!name) return base::fail(std::move(name).error());
  Listing listing;
  listing.directory.path = *name;
  listing.directory.name = name->substr(name->find_last_of('/') + 1);
  const auto fd = root.open_file(*name, O_PATH);
  struct stat info{};
  if (!fd) return base::fail(fd.error());
  if (::fstat(fd->get(), &info) != 0 || !S_ISDIR(info.st_mode))
    return base::fail(base::Code::kNotFound, *name + ": not a directory", "GET /files/view shows files");
  describe_entry(listing.directory, info);
  auto filled = Lister(root, options, stop, listing)
                    .fill(listing.directory, scope_of(root, *name, options.exclude_globs), options.depth);
  if (!filled) return base::fail(std::move(filled).error());
  return listing;
}

}  // namespace promethean::repo
