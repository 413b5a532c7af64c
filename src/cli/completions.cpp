// promethean completions: scripts for bash and zsh, made from the command table.
#include "cli/completions.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace promethean::cli {

namespace {

std::vector<std::string> names_of(const Option& option) {
  std::vector<std::string> names;
  for (const auto name : base::split(option.names, ',')) names.emplace_back(name);
  return names;
}

std::vector<std::string> option_words(const Command& command) {
  std::vector<std::string> words = {"--help"};
  for (const auto& option : command.options) {
    if (option.positional()) continue;
    for (auto& name : names_of(option)) words.push_back(std::move(name));
  }
  return words;
}

std::string command_words(const std::vector<Command>& table) {
  std::vector<std::string> words;
  for (const auto& command : table) words.push_back(command.name);
  return base::join(words, " ");
}

// The compgen call that completes a value of `option`; empty when nothing is known about it.
std::string bash_values(const Option& option) {
  switch (option.completes) {
    case Completes::kFile:
      return "compgen -f -- \"$word\"";
    case Completes::kDirectory:
      return "compgen -d -- \"$word\"";
    case Completes::kChoice:
      return fmt::format("compgen -W '{}' -- \"$word\"", base::join(option.choices, " "));
    case Completes::kNothing:
      return {};
  }
  return {};
}

// One branch of the case over "command option".
std::string bash_option_branches(const Command& command) {
  std::string out;
  for (const auto& option : command.options) {
    if (option.positional() || !option.takes_value()) continue;
    std::vector<std::string> patterns;
    for (const auto& name : names_of(option)) patterns.push_back(fmt::format("'{} {}'", command.name, name));
    const std::string values = bash_values(option);
    out += fmt::format("    {}) {}return ;;\n", base::join(patterns, "|"),
                       values.empty() ? "" : fmt::format("mapfile -t COMPREPLY < <({}); ", values));
  }
  return out;
}

// What may stand where no option begins: the choices or files of the positionals.
std::string bash_positional_branch(const Command& command) {
  std::vector<std::string> calls;
  for (const auto& option : command.options) {
    if (!option.positional()) continue;
    if (std::string values = bash_values(option); !values.empty()) calls.push_back(std::move(values));
  }
  if (calls.empty()) return {};
  return fmt::format("    {}) mapfile -t COMPREPLY < <({}) ;;\n", command.name, base::join(calls, "; "));
}

std::string bash_words_branch(const Command& command) {
  return fmt::format("    {}) mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\") ;;\n", command.name,
                     base::join(option_words(command), " "));
}

// Within '…' of an _arguments spec: no quote may end the string, and [ ] : have a meaning of their own.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out;
}

std::string zsh_action(const Option& option) {
  switch (option.completes) {
    case Completes::kFile:
      return "_files";
    case Completes::kDirectory:
      return "_files -/";
    case Completes::kChoice:
      return fmt::format("({})", base::join(option.choices, " "));
    case Completes::kNothing:
      return " ";
  }
  return " ";
}

std::string zsh_option(const Option& option) {
  const auto names = names_of(option);
  std::string out;
  for (const auto& name : names) {
    const std::string others = names.size() > 1 ? fmt::format("({})", base::join(names, " ")) : "";
    const std::string value =
        option.takes_value() ? fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option)) : "";
    out += fmt::format("        '{}{}[{}]{}' \\\n", others, name, zsh_text(option.doc), value);
  }
  return out;
}

std::string zsh_positional(const Option& option) {
  const bool many = std::holds_alternative<std::vector<std::string>*>(option.target);
  return fmt::format("        '{}:{}:{}' \\\n",
                     many              ? "*"
                     : option.required ? ""
                                       : ":",
                     zsh_text(option.value), zsh_action(option));
}

std::string zsh_branch(const Command& command) {
  std::string out = fmt::format("    {})\n      _arguments \\\n        '--help[show help]' \\\n", command.name);
  for (const auto& option : command.options) out += option.positional() ? zsh_positional(option) : zsh_option(option);
  return out + "        && return ;;\n";
}

}  // namespace

std::string bash_completions(const std::vector<Command>& table) {
  std::string options;
  std::string positionals;
  std::string words;
  for (const auto& command : table) {
    options += bash_option_branches(command);
    positionals += bash_positional_branch(command);
    words += bash_words_branch(command);
  }
  return fmt::format(R"(# bash completion for promethean; load it with: source <(promethean completions bash)
_promethean() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" command="${{COMP_WORDS[1]}}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '{} --help --version' -- "$word")
    return
  fi
  case "$command $previous" in
{}  esac
  if [[ "$word" != -* ]]; then
    case "$command" in
{}    esac
    [ "${{#COMPREPLY[@]}}" -gt 0 ] && return
  fi
  case "$command" in
{}  esac
}}
complete -o filenames -F _promethean promethean
)",
                     command_words(table), options, positionals, words);
}

std::string zsh_completions(const std::vector<Command>& table) {
  std::string commands;
  std::string branches;
  for (const auto& command : table) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.summary));
    branches += zsh_branch(command);
  }
  return fmt::format(R"(#compdef promethean
# zsh completion for promethean; load it with: source <(promethean completions zsh)
_promethean() {{
  local -a commands
  commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
{}  esac
}}
compdef _promethean promethean
)",
                     commands, branches);
}

Exit run_completions(const Invocation& invocation, const CompletionsOptions& options) {
  Arguments arguments;
  const auto table = command_table(arguments);
  const std::string script = options.shell == "bash" ? bash_completions(table) : zsh_completions(table);
  if (invocation.json)
    print_json({{"ok", true}, {"shell", options.shell}, {"script", script}});
  else
    print(script);
  return kExitDone;
}

}  // namespace promethean::cli
