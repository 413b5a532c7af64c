// The outline of one file's text: its definitions, nested, or, where none are known, its headings and blocks.
//
//   const Outline outline = outline_of("src/a.cpp", text, {.comments = true}, stop);
//   outline.entries[i].depth, .symbol.name, .symbol.start_line
//
// Pure; any thread. Bounded by kMaxOutline entries.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "async/context.h"
#include "base/fd.h"
#include "search/symbols.h"

namespace promethean::search {

inline constexpr size_t kMaxOutline = 20'000;

struct OutlineEntry {
  Symbol symbol;
  int depth = 0;  // 0 at top level; an entry follows what encloses it
};

struct Outline {
  Language language = Language::kUnknown;
  Tier tier = Tier::kScan;
  std::vector<OutlineEntry> entries;  // in the order of their start
  uint64_t total = 0;                 // more than there are entries when the bound was reached
  std::string note;                   // why it is textual, or empty
};

// A file's text as it is on disk now. Errors: those of repo::normalise_path and of RootDir, kInvalidArgument for a
// binary file, kTooLarge over kMaxOutlineBytes. Blocks.
inline constexpr size_t kMaxOutlineBytes = 8 << 20;
struct SourceFile {
  std::string path;  // normalised
  std::string text;
};
base::Result<SourceFile> read_source(const base::RootDir& root, std::string_view path);

struct OutlineOptions {
  bool comments = false;
  bool scan_only = false;                      // our scanner, although there may be a grammar
  std::chrono::milliseconds syntax_time{500};  // for reading by grammar; then it is the scanner's answer
};
Outline outline_of(std::string_view path, std::string_view text, const OutlineOptions& options,
                   const async::StopFlag& stop);

}  // namespace promethean::search
