// The only file that knows CLI11.
#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "base/strings.h"

namespace promethean::cli {

using base::Code;
using base::fail;

namespace {

constexpr const char* kVersionText = "promethean " PROMETHEAN_VERSION "\n";

CLI::Option* add_value(CLI::App& app, const Option& option, Arguments& arguments) {
  const std::string& names = option.names;
  if (auto* const* on = std::get_if<bool*>(&option.target)) return app.add_flag(names, **on, option.doc);
  if (auto* const* number = std::get_if<int64_t*>(&option.target)) {
    return app.add_option(names, **number, option.doc)->check(CLI::Range(option.min, option.max));
  }
  if (auto* const* text = std::get_if<std::string*>(&option.target)) return app.add_option(names, **text, option.doc);
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&option.target)) {
    // An option takes one value each time it is given; a positional takes all that is left.
    return app.add_option(names, **list, option.doc)->allow_extra_args(option.positional());
  }
  const std::string key = std::get<ConfigKey>(option.target).name;
  return app.add_option_function<std::string>(
      names, [&arguments, key, names](const std::string& value) { arguments.flags.push_back({key, value, names}); },
      option.doc);
}

void add_option(CLI::App& app, const Option& option, Arguments& arguments) {
  CLI::Option* added = add_value(app, option, arguments);
  if (option.required) added->required();
  // Values of the configuration are checked there, with better words.
  if (!option.choices.empty() && !std::holds_alternative<ConfigKey>(option.target)) {
    added->check(CLI::IsMember(option.choices));
  }
  // After the check, which brings a text of its own. A positional is called by its name already.
  if (option.positional())
    added->option_text(" ");
  else if (option.takes_value())
    added->option_text(option.value + (option.required ? " (required)" : ""));
}

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names = {"--help"};
  for (const auto& option : command.options) {
    if (option.positional()) continue;
    for (const auto name : base::split(option.names, ',')) names.emplace_back(name);
  }
  return names;
}

std::vector<std::string> command_names(const std::vector<Command>& table) {
  std::vector<std::string> names;
  for (const auto& command : table) names.push_back(command.name);
  return names;
}

std::string see_help(const Command* command) {
  return fmt::format("see promethean {}--help", command == nullptr ? "" : command->name + " ");
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names, const Command* command) {
  const auto near = base::nearest(word, names);
  return near ? fmt::format("did you mean {}?", *near) : see_help(command);
}

// Words that nothing takes: an unknown command, an unknown option, or one word too many.
base::Error explain_extra(const std::string& word, const Command* command, const std::vector<Command>& table) {
  if (word.starts_with('-')) {
    const std::string name = word.substr(0, word.find('='));
    if (command != nullptr) {
      for (const auto& [refused, instead] : command->refused) {
        const bool same = refused == name || (refused.size() == 2 && name[1] != '-' && name.starts_with(refused));
        if (same)
          return {Code::kInvalidArgument, fmt::format("promethean {} has no {}", command->name, refused), instead};
      }
    }
    const auto names = command == nullptr ? std::vector<std::string>{"--help", "--version"} : option_names(*command);
    return {Code::kInvalidArgument,
            fmt::format("unknown option {}{}", name, command == nullptr ? "" : " of promethean " + command->name),
            did_you_mean(name, names, command)};
  }
  if (command == nullptr) {
    return {Code::kInvalidArgument, fmt::format("unknown command {}", word),
            did_you_mean(word, command_names(table), nullptr)};
  }
  return {Code::kInvalidArgument, fmt::format("promethean {} does not take \"{}\"", command->name, word),
          "put several words in quotes; " + see_help(command)};
}

// One run of CLI11 over one argv.
class Parser {
 public:
  Parser(const std::vector<Command>& table, Arguments& arguments) : table_(table) {
    app_.name("promethean");
    app_.require_subcommand(0, 1);
    app_.set_version_flag("--version", kVersionText);
    app_.footer(
        "Every command has --help with an example. Exit codes: 0 done, 1 the work failed, 2 wrong use, 3 not found.");
    for (const auto& command : table) {
      CLI::App* sub = app_.add_subcommand(command.name, command.summary);
      sub->footer("Example:\n  " + command.example);
      for (const auto& option : command.options) add_option(*sub, option, arguments);
      subs_[sub] = &command;
    }
  }

  base::Result<std::variant<const Command*, HelpText>> run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return HelpText{help()};
    } catch (const CLI::CallForAllHelp&) {
      return HelpText{help()};
    } catch (const CLI::CallForVersion&) {
      return HelpText{kVersionText};
    } catch (const CLI::ExtrasError&) {
      return fail(explain_extra(app_.remaining(true).front(), chosen(), table_));
    } catch (const CLI::ParseError& error) {
      return fail(Code::kInvalidArgument, error.what(), see_help(chosen()));
    }
    if (chosen() == nullptr) return fail(Code::kInvalidArgument, "no command given", see_help(nullptr));
    return chosen();
  }

 private:
  const Command* chosen() const {
    const auto parsed = app_.get_subcommands();
    return parsed.empty() ? nullptr : subs_.at(parsed.front());
  }
  std::string help() const {
    const auto parsed = app_.get_subcommands();
    return parsed.empty() ? app_.help() : parsed.front()->help("promethean");
  }

  const std::vector<Command>& table_;
  CLI::App app_{"promethean: a server between language models and a repository"};
  std::map<const CLI::App*, const Command*> subs_;
};

}  // namespace

base::Result<std::variant<const Command*, HelpText>> parse(int argc, const char* const* argv,
                                                           const std::vector<Command>& table, Arguments& arguments) {
  return Parser(table, arguments).run(argc, argv);
}

}  // namespace promethean::cli
