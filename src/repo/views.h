// Lines of a file as they are on disk now, for answers that quote them.
//
//   auto view = read_lines(root, "src/main.cpp", 10, 20);
//   view->text, view->start_line, view->end_line, view->hash8, view->total_lines
//
// A file is read in pieces: memory is bounded by the lines asked for, not by its size. Blocking; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace promethean::repo {

struct LinesView {
  std::string path;         // normalised, relative to the root
  uint32_t start_line = 0;  // 1-based and inclusive, cut to what the file has; 0 and 0 for an empty file
  uint32_t end_line = 0;
  uint32_t total_lines = 0;  // a last line without a newline counts
  std::string text;          // the lines, each with its newline as stored (the last may have none)
  std::string hash8;         // of `text`
};

inline constexpr size_t kMaxViewBytes = 8 << 20;

// `path` as clients write it ("/src/a.c", "./src//a.c", "src/x/../a.c") to the form the index knows ("src/a.c").
// kPermissionDenied when it leaves the root, kInvalidArgument for a NUL byte or nothing at all.
base::Result<std::string> normalise_path(std::string_view path);
base::Result<std::string> normalise_directory(std::string_view path);  // the same, but "", "." and "/" are the root: ""

// Lines `start`..`end` of a text file. `end` may lie beyond the last line. Errors: those of normalise_path and of
// RootDir; kInvalidArgument when start is 0 or above end, when the file is not a regular one or is binary (a NUL byte
// up to the last line read); kNotFound when start lies beyond the last line; kTooLarge for more than kMaxViewBytes.
base::Result<LinesView> read_lines(const base::RootDir& root, std::string_view path, uint32_t start, uint32_t end);

// `context` lines before and after `line`, which is moved to the last line when the file is shorter. Errors as
// read_lines.
struct Window {
  LinesView view;
  uint32_t focus_line = 0;  // 0 for an empty file
};
base::Result<Window> read_window(const base::RootDir& root, std::string_view path, uint32_t line, uint32_t context);

}  // namespace promethean::repo
