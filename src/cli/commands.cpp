#include "cli/commands.h"

namespace promethean::cli {

namespace {

const std::vector<std::string> kKinds = {"all", "code", "docs", "tests"};

Option config_option(std::string names, std::string value, std::string key, std::string doc,
                     Completes completes = Completes::kNothing, std::vector<std::string> choices = {}) {
  return {.names = std::move(names),
          .value = std::move(value),
          .doc = std::move(doc),
          .target = ConfigKey{std::move(key)},
          .completes = completes,
          .choices = std::move(choices)};
}

Option flag(std::string names, std::string doc, bool& target) {
  return {.names = std::move(names), .doc = std::move(doc), .target = &target};
}

Option number(std::string names, std::string doc, int64_t& target, int64_t min, int64_t max) {
  return {.names = std::move(names), .value = "N", .doc = std::move(doc), .target = &target, .min = min, .max = max};
}

Option text(std::string names, std::string value, std::string doc, std::string& target) {
  return {.names = std::move(names), .value = std::move(value), .doc = std::move(doc), .target = &target};
}

Option file(std::string names, std::string doc, std::string& target) {
  Option option = text(std::move(names), "FILE", std::move(doc), target);
  option.completes = Completes::kFile;
  return option;
}

Option choice(std::string names, std::string value, std::string doc, std::string& target,
              std::vector<std::string> choices) {
  Option option = text(std::move(names), std::move(value), std::move(doc), target);
  option.completes = Completes::kChoice;
  option.choices = std::move(choices);
  return option;
}

Option required(Option option) {
  option.required = true;
  return option;
}

Option root_option() {
  return config_option("--root", "DIR", "server.root", "the directory to work on (default: here)",
                       Completes::kDirectory);
}

Command serve(Arguments& a) {
  return {
      .name = "serve",
      .summary = "index a directory and serve it over HTTP",
      .example = "promethean serve --root ~/src/app --listen 127.0.0.1:3210",
      .options = {root_option(),
                  config_option("--listen", "HOST:PORT", "server.listen", "where to listen; port 0 picks a free one"),
                  file("--port-file", "write HOST:PORT there once requests are accepted", a.serve.port_file),
                  config_option("--auth", "MODE", "auth.mode", "who may ask: token, or none (loopback only)",
                                Completes::kChoice, {"token", "none"}),
                  config_option("--model", "FILE", "model.path", "GGUF file of the local model", Completes::kFile)},
      .run = [&a](const Invocation& i) { return run_serve(i, a.serve); }};
}

Command index(Arguments& a) {
  return {.name = "index",
          .summary = "bring the index of a directory up to date",
          .example = "promethean index --root ~/src/app",
          .options = {root_option(), flag("--status", "only say what the stored index covers", a.index.status)},
          .run = [&a](const Invocation& i) { return run_index(i, a.index); }};
}

Command search(Arguments& a) {
  return {.name = "search",
          .summary = "rank the places that answer a question",
          .example = "promethean search \"where are ignore rules matched\" -n 5 --kind code",
          .options = {required(text("QUERY", "QUERY", "words, identifiers or a question", a.search.query)),
                      root_option(), number("-n,--limit", "places to show", a.search.limit, 1, 1000),
                      choice("--kind", "KIND", "which files: all, code, docs or tests", a.search.kind, kKinds)},
          .run = [&a](const Invocation& i) { return run_search(i, a.search); }};
}

Option list(std::string names, std::string value, std::string doc, std::vector<std::string>& target) {
  return {.names = std::move(names), .value = std::move(value), .doc = std::move(doc), .target = &target};
}

std::vector<Option> grep_matching_options(GrepOptions& g) {
  return {list("-e,--regexp", "PATTERN", "a pattern; may be given several times", g.patterns),
          flag("-i,--ignore-case", "let a match a and A", g.ignore_case),
          flag("-s,--case-sensitive", "let a match a only (the default)", g.case_sensitive),
          flag("-S,--smart-case", "ignore case if the pattern has no upper case", g.smart_case),
          flag("-w,--word,--word-regexp", "match whole words only", g.word),
          flag("-x,--line-regexp", "match whole lines only", g.line_regexp),
          flag("-v,--invert-match", "show the lines that do not match", g.invert),
          flag("-U,--multiline", "let the pattern match across lines", g.multiline),
          flag("--multiline-dotall", "with -U, let . match a newline", g.dot_all),
          flag("--crlf", "let $ match before a carriage return at the end of a line", g.crlf),
          flag("-F,--fixed,--fixed-strings", "the pattern is a text, not an expression", g.fixed),
          flag("-P,--pcre2", "match with PCRE2, whatever the pattern", g.pcre2),
          choice("--engine", "ENGINE", "auto (PCRE2 for look-around and back-references), default, pcre2", g.engine,
                 {"auto", "default", "pcre2"})};
}

std::vector<Option> grep_file_options(GrepOptions& g) {
  return {list("-g,--glob", "GLOB", "only files that match; ! leaves them out", g.globs),
          list("-t,--type", "LANG", "only files of this language: py, c++, rust, ...", g.types),
          choice("--kind", "KIND", "which files: all, code, docs or tests", g.kind, kKinds),
          flag("--hidden", "also files below a name that begins with a dot", g.hidden),
          flag("-u,--no-ignore", "also files that .gitignore and its like leave out", g.no_ignore)};
}

std::vector<Option> grep_output_options(GrepOptions& g) {
  return {number("-A,--after-context", "lines to show after each match", g.after, 0, 100),
          number("-B,--before-context", "lines to show before each match", g.before, 0, 100),
          number("-C,--context", "lines to show around each match", g.context, 0, 100),
          flag("-c,--count", "show how many lines match in each file", g.count),
          flag("-l,--files-with-matches", "show only the paths of files that match", g.files),
          flag("-o,--only-matching", "show only the matches, each on a line", g.only_matching),
          flag("-q,--quiet", "show nothing; the exit code tells", g.quiet),
          number("-m,--max-count", "matching lines of each file at most", g.max_count, 1, 1'000'000),
          number("--first", "stop after N matching lines", g.first, 1, 1'000'000),
          flag("-n,--line-number", "show line numbers (the default)", g.line_number),
          flag("-N,--no-line-number", "show no line numbers", g.no_line_number),
          flag("--column", "show the column of the first match, in bytes", g.column),
          flag("--vimgrep", "path, line and column of every match", g.vimgrep),
          flag("-H,--with-filename", "show the path (the default but for one file)", g.with_filename),
          flag("-I,--no-filename", "show no path", g.no_filename),
          flag("--heading", "the path above its matches (the default on a terminal)", g.heading),
          flag("--no-heading", "the path in each line", g.no_heading),
          flag("-0,--null", "a NUL byte behind each path", g.nul),
          choice("--color", "WHEN", "auto, always or never", g.colour, {"auto", "always", "never", "ansi"})};
}

// What people's fingers know of ripgrep and find nowhere here.
std::vector<std::pair<std::string, std::string>> refused_by_grep() {
  const std::string use_rg = "use ripgrep itself for this";
  const std::string no_files = "promethean reads the files of its index: text up to [index] max_file_bytes and beyond";
  return {{"-r", "pipe into sed: this only shows what is there"},
          {"--replace", "pipe into sed: this only shows what is there"},
          {"-f", "give each pattern with -e"},
          {"--file", "give each pattern with -e"},
          {"-a", "binary files are never searched"},
          {"--text", "binary files are never searched"},
          {"--binary", "binary files are never searched"},
          {"-z", "compressed files are never searched"},
          {"--search-zip", "compressed files are never searched"},
          {"-L", "links are never followed"},
          {"--follow", "links are never followed"},
          {"-E", no_files},
          {"--encoding", no_files},
          {"-T", "use -g '!*.EXT'"},
          {"--type-not", "use -g '!*.EXT'"},
          {"--files", "use promethean index --status, or git ls-files"},
          {"--files-without-match", use_rg},
          {"--passthru", use_rg},
          {"--sort", "results are always sorted by path"},
          {"--sortr", "results are always sorted by path"},
          {"-p", "use --color always --heading"},
          {"--pretty", "use --color always --heading"},
          {"-b", use_rg},
          {"--byte-offset", use_rg},
          {"--stats", "use --json"},
          {"--count-matches", "use -o and wc -l"},
          {"-M", "use cut"},
          {"--max-columns", "use cut"},
          {"--iglob", use_rg},
          {"--pre", use_rg},
          {"--type-list", "promethean grep -t nonsense names the nearest one"}};
}

Command grep(Arguments& a) {
  auto& g = a.grep;
  Option paths{.names = "PATHS",
               .value = "PATHS",
               .doc = "files, directories or globs below the root",
               .target = &g.paths,
               .completes = Completes::kFile};
  Command command{.name = "grep",
                  .summary = "find the lines that match a regular expression, as ripgrep does (exit code 1: none)",
                  .example = "promethean grep -w 'RootDir' src -C 2",
                  .options = {text("PATTERN", "PATTERN", "a regular expression in ripgrep's syntax", g.pattern), paths,
                              root_option()},
                  .run = [&a](const Invocation& i) { return run_grep(i, a.grep); },
                  .refused = refused_by_grep()};
  for (auto group : {grep_matching_options(g), grep_file_options(g), grep_output_options(g)}) {
    for (Option& option : group) command.options.push_back(std::move(option));
  }
  return command;
}

Command symbols(Arguments& a) {
  auto& s = a.symbols;
  return {.name = "symbols",
          .summary = "find definitions by name (exit code 3: none)",
          .example = "promethean symbols RootDir::open",
          .options = {required(text("NAME", "NAME", "a name, or Outer::inner", s.name)), root_option(),
                      choice("--match", "HOW", "how loosely a name may fit; best: the tightest way that finds any",
                             s.match, {"best", "exact", "prefix", "substring", "fuzzy"}),
                      text("--kind", "KIND", "only this kind: function, class, method, ...", s.kind),
                      text("--path", "TEXT", "only files whose path contains this", s.path),
                      text("--lang", "LANGUAGE", "only files of this language", s.language),
                      flag("--comments", "show the first lines of each comment", s.comments),
                      flag("--refs", "show where the name is used instead, as refs does", s.refs),
                      number("-n,--limit", "definitions to show", s.limit, 1, 10'000)},
          .run = [&a](const Invocation& i) { return run_symbols(i, a.symbols); }};
}

Command view(Arguments& a) {
  auto& v = a.view;
  return {.name = "view",
          .summary = "show lines of a file, as they are on disk",
          .example = "promethean view src/main.cpp:10 -C 5",
          .options = {required(file("PATH", "a file below the root, or FILE:LINE, or FILE:FIRST-LAST", v.path)),
                      root_option(), number("-l,--line", "the line to show", v.line, 1, INT32_MAX),
                      number("-C,--context", "lines to show on each side of it", v.context, 0, 10'000)},
          .run = [&a](const Invocation& i) { return run_view(i, a.view); }};
}

Command refs(Arguments& a) {
  auto& r = a.refs;
  return {.name = "refs",
          .summary = "find where a name is used, code first (exit code 3: nowhere)",
          .example = "promethean refs RootDir -C 1",
          .options = {required(text("NAME", "NAME", "a name, or Outer::inner", r.name)), root_option(),
                      text("--path", "TEXT", "only files whose path contains this", r.path),
                      text("--lang", "LANGUAGE", "only files of this language", r.language),
                      number("-C,--context", "lines to show around each", r.context, 0, 50),
                      number("-n,--limit", "places to show", r.limit, 1, 10'000)},
          .run = [&a](const Invocation& i) { return run_refs(i, a.refs); }};
}

Command outline(Arguments& a) {
  auto& o = a.outline;
  return {.name = "outline",
          .summary = "show what a file defines, as it is on disk",
          .example = "promethean outline src/main.cpp",
          .options = {required(file("PATH", "a file below the root", o.path)), root_option(),
                      flag("--comments", "show the first lines of each comment", o.comments)},
          .run = [&a](const Invocation& i) { return run_outline(i, a.outline); }};
}

Command ask(Arguments& a) {
  return {.name = "ask",
          .summary = "answer a question about the code, with citations",
          .example = "promethean ask \"Where is gitignore matching implemented?\"",
          .options = {required(text("QUESTION", "QUESTION", "what you want to know", a.ask.question)), root_option(),
                      text("--model", "NAME", "which model answers (default: the first)", a.ask.model),
                      number("-n,--citations", "citations at most", a.ask.citations, 1, 64)},
          .run = [&a](const Invocation& i) { return run_ask(i, a.ask); }};
}

Command replay(Arguments& a) {
  return {
      .name = "replay",
      .summary = "ask a recorded exchange again and show the difference (exit code 1: the answer differs)",
      .example = "promethean replay last --model gemma3:latest",
      .options = {text("ID", "ID", "the exchange, as the answer's x-promethean-exchange has it, or `last`",
                       a.replay.id),
                  root_option(), text("--model", "NAME", "ask this model instead of the one of then", a.replay.model),
                  text("--server", "HOST:PORT", "ask this server (default: the one of the root)", a.replay.server),
                  flag("--list", "show the recorded exchanges, the newest first", a.replay.list),
                  number("-n,--limit", "exchanges to list", a.replay.limit, 1, 100'000)},
      .run = [&a](const Invocation& i) { return run_replay(i, a.replay); }};
}

Command worker(Arguments& a) {
  return {.name = "worker",
          .summary = "run a local model on a private socket; serve starts it by itself",
          .example = "promethean worker --model model.gguf --socket /run/user/1000/model.sock",
          .needs = Needs::kConfig,
          .options = {required(file("--model", "GGUF file to load", a.worker.model)),
                      required(file("--socket", "Unix socket to serve the chat dialect on", a.worker.socket)),
                      number("--context", "context in tokens", a.worker.context, 512, 1 << 20),
                      number("--threads", "threads; 0: by what is free", a.worker.threads, 0, 1024),
                      number("--max-waiting", "answers that may wait behind the running one", a.worker.max_waiting, 0,
                             4096)},
          .run = [&a](const Invocation& i) { return run_worker(i, a.worker); }};
}

Command token(Arguments& a) {
  return {.name = "token",
          .summary = "create, list and revoke the tokens of the server",
          .example = "promethean token create --scope read,write --ttl 30d --name ci",
          .needs = Needs::kConfig,
          .options = {required(choice("ACTION", "ACTION", "create, list or revoke", a.token.action,
                                      {"create", "list", "revoke"})),
                      text("ID", "ID", "the token to revoke, as `token list` shows it", a.token.id),
                      text("--scope", "SCOPES", "what it may do: read,write,agents,exec,admin (default: read)",
                           a.token.scopes),
                      text("--ttl", "TIME", "how long it lives: 30d, 12h, 5m (default: for ever)", a.token.ttl),
                      text("--name", "NAME", "a name for people", a.token.name)},
          .run = [&a](const Invocation& i) { return run_token(i, a.token); }};
}

Command doctor(Arguments& a) {
  return {.name = "doctor",
          .summary = "check what this machine has and what is missing for which feature",
          .example = "promethean doctor --json",
          .options = {root_option(),
                      config_option("--model", "FILE", "model.path", "GGUF file of the local model", Completes::kFile)},
          .run = [&a](const Invocation& i) { return run_doctor(i, a.doctor); }};
}

Command completions(Arguments& a) {
  return {.name = "completions",
          .summary = "print a completion script for a shell",
          .example = "source <(promethean completions bash)",
          .needs = Needs::kNothing,
          .options = {required(choice("SHELL", "SHELL", "bash or zsh", a.completions.shell, {"bash", "zsh"}))},
          .run = [&a](const Invocation& i) { return run_completions(i, a.completions); }};
}

void add_common(Command& command, Arguments& a) {
  if (command.needs != Needs::kNothing) {
    command.options.push_back(
        file("--config", "configuration file (default: ~/.config/promethean/promethean.toml)", a.config_file));
    command.options.push_back(config_option("--state-dir", "DIR", "server.state_dir",
                                            "index, tokens and the like (default: ~/.local/state/promethean)",
                                            Completes::kDirectory));
  }
  command.options.push_back(flag("--json", "print one JSON document for machines", a.json));
}

}  // namespace

std::vector<Command> command_table(Arguments& arguments) {
  std::vector<Command> table;
  for (auto make :
       {serve, index, search, grep, symbols, view, refs, outline, ask, replay, worker, token, doctor, completions}) {
    table.push_back(make(arguments));
    add_common(table.back(), arguments);
  }
  return table;
}

}  // namespace promethean::cli
