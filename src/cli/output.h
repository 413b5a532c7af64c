// What every command prints: errors, JSON documents, colours, progress.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "cli/options.h"
#include "json/json.h"
#include "search/index.h"

namespace promethean::cli {

// Looks at the terminals and NO_COLOR (https://no-color.org: present and not empty means no colour).
void look_at_terminals(Invocation& invocation);

// One JSON document and a newline on stdout.
void print_json(const json::Value& document);
void print(std::string_view text);  // stdout as is

// {"ok":false,"error","code","message","hint"} on stdout with --json, else two lines on stderr.
void print_error(const base::Error& error, const Invocation& invocation);
json::Value error_json(const base::Error& error);

enum class Colour { kPath, kLine, kMatch, kGood, kBad, kWarn, kDim };
std::string paint(std::string_view text, Colour colour, bool on);

// Text of a repository or a server as it may go to a terminal: control characters but tab become "?".
std::string printable(std::string_view text);

// "reading 1,200 of 5,000 files, 12 s left"
std::string progress_text(const search::Progress& progress);

// Shows progress on stderr: one line that is rewritten on a terminal, else a line every three seconds.
class ProgressLine {
 public:
  explicit ProgressLine(const Invocation& invocation, std::FILE* out = stderr)
      : live_(invocation.live_err), out_(out) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const search::Progress& progress);
  void clear();  // takes the live line away

 private:
  bool live_;
  bool shown_ = false;
  std::FILE* out_;
  base::SteadyTime last_ = base::steady_now();
};

}  // namespace promethean::cli
