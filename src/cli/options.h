// What each command is given. parse.cpp fills these structs from argv by the table in commands.cpp; a command is one
// file, `<name>.cpp`, with one entry point. It prints its result on stdout and returns the exit code; an Error is
// printed by cli.cpp, in words on stderr or as JSON on stdout, and becomes the exit code of base::exit_code.
//
// To add a command: a struct and an entry here, a row in commands.cpp, a file named after it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/config.h"

namespace promethean::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUse = 2;
inline constexpr int kExitNotFound = 3;

// What every command gets.
struct Invocation {
  Config config;           // root, state directory, address and so on: flags are already in it
  bool json = false;       // --json: one JSON document on stdout, nothing else there
  bool color_out = false;  // stdout is a terminal and NO_COLOR is not set
  bool color_err = false;
  bool live_err = false;  // stderr is a terminal: a line may be rewritten
};

struct ServeOptions {
  std::string port_file;  // gets "HOST:PORT\n" once requests are accepted
};

struct IndexOptions {
  bool status = false;  // only say what the stored index covers
};

struct SearchOptions {
  std::string query;
  int64_t limit = 10;
  std::string kind = "all";
};

// Named as ripgrep names them.
struct GrepOptions {
  std::string pattern;  // a path, when there are `patterns`
  std::vector<std::string> patterns;
  std::vector<std::string> paths;
  bool ignore_case = false, case_sensitive = false, smart_case = false;
  bool word = false, line_regexp = false, invert = false;
  bool multiline = false, dot_all = false, crlf = false;
  bool fixed = false, pcre2 = false;
  std::string engine = "auto";
  int64_t context = 0, before = 0, after = 0;
  bool count = false, files = false, quiet = false, only_matching = false;
  int64_t first = 0;      // 0: all
  int64_t max_count = 0;  // lines of each file; 0: all
  std::vector<std::string> globs, types;
  bool hidden = false, no_ignore = false;
  std::string kind = "all";
  bool line_number = false, no_line_number = false, column = false, vimgrep = false;
  bool heading = false, no_heading = false, with_filename = false, no_filename = false, nul = false;
  std::string colour = "auto";
};

struct SymbolsOptions {
  std::string name;
  std::string match = "best";
  std::string kind;      // empty: all
  std::string path;      // a part of the path; empty: all
  std::string language;  // empty: all
  int64_t limit = 50;
  bool comments = false;
  bool refs = false;  // show the uses instead
};

struct ViewOptions {
  std::string path;  // PATH, PATH:LINE or PATH:FIRST-LAST
  int64_t line = 0;  // 0: as the path says, else the first
  int64_t context = 25;
};

struct RefsOptions {
  std::string name;
  std::string path;
  std::string language;
  int64_t limit = 100;
  int64_t context = 0;
};

struct OutlineOptions {
  std::string path;
  bool comments = false;
};

struct AskOptions {
  std::string question;
  std::string model;      // empty: the default model
  int64_t citations = 0;  // 0: as configured
};

// Its exit codes are those of diff: 0 the same answer, 1 another one, 2 trouble.
struct ReplayOptions {
  std::string id;      // of an exchange, or "last"
  std::string model;   // empty: the one that was asked then
  std::string server;  // HOST:PORT; empty: the one of this root
  bool list = false;
  int64_t limit = 20;  // of the list
};

// The child process that runs the local model. Started by serve, not by people.
struct WorkerOptions {
  std::string model;   // GGUF file
  std::string socket;  // Unix socket to serve on
  int64_t context = 8192;
  int64_t threads = 0;
  int64_t max_waiting = 8;  // answers that may wait behind the running one
};

struct TokenOptions {
  std::string action;  // create | list | revoke
  std::string id;      // revoke
  std::string scopes = "read";
  std::string ttl;  // "30d"; empty: never expires
  std::string name;
};

struct DoctorOptions {};

struct CompletionsOptions {
  std::string shell;  // bash | zsh
};

using Exit = base::Result<int>;

Exit run_serve(const Invocation& invocation, const ServeOptions& options);
Exit run_index(const Invocation& invocation, const IndexOptions& options);
Exit run_search(const Invocation& invocation, const SearchOptions& options);
Exit run_grep(const Invocation& invocation, const GrepOptions& options);
Exit run_symbols(const Invocation& invocation, const SymbolsOptions& options);
Exit run_view(const Invocation& invocation, const ViewOptions& options);
Exit run_refs(const Invocation& invocation, const RefsOptions& options);
Exit run_outline(const Invocation& invocation, const OutlineOptions& options);
Exit run_ask(const Invocation& invocation, const AskOptions& options);
Exit run_replay(const Invocation& invocation, const ReplayOptions& options);
Exit run_worker(const Invocation& invocation, const WorkerOptions& options);
Exit run_token(const Invocation& invocation, const TokenOptions& options);
Exit run_doctor(const Invocation& invocation, const DoctorOptions& options);
Exit run_completions(const Invocation& invocation, const CompletionsOptions& options);

}  // namespace promethean::cli
