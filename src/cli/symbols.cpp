// promethean symbols, refs, outline: definitions by name, the uses of a name, what a file defines. Exit code 3 when
// nothing was found.
#include <fmt/format.h>

#include "api/symbol_json.h"
#include "base/fd.h"
#include "base/strings.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/output.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static base::Result<search::SymbolFiles> files_of(const std::string& path, const std::string& language) {
  search::SymbolFiles files{.path_part = path, .paths = {}, .language = {}};
  if (language.empty()) return files;
  files.language = search::parse_language(language);
  if (!files.language) {
    return fail(Code::kInvalidArgument, fmt::format("\"{}\" is no language that is known here", language),
                "use one of: " + search::language_names());
  }
  return files;
}

static base::Result<std::string> name_of(const std::string& typed) {
  std::string name(base::trim(typed));
  if (name.empty()) return fail(Code::kInvalidArgument, "the name is empty");
  return name;
}

static base::Result<search::SymbolQuery> query_of(const SymbolsOptions& options) {
  auto files = files_of(options.path, options.language);
  if (!files) return fail(std::move(files).error());
  auto name = name_of(options.name);
  if (!name) return fail(std::move(name).error());
  search::SymbolQuery query;
  query.name = std::move(*name);
  query.best_only = options.match == "best";
  query.loosest = search::parse_match(options.match).value_or(search::NameMatch::kSubstring);
  query.fuzzy_if_none = query.best_only;
  query.textual_if_none = true;
  query.files = std::move(*files);
  query.limit = static_cast<size_t>(options.limit);
  query.comments = options.comments;
  query.kind = search::parse_definition_kind(options.kind);
  if (!options.kind.empty() && !query.kind) {
    return fail(Code::kInvalidArgument, fmt::format("\"{}\" is no kind of definition", options.kind),
                "use one of: " + search::definition_kinds());
  }
  return query;
}

static void print_comment(const std::string& comment, const std::string& indent, const Invocation& invocation) {
  for (const std::string_view line : base::split(comment, '\n')) {
    if (!line.empty()) print(paint(indent + printable(line), Colour::kDim, invocation.color_out) + "\n");
  }
}

static void print_symbol(const search::Symbol& symbol, const Invocation& invocation) {
  const bool on = invocation.color_out;
  const std::string scope = symbol.scope.empty() ? "" : symbol.scope + "::";
  print(fmt::format("{}:{}  {} {}{}\n{}\n", paint(printable(symbol.path), Colour::kPath, on),
                    paint(fmt::format("{}-{}", symbol.start_line, symbol.end_line), Colour::kLine, on), symbol.kind,
                    symbol.tier == search::Tier::kTextual ? "" : printable(scope), printable(symbol.name),
                    paint("    " + printable(symbol.signature), Colour::kDim, on)));
  print_comment(symbol.comment, "    ", invocation);
}

// What is to be known about an answer, on stderr; JSON has it inside.
static void print_note(const std::string& note, uint64_t total, size_t shown, const Invocation& invocation) {
  if (invocation.json) return;
  if (!note.empty()) fmt::print(stderr, "promethean: {}\n", printable(note));
  if (total > shown) fmt::print(stderr, "promethean: {} of {} are shown\n", shown, base::human_count(total));
}

static json::Value with_state(json::Object document, const Freshness& freshness) {
  document["ok"] = true;
  document["generation"] = freshness.generation;
  document["as_of"] = freshness.as_of;
  return document;
}

Exit run_symbols(const Invocation& invocation, const SymbolsOptions& options) {
  if (options.refs) {
    return run_refs(invocation, {.name = options.name,
                                 .path = options.path,
                                 .language = options.language,
                                 .limit = options.limit,
                                 .context = 0});
  }
  const auto query = query_of(options);
  if (!query) return fail(query.error());
  auto lookup = open_lookup(invocation);
  if (!lookup) return fail(std::move(lookup).error());
  const auto answer = (*lookup)->symbols(*query);
  if (!answer) return fail(answer.error());
  const auto& found = answer->found;
  if (invocation.json) {
    print_json(with_state(api::symbols_json(found), answer->freshness));
  } else {
    for (const auto& symbol : found.symbols) print_symbol(symbol, invocation);
  }
  print_note(found.note, found.total, found.symbols.size(), invocation);
  return found.symbols.empty() ? kExitNotFound : kExitDone;
}

static void print_reference(const search::Reference& reference, const Invocation& invocation) {
  const bool on = invocation.color_out;
  const std::string aside = reference.syntactic ? "" : fmt::format("  ({})", reference.within);
  const std::string scope = reference.scope.empty() ? "" : "  in " + printable(reference.scope);
  print(fmt::format("{}:{}:{}{}{}\n", paint(printable(reference.path), Colour::kPath, on),
                    paint(std::to_string(reference.line), Colour::kLine, on), reference.column,
                    paint(scope, Colour::kDim, on), aside));
  std::string_view rest = reference.snippet;
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  for (const std::string_view line : base::split(rest, '\n')) print("    " + printable(line) + "\n");
}

Exit run_refs(const Invocation& invocation, const RefsOptions& options) {
  auto files = files_of(options.path, options.language);
  if (!files) return fail(std::move(files).error());
  auto name = name_of(options.name);
  if (!name) return fail(std::move(name).error());
  const search::ReferenceQuery query{.name = std::move(*name),
                                     .files = std::move(*files),
                                     .limit = static_cast<size_t>(options.limit),
                                     .context = static_cast<int>(options.context)};
  auto lookup = open_lookup(invocation);
  if (!lookup) return fail(std::move(lookup).error());
  const auto answer = (*lookup)->references(query);
  if (!answer) return fail(answer.error());
  const auto& found = answer->found;
  if (invocation.json) {
    print_json(with_state(api::references_json(found), answer->freshness));
  } else {
    for (const auto& reference : found.references) print_reference(reference, invocation);
  }
  print_note(found.note, found.total, found.references.size(), invocation);
  return found.references.empty() ? kExitNotFound : kExitDone;
}

static void print_entry(const search::OutlineEntry& entry, const Invocation& invocation) {
  const std::string indent(static_cast<size_t>(entry.depth) * 2, ' ');
  const auto& symbol = entry.symbol;
  const std::string lines = fmt::format("{}-{}", symbol.start_line, symbol.end_line);
  const std::string& text = symbol.signature.empty() ? symbol.name : symbol.signature;
  print(fmt::format("{:>11}  {}{} {}\n", paint(lines, Colour::kLine, invocation.color_out), indent, symbol.kind,
                    printable(text)));
  print_comment(symbol.comment, std::string(13, ' ') + indent, invocation);
}

Exit run_outline(const Invocation& invocation, const OutlineOptions& options) {
  const auto root = base::RootDir::open(invocation.config.server.root);
  if (!root) return fail(root.error());
  const auto file = search::read_source(*root, options.path);
  if (!file) return fail(file.error());
  const auto outline = search::outline_of(file->path, file->text, {.comments = options.comments}, async::StopFlag());
  if (invocation.json) {
    json::Object document = api::outline_json(file->path, outline);
    document["ok"] = true;
    print_json(document);
  } else {
    for (const auto& entry : outline.entries) print_entry(entry, invocation);
  }
  print_note(outline.note, outline.total, outline.entries.size(), invocation);
  return outline.entries.empty() ? kExitNotFound : kExitDone;
}

}  // namespace promethean::cli
