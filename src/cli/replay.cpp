// promethean replay: a recorded exchange asked again, and the difference to its answer of then; or a list of them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/strings.h"
#include "cli/answer_reader.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/stream_call.h"
#include "cli/text_diff.h"
#include "context/artifact_folder.h"
#include "context/exchange.h"

namespace promethean::cli {

namespace {

using context::RecordedExchange;

constexpr int kExitSame = 0;
constexpr int kExitDifferent = 1;
constexpr int kExitTrouble = 2;  // as diff's

std::string text_member(const json::Object& object, std::string_view key) {
  return std::string(json::string_at(object, key).value_or(""));
}

// ---- finding ----

// Calls `take` with the records of the folder, the newest first, until it says false.
template <class Take>
void each_record(const std::string& folder, Take take) {
  for (const auto& name : context::exchange_line_files(folder)) {
    const auto text = base::read_file(folder + "/" + name);
    if (!text) continue;
    auto lines = base::split(*text, '\n');
    std::ranges::reverse(lines);
    for (const auto line : lines) {
      auto record = json::parse(line);
      if (record && record->is_object() && !take(std::move(record->as_object()))) return;
    }
  }
}

base::Result<std::string> newest_with_texts(const std::string& folder) {
  std::string id;
  each_record(folder, [&id](const json::Object& record) {
    if (record.contains("file")) id = text_member(record, "id");
    return id.empty();
  });
  if (!id.empty()) return id;
  return base::fail(base::Code::kNotFound, "no exchange with its texts is in " + folder,
                    "record them with [artifacts] mode = \"full\"");
}

// Why there is no file of this id.
base::Error missing(const std::string& folder, const std::string& id) {
  bool known = false;
  each_record(folder, [&](const json::Object& record) {
    known = text_member(record, "id") == id;
    return !known;
  });
  if (known)
    return {base::Code::kNotFound, "exchange " + id + " was recorded without its texts",
            "record them with [artifacts] mode = \"full\"; /v1/completions and /v1/embeddings never are"};
  return {base::Code::kNotFound, "no exchange " + id + " is in " + folder, "`promethean replay --list` shows them"};
}

base::Result<RecordedExchange> find_exchange(const std::string& folder, std::string id) {
  if (id == "last") {
    auto newest = newest_with_texts(folder);
    if (!newest) return base::fail(std::move(newest).error());
    id = *newest;
  }
  if (id.ends_with(".md")) id.resize(id.size() - 3);
  if (!context::is_exchange_id(id))
    return base::fail(base::Code::kInvalidArgument, "'" + id + "' is no id of an exchange",
                      "it is in the header x-promethean-exchange of an answer; `promethean replay --list` shows them");
  const auto text = base::read_file(folder + "/" + id + ".md");
  if (!text) return base::fail(text.error().code() == base::Code::kNotFound ? missing(folder, id) : text.error());
  auto read = context::read_exchange_markdown(*text);
  if (!read) return base::fail(read.error().wrap(id + ".md"));
  return read;
}

Exit list_exchanges(const Invocation& invocation, const ReplayOptions& options) {
  json::Array found;
  each_record(invocation.config.artifacts.directory, [&](json::Object record) {
    found.push_back(std::move(record));
    return found.size() < static_cast<size_t>(options.limit);
  });
  if (invocation.json) {
    print_json({{"ok", true}, {"exchanges", std::move(found)}});
    return kExitSame;
  }
  for (const auto& one : found) {
    const json::Object& record = one.as_object();
    const std::string line =
        fmt::format("{}  {:6}  {:22}  {:8}  {}{}\n", text_member(record, "id"), text_member(record, "status"),
                    text_member(record, "endpoint"), fmt::format("{} ms", json::int_at(record, "total_ms").value_or(0)),
                    text_member(record, "model"), record.contains("file") ? "" : "  (without texts)");
    print(printable(line));
  }
  if (found.empty()) fmt::print(stderr, "no exchange is in {}\n", invocation.config.artifacts.directory);
  return kExitSame;
}

// ---- asking again ----

base::Result<StreamCall> call_of(const RecordedExchange& recorded, const ReplayOptions& options) {
  StreamCall call;
  call.path = text_member(recorded.record, "endpoint");
  call.server = options.server;
  for (const auto& header : recorded.headers) {
    if (const auto* value = header.value().if_string())
      call.headers.set(std::string(header.key()), std::string(*value));
  }
  json::Object body = recorded.request;
  body["stream"] = true;
  if (!options.model.empty()) body["model"] = options.model;
  if (call.path == "/v1/chat/completions") body["stream_options"] = json::Object{{"include_usage", true}};
  if (call.path == "/v1/responses") body["store"] = false;
  // The session has gone on since, and must not hear of this: what it was then is asked.
  body.erase("session_id");
  if (!recorded.conversation.empty()) {
    if (call.path != "/v1/chat/completions")
      return base::fail(base::Code::kUnsupported,
                        "the exchange continued a session, which can be asked again at /v1/chat/completions only");
    body["messages"] = recorded.conversation;
  }
  call.body = json::write(body);
  return call;
}

struct Timing {
  std::optional<int64_t> first_token_ms;
  int64_t total_ms = 0;
};

struct Again {
  ReadAnswer answer;
  Timing timing;
};

base::Result<Again> ask_again(const Invocation& invocation, const StreamCall& call) {
  const auto begin = base::steady_now();
  const auto elapsed = [begin] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(base::steady_now() - begin).count();
  };
  Again again;
  const auto show = [&](std::string_view text) {
    if (!again.timing.first_token_ms) again.timing.first_token_ms = elapsed();
    if (invocation.json) return;
    print(printable(text));
    std::fflush(stdout);
  };
  auto reader = AnswerReader::of(call.path, show);
  if (!reader) return base::fail(std::move(reader).error());
  auto read = stream_call(invocation, call, [&reader](std::string_view bytes) { return reader->feed(bytes); });
  if (!read) return base::fail(std::move(read).error());
  auto answer = reader->finish();
  if (!answer) return base::fail(std::move(answer).error());
  again.timing.total_ms = elapsed();
  again.answer = std::move(*answer);
  return again;
}

// ---- comparing ----

std::set<std::string> places_of(const json::Value* retrieval) {
  std::set<std::string> places;
  const json::Array* citations = retrieval == nullptr ? nullptr : json::array_at(*retrieval, "citations");
  if (citations == nullptr) return places;
  for (const auto& citation : *citations) {
    places.insert(fmt::format("{}:{}-{}", json::string_at(citation, "path").value_or(""),
                              json::int_at(citation, "startLine").value_or(0),
                              json::int_at(citation, "endLine").value_or(0)));
  }
  return places;
}

// Calls as they are compared: names with their arguments as values, where they are JSON. What was recorded was
// redacted, so what came now is, too.
json::Array comparable_calls(const json::Array& calls) {
  json::Array out;
  for (const auto& call : calls) {
    const json::Object* function = json::object_at(call, "function");
    const json::Object& from = function != nullptr ? *function : call.as_object();
    const std::string arguments = text_member(from, "arguments");
    const auto value = json::parse(arguments);
    out.push_back(
        json::Object{{"name", text_member(from, "name")}, {"arguments", value ? *value : json::Value(arguments)}});
  }
  return std::move(context::redacted(out).as_array());
}

std::vector<std::string> minus(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

struct Difference {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  size_t kept = 0;
  std::string answer;  // unified; empty: the same
  std::string calls;   // unified, of the calls as JSON
  bool same() const { return added.empty() && removed.empty() && answer.empty() && calls.empty(); }
};

std::string calls_text(const json::Array& calls) {
  return calls.empty() ? "" : json::write_pretty(calls);
}

Difference compare(const RecordedExchange& recorded, const ReadAnswer& now) {
  Difference difference;
  const auto before = places_of(json::find(recorded.record, "retrieval"));
  const auto after = places_of(&now.retrieval);
  difference.added = minus(after, before);
  difference.removed = minus(before, after);
  difference.kept = after.size() - difference.added.size();
  difference.answer = unified_diff(recorded.answer, base::sanitize_utf8(base::redact(now.text)), "then", "now");
  difference.calls = unified_diff(calls_text(comparable_calls(recorded.tool_calls)),
                                  calls_text(comparable_calls(now.tool_calls)), "calls then", "calls now");
  return difference;
}

// ---- showing ----

json::Value number_or_null(std::optional<int64_t> number) {
  return number ? json::Value(*number) : json::Value(nullptr);
}

json::Array list_of(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

struct Row {
  std::string_view what;
  json::Value then;
  json::Value now;
};

std::vector<Row> side_by_side(const json::Object& record, const Again& again) {
  const json::Object* usage = json::object_at(record, "usage");
  const auto used = [usage](std::string_view key) {
    return number_or_null(usage == nullptr ? std::nullopt : json::int_at(*usage, key));
  };
  const auto text = [](std::string_view word) { return json::Value(word); };
  const ReadAnswer& now = again.answer;
  std::vector<Row> rows;
  rows.push_back({"model", text(text_member(record, "model")), text(now.model)});
  rows.push_back({"finish_reason", text(text_member(record, "finish_reason")), text(now.finish_reason)});
  rows.push_back({"prompt_tokens", used("prompt_tokens"), number_or_null(now.prompt_tokens)});
  rows.push_back({"completion_tokens", used("completion_tokens"), number_or_null(now.completion_tokens)});
  rows.push_back({"first_token_ms", number_or_null(json::int_at(record, "first_token_ms")),
                  number_or_null(again.timing.first_token_ms)});
  rows.push_back({"total_ms", number_or_null(json::int_at(record, "total_ms")), again.timing.total_ms});
  return rows;
}

void print_document(const RecordedExchange& recorded, const Again& again, const Difference& difference) {
  json::Object document{
      {"ok", true},
      {"same", difference.same()},
      {"exchange", text_member(recorded.record, "id")},
      {"endpoint", text_member(recorded.record, "endpoint")},
      {"answer", json::Object{{"then", recorded.answer}, {"now", again.answer.text}, {"diff", difference.answer}}},
      {"citations",
       json::Object{
           {"added", list_of(difference.added)}, {"removed", list_of(difference.removed)}, {"kept", difference.kept}}},
      {"tool_calls", json::Object{{"then", comparable_calls(recorded.tool_calls)},
                                  {"now", comparable_calls(again.answer.tool_calls)}}}};
  for (auto& row : side_by_side(recorded.record, again))
    document[row.what] = json::Object{{"then", std::move(row.then)}, {"now", std::move(row.now)}};
  print_json(document);
}

std::string coloured(std::string_view diff, bool on) {
  std::string out;
  for (const std::string_view line : base::split(diff, '\n')) {
    const bool head = line.starts_with("@@") || line.starts_with("---") || line.starts_with("+++");
    const std::string shown = printable(line);
    out += head                    ? paint(shown, Colour::kDim, on)
           : line.starts_with('+') ? paint(shown, Colour::kGood, on)
           : line.starts_with('-') ? paint(shown, Colour::kBad, on)
                                   : shown;
    out += '\n';
  }
  out.pop_back();  // split() gives one part more than there are line breaks
  return out;
}

std::string shown_value(const json::Value& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? printable(std::string_view(value.as_string())) : json::write(value);
}

void print_report(const RecordedExchange& recorded, const Again& again, const Difference& difference, bool colour) {
  std::string out = again.answer.text.ends_with('\n') ? "\n" : "\n\n";
  for (const auto& place : difference.removed) out += paint("- " + printable(place), Colour::kBad, colour) + "\n";
  for (const auto& place : difference.added) out += paint("+ " + printable(place), Colour::kGood, colour) + "\n";
  if (difference.added.size() + difference.removed.size() > 0)
    out += fmt::format("  and {} citations as before\n\n", difference.kept);
  out += coloured(difference.answer, colour) + coloured(difference.calls, colour);
  if (!out.ends_with("\n\n")) out += '\n';
  out += fmt::format("{:18}  {:24}  {}\n", "", "then", "now");
  for (const auto& row : side_by_side(recorded.record, again)) {
    std::string what(row.what);
    std::ranges::replace(what, '_', ' ');
    out += fmt::format("{:18}  {:24}  {}\n", what, shown_value(row.then), shown_value(row.now));
  }
  out += difference.same() ? "\nThe same answer, by the same citations.\n" : "\nThe answer differs.\n";
  print(out);
}

Exit replay(const Invocation& invocation, const ReplayOptions& options) {
  if (options.list) return list_exchanges(invocation, options);
  if (options.id.empty())
    return base::fail(base::Code::kInvalidArgument, "which exchange?",
                      "name its id, or `last`; `promethean replay --list` shows them");
  const auto recorded = find_exchange(invocation.config.artifacts.directory, options.id);
  if (!recorded) return base::fail(recorded.error());
  const auto call = call_of(*recorded, options);
  if (!call) return base::fail(call.error());
  if (call->body.find(base::kRedacted) != std::string::npos)
    fmt::print(stderr, "promethean: parts of the request were redacted; that is what is asked now\n");
  const auto again = ask_again(invocation, *call);
  if (!again) return base::fail(again.error());
  const Difference difference = compare(*recorded, again->answer);
  if (invocation.json)
    print_document(*recorded, *again, difference);
  else
    print_report(*recorded, *again, difference, invocation.color_out);
  return difference.same() ? kExitSame : kExitDifferent;
}

}  // namespace

Exit run_replay(const Invocation& invocation, const ReplayOptions& options) {
  const auto exit = replay(invocation, options);
  if (exit) return exit;
  print_error(exit.error(), invocation);
  return kExitTrouble;
}

}  // namespace promethean::cli
