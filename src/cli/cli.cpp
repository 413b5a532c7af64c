#include "cli/cli.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/parse.h"

namespace promethean::cli {

// Also asked for when argv could not be parsed, so that machines get their error as JSON.
static bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

static base::Result<void> configure(const Command& command, const Arguments& arguments, Invocation& invocation) {
  if (command.needs == Needs::kNothing) return {};
  const LoadRequest request{.config_file = arguments.config_file,
                            .flags = arguments.flags,
                            .with_root = command.needs == Needs::kConfigAndRoot};
  auto config = load_config(request, Surroundings::of_process());
  if (!config) return base::fail(std::move(config).error());
  invocation.config = *std::move(config);
  return {};
}

static Exit run_command(int argc, char** argv, Invocation& invocation) {
  Arguments arguments;
  const auto table = command_table(arguments);
  auto parsed = parse(argc, argv, table, arguments);
  if (!parsed) return base::fail(std::move(parsed).error());
  if (const auto* help = std::get_if<HelpText>(&*parsed)) {
    print(help->text);
    return kExitDone;
  }
  const Command& command = *std::get<const Command*>(*parsed);
  auto configured = configure(command, arguments, invocation);
  if (!configured) return base::fail(std::move(configured).error());
  return command.run(invocation);
}

int run(int argc, char** argv) {
  Invocation invocation;
  invocation.json = wants_json(argc, argv);
  look_at_terminals(invocation);
  auto exit = run_command(argc, argv, invocation);
  if (exit) return *exit;
  print_error(exit.error(), invocation);
  return base::exit_code(exit.error().code());
}

}  // namespace promethean::cli
