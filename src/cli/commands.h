// The table of commands: what parse.cpp understands, what --help says and what the completion scripts offer are all
// made from it, so that they cannot disagree.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "cli/options.h"

namespace promethean::cli {

// Everything argv can say.
struct Arguments {
  std::string config_file;
  std::vector<FlagValue> flags;
  bool json = false;
  ServeOptions serve;
  IndexOptions index;
  SearchOptions search;
  GrepOptions grep;
  SymbolsOptions symbols;
  ViewOptions view;
  RefsOptions refs;
  OutlineOptions outline;
  AskOptions ask;
  ReplayOptions replay;
  WorkerOptions worker;
  TokenOptions token;
  DoctorOptions doctor;
  CompletionsOptions completions;
};

// An option that sets a key of the configuration.
struct ConfigKey {
  std::string name;  // "server.listen"
};

using Target = std::variant<bool*, int64_t*, std::string*, std::vector<std::string>*, ConfigKey>;

enum class Completes { kNothing, kFile, kDirectory, kChoice };

struct Option {
  std::string names;  // "-n,--limit", or "QUERY" for a positional
  std::string value;  // what its value is called in help: "N"; empty for a switch
  std::string doc;
  Target target;
  Completes completes = Completes::kNothing;
  std::vector<std::string> choices;
  int64_t min = 0;  // of an int64_t
  int64_t max = 0;
  bool required = false;

  bool positional() const { return !names.starts_with('-'); }
  bool takes_value() const { return !std::holds_alternative<bool*>(target); }
};

enum class Needs { kNothing, kConfig, kConfigAndRoot };

struct Command {
  std::string name;
  std::string summary;
  std::string example;
  Needs needs = Needs::kConfigAndRoot;
  std::vector<Option> options;
  std::function<Exit(const Invocation&)> run;
  // Options of the program it resembles that it does not have, with what to do instead.
  std::vector<std::pair<std::string, std::string>> refused = {};
};

// The table; its options point into `arguments`, which outlives it.
std::vector<Command> command_table(Arguments& arguments);

}  // namespace promethean::cli
