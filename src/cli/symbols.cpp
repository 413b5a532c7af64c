// promethean symbols: definitions by name.
#include <fmt/format.h>

#include "base/strings.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static json::Value answer_json(const SymbolsAnswer& answer) {
  json::Array results;
  for (const auto& symbol : answer.symbols) {
    results.push_back({{"path", symbol.path},
                       {"name", symbol.name},
                       {"kind", symbol.kind},
                       {"scope", symbol.scope},
                       {"startLine", symbol.start_line},
                       {"endLine", symbol.end_line},
                       {"signature", symbol.signature}});
  }
  return {{"ok", true},
          {"results", results},
          {"generation", answer.freshness.generation},
          {"as_of", answer.freshness.as_of}};
}

static void print_symbol(const search::Symbol& symbol, const Invocation& invocation) {
  const bool on = invocation.color_out;
  const std::string scope = symbol.scope.empty() ? "" : symbol.scope + "::";
  print(fmt::format("{}:{}  {} {}{}\n{}\n", paint(printable(symbol.path), Colour::kPath, on),
                    paint(fmt::format("{}-{}", symbol.start_line, symbol.end_line), Colour::kLine, on), symbol.kind,
                    printable(scope), printable(symbol.name),
                    paint("    " + printable(symbol.signature), Colour::kDim, on)));
}

Exit run_symbols(const Invocation& invocation, const SymbolsOptions& options) {
  if (base::trim(options.name).empty()) return fail(Code::kInvalidArgument, "the name is empty");
  auto lookup = open_lookup(invocation);
  if (!lookup) return fail(std::move(lookup).error());
  // The kind is filtered here, so more are asked for than shown.
  constexpr size_t kMost = 1000;
  const auto limit = static_cast<size_t>(options.limit);
  auto answer = (*lookup)->symbols(options.name, options.kind.empty() ? limit : kMost);
  if (!answer) return fail(std::move(answer).error());
  if (!options.kind.empty()) {
    std::erase_if(answer->symbols, [&options](const search::Symbol& symbol) { return symbol.kind != options.kind; });
  }
  if (answer->symbols.size() > limit) answer->symbols.resize(limit);

  if (invocation.json) {
    print_json(answer_json(*answer));
  } else {
    for (const auto& symbol : answer->symbols) print_symbol(symbol, invocation);
  }
  return answer->symbols.empty() ? kExitNotFound : kExitDone;
}

}  // namespace promethean::cli
