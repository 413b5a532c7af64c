#include "repo/views.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <vector>

#include "base/hash.h"
#include "base/strings.h"

namespace promethean::repo {

namespace {

constexpr size_t kPiece = 256 << 10;

// Goes through a file piece by piece, keeps the wanted lines and counts the rest.
class LineCutter {
 public:
  explicit LineCutter(LinesView* view) : view_(view) {}

  base::Result<void> feed(std::string_view piece) {
    while (!piece.empty()) {
      const size_t newline = piece.find('\n');
      const size_t size = newline == std::string_view::npos ? piece.size() : newline + 1;
      if (line_ >= view_->start_line && line_ <= view_->end_line) {
        if (view_->text.size() + size > kMaxViewBytes) {
          return base::fail(base::Code::kTooLarge, view_->path + ": the lines are larger than 8 MB",
                            "ask for fewer lines");
        }
        view_->text.append(piece.substr(0, size));
      }
      open_ = newline == std::string_view::npos;
      if (!open_) ++line_;
      piece.remove_prefix(size);
    }
    return {};
  }

  bool wants_more() const { return line_ <= view_->end_line; }
  uint32_t lines() const { return open_ ? line_ : line_ - 1; }

 private:
  LinesView* view_;
  uint32_t line_ = 1;  // the line that the next byte belongs to
  bool open_ = false;  // that line has bytes already
};

base::Result<base::UniqueFd> open_regular(const base::RootDir& root, const std::string& path) {
  auto fd = root.open_file(path, O_RDONLY);
  if (!fd) return fd;
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) return base::fail(base::errno_error(errno, path));
  if (!S_ISREG(info.st_mode)) return base::fail(base::Code::kInvalidArgument, path + ": not a regular file");
  return fd;
}

base::Result<void> cut(int fd, LineCutter* cutter, const std::string& path) {
  const auto piece = std::make_unique<char[]>(kPiece);
  for (;;) {
    const ssize_t got = ::read(fd, piece.get(), kPiece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(base::errno_error(errno, path));
    if (got == 0) return {};
    const std::string_view bytes(piece.get(), static_cast<size_t>(got));
    // Beyond the wanted lines the bytes are only counted.
    if (cutter->wants_more() && bytes.find('\0') != std::string_view::npos) {
      return base::fail(base::Code::kInvalidArgument, path + ": a binary file has no lines");
    }
    auto fed = cutter->feed(bytes);
    if (!fed) return fed;
  }
}

}  // namespace

base::Result<std::string> normalise_directory(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    return base::fail(base::Code::kInvalidArgument, "the path has a NUL byte");
  }
  std::vector<std::string> parts;
  for (const std::string_view part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
      continue;
    }
    if (parts.empty()) return base::fail(base::Code::kPermissionDenied, std::string(path) + " lies outside the root");
    parts.pop_back();
  }
  return base::join(parts, "/");
}

base::Result<std::string> normalise_path(std::string_view path) {
  auto name = normalise_directory(path);
  if (name && name->empty()) return base::fail(base::Code::kInvalidArgument, "the path names no file");
  return name;
}

namespace {

// Lines `start`..`end`, as far as the file has them: start_line is 0 when it ends before `start`.
base::Result<LinesView> cut_lines(const base::RootDir& root, std::string_view path, uint32_t start, uint32_t end) {
  auto name = normalise_path(path);
  if (!name) return base::fail(std::move(name).error());
  const auto fd = open_regular(root, *name);
  if (!fd) return base::fail(fd.error());

  LinesView view;
  view.path = std::move(*name);
  view.start_line = start;
  view.end_line = end;
  LineCutter cutter(&view);
  auto done = cut(fd->get(), &cutter, view.path);
  if (!done) return base::fail(std::move(done).error());

  view.total_lines = cutter.lines();
  view.start_line = start > view.total_lines ? 0 : start;
  view.end_line = std::min(end, view.total_lines);
  view.hash8 = base::hash8(view.text);
  return view;
}

}  // namespace

base::Result<LinesView> read_lines(const base::RootDir& root, std::string_view path, uint32_t start, uint32_t end) {
  if (start == 0 || start > end) {
    return base::fail(base::Code::kInvalidArgument, "lines count from 1, and the first must not lie behind the last");
  }
  auto view = cut_lines(root, path, start, end);
  if (view && view->start_line == 0 && !(start == 1 && view->total_lines == 0)) {
    return base::fail(base::Code::kNotFound, view->path + " has " + std::to_string(view->total_lines) + " lines, not " +
                                                 std::to_string(start));
  }
  return view;
}

base::Result<Window> read_window(const base::RootDir& root, std::string_view path, uint32_t line, uint32_t context) {
  constexpr uint32_t kLast = std::numeric_limits<uint32_t>::max();
  const auto around = [&](uint32_t focus) {
    const uint32_t start = focus > context ? focus - context : 1;
    return cut_lines(root, path, start, focus > kLast - context ? kLast : focus + context);
  };
  Window window{.view = {}, .focus_line = std::max<uint32_t>(line, 1)};
  // The file may shrink between two looks, but not for ever.
  for (int look = 0; look < 3; ++look) {
    auto view = around(window.focus_line);
    if (!view) return base::fail(std::move(view).error());
    window.view = std::move(*view);
    if (window.focus_line <= window.view.total_lines || window.view.total_lines == 0) break;
    window.focus_line = window.view.total_lines;
  }
  if (window.view.total_lines == 0) window.focus_line = 0;
  return window;
}

}  // namespace promethean::repo
