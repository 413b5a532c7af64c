#include "context/exchange.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/strings.h"
#include "context/citation.h"
#include "context/excerpts.h"
#include "llm/content.h"

namespace promethean::context {

namespace {

constexpr size_t kMaxErrorText = 300;  // of the JSON line

void redact_member(std::string_view key, json::Value& value) {
  if (auto* text = value.if_string()) {
    *text = base::names_secret(key) ? std::string(base::kRedacted) : base::redact(*text);
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) redact_member(key, item);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) redact_member(member.key(), member.value());
  }
}

// Texts that retrieval may have are left to the Markdown file.
json::Object retrieval_facts(const json::Object& retrieval) {
  json::Object out;
  for (const auto& member : retrieval) {
    if (member.value().is_number() || member.value().is_bool()) out[member.key()] = member.value();
  }
  json::Array places;
  if (const json::Array* citations = json::array_at(retrieval, "citations")) {
    for (const auto& citation : *citations) {
      json::Object place;
      for (const std::string_view key : {"path", "startLine", "endLine", "hash"}) {
        if (const json::Value* value = json::find(citation, key)) place[key] = *value;
      }
      places.push_back(std::move(place));
    }
  }
  out["citations"] = std::move(places);
  return out;
}

std::string fenced(std::string_view language, std::string_view text) {
  const std::string clean = base::sanitize_utf8(text);
  const std::string fence = fence_for(clean);
  return fmt::format("{}{}\n{}\n{}\n\n", fence, language, clean, fence);
}

std::string fenced(const json::Value& value) {
  return fenced("json", base::trim(json::write_pretty(value)));
}

// Inside a cell of a table, as code that nothing can leave.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : base::sanitize_utf8(text)) out += c == '`' || c == '|' || (c >= 0 && c < 0x20) ? '?' : c;
  return "`" + out + "`";
}

// [[path|path]]:start-end, as wiki links are written; a path that cannot stand in one is named as code.
std::string wiki_link(const json::Value& citation) {
  const std::string path(json::string_at(citation, "path").value_or(""));
  const auto lines = fmt::format("{}-{}", json::int_at(citation, "startLine").value_or(0),
                                 json::int_at(citation, "endLine").value_or(0));
  if (path.find_first_of("[]|#^`\r\n") != std::string::npos) return fmt::format("- {}:{}\n", cell(path), lines);
  return fmt::format("- [[{0}|{0}]]:{1}\n", path, lines);
}

std::string citations_text(const json::Object& record) {
  const json::Object* retrieval = json::object_at(record, "retrieval");
  const json::Array* citations = retrieval != nullptr ? json::array_at(*retrieval, "citations") : nullptr;
  if (citations == nullptr || citations->empty()) return "None.\n\n";
  std::string out;
  for (const auto& citation : *citations) out += wiki_link(citation);
  return out + "\n";
}

std::string prompt_text(const json::Array& messages) {
  if (messages.empty()) return "None: the answer was composed from the citations.\n\n";
  std::string out;
  for (const auto& message : messages) {
    out += fmt::format("### {}\n\n", json::string_at(message, "role").value_or("message"));
    const json::Value* content = json::find(message, "content");
    if (content != nullptr && !content->is_null()) out += fenced("", llm::content_text(*content));
    if (const json::Value* calls = json::find(message, "tool_calls")) out += fenced(*calls);
  }
  return out;
}

// The choices one after the other; the first is what replay compares.
std::string answer_text(const json::Array& choices) {
  std::string calls;
  std::string reasoning;
  std::string answers;
  for (size_t i = 0; i < choices.size(); ++i) {
    const std::string number = i == 0 ? "" : fmt::format(" {}", i + 1);
    const json::Value* message = json::find(choices[i], "message");
    if (message == nullptr) continue;
    if (const json::Value* made = json::find(*message, "tool_calls"))
      calls += fmt::format("## Tool calls{}\n\n{}", number, fenced(*made));
    if (const auto text = json::string_at(*message, "reasoning_content"))
      reasoning += fmt::format("## Reasoning{}\n\n{}", number, fenced("", *text));
    const json::Value* content = json::find(*message, "content");
    const std::string text = content == nullptr ? "" : llm::content_text(*content);
    answers += fmt::format("## Answer{}\n\n{}", number, fenced("markdown", text));
    if (const auto refusal = json::string_at(*message, "refusal")) answers += fenced("", *refusal);
  }
  if (choices.empty()) answers = "## Answer\n\nNone.\n\n";
  return calls + reasoning + answers;
}

std::string milliseconds_text(const json::Object& record) {
  const auto first = json::int_at(record, "first_token_ms");
  const auto total = json::int_at(record, "total_ms").value_or(0);
  return first ? fmt::format("{} ms to the first token, {} ms in all", *first, total) : fmt::format("{} ms", total);
}

std::string summary_table(const json::Object& record) {
  const auto text = [&record](std::string_view key) { return json::string_at(record, key).value_or(""); };
  std::string out = fmt::format("| | |\n|---|---|\n| time | {} |\n| endpoint | {} |\n| model | {} |\n", text("time"),
                                cell(text("endpoint")), text("model").empty() ? "none" : cell(text("model")));
  if (!text("model_asked").empty() && text("model_asked") != text("model"))
    out += fmt::format("| asked for | {} |\n", cell(text("model_asked")));
  if (!text("session").empty()) out += fmt::format("| session | {} |\n", cell(text("session")));
  out += fmt::format("| ended | {}{} |\n", text("status"),
                     text("finish_reason").empty() ? "" : ", " + cell(text("finish_reason")));
  if (const json::Object* usage = json::object_at(record, "usage"))
    out += fmt::format("| tokens | {} of the prompt, {} of the answer |\n",
                       json::int_at(*usage, "prompt_tokens").value_or(0),
                       json::int_at(*usage, "completion_tokens").value_or(0));
  return out + fmt::format("| took | {} |\n\n", milliseconds_text(record));
}

// What stands in the fences of a file, by the heading above them; of several under one heading, the first.
base::Result<std::map<std::string, std::string>> fences_of(std::string_view text) {
  std::map<std::string, std::string> found;
  std::string heading;
  std::string fence;
  std::string inside;
  for (std::string_view line : base::split(text, '\n')) {
    if (!fence.empty()) {
      if (line != fence) {
        inside.append(line).append("\n");
        continue;
      }
      if (!inside.empty()) inside.pop_back();  // the line break before the fence is not the content's
      found.emplace(heading, std::move(inside));
      inside.clear();
      fence.clear();
    } else if (line.starts_with("## ")) {
      heading = line.substr(3);
    } else if (line.starts_with("```")) {
      fence = line.substr(0, std::min(line.find_first_not_of('`'), line.size()));
    }
  }
  if (!fence.empty()) return base::fail(base::Code::kInvalidArgument, "the file ends inside of a block");
  return found;
}

using Fences = std::map<std::string, std::string>;

base::Result<json::Value> json_fence(const Fences& fences, const std::string& heading, json::Value otherwise) {
  const auto found = fences.find(heading);
  if (found == fences.end()) {
    if (!otherwise.is_null()) return otherwise;
    return base::fail(base::Code::kInvalidArgument, fmt::format("the file has no block under \"{}\"", heading));
  }
  auto value = json::parse(found->second);
  if (!value) return base::fail(value.error().wrap(fmt::format("the block under \"{}\"", heading)));
  return value;
}

}  // namespace

std::string_view end_name(ExchangeEnd end) {
  switch (end) {
    case ExchangeEnd::kDone:
      return "done";
    case ExchangeEnd::kFailed:
      return "failed";
    case ExchangeEnd::kCut:
      return "cut";
    case ExchangeEnd::kLeft:
      return "left";
  }
  return "left";
}

std::string new_exchange_id(base::WallTime now) {
  const std::time_t seconds = base::unix_seconds(now);
  return fmt::format("{:%Y%m%d-%H%M%S}-{}", fmt::gmtime(seconds), base::random_hex(6));
}

bool is_exchange_id(std::string_view text) {
  constexpr std::string_view kForm = "dddddddd-dddddd-xxxxxxxxxxxx";
  if (text.size() != kForm.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool hex = digit || (text[i] >= 'a' && text[i] <= 'f');
    if (kForm[i] == '-' ? text[i] != '-' : kForm[i] == 'd' ? !digit : !hex) return false;
  }
  return true;
}

json::Value redacted(json::Value value) {
  redact_member("", value);
  return value;
}

json::Object exchange_record(const Exchange& exchange) {
  json::Object out{{"id", exchange.id},
                   {"time", base::iso8601(exchange.started)},
                   {"endpoint", exchange.endpoint},
                   {"request_id", exchange.request_id},
                   {"principal", exchange.principal}};
  if (!exchange.session.empty()) out["session"] = exchange.session;
  out["model_asked"] = exchange.model_asked;
  out["model"] = exchange.model;
  out["status"] = end_name(exchange.end);
  if (exchange.error) {
    json::Object error{{"code", base::code_name(exchange.error->code())}};
    // Backends quote the request in their messages.
    if (exchange.texts) error["message"] = base::sanitize_utf8(exchange.error->message().substr(0, kMaxErrorText));
    out["error"] = std::move(error);
  }
  out["finish_reason"] = exchange.finish_reason;
  if (exchange.retrieval) out["retrieval"] = retrieval_facts(*exchange.retrieval);
  if (exchange.usage) out["usage"] = exchange.usage->to_json();
  if (exchange.first_token_ms) out["first_token_ms"] = *exchange.first_token_ms;
  out["total_ms"] = exchange.total_ms;
  if (exchange.texts) out["file"] = exchange.id + ".md";
  return std::move(redacted(std::move(out)).as_object());
}

std::string exchange_markdown(const Exchange& exchange, const json::Object& record) {
  const ExchangeTexts& texts = *exchange.texts;
  std::string out = fmt::format("# Exchange {}\n\n{}", exchange.id, summary_table(record));
  const auto request = json::parse(texts.request);
  out += "## Request\n\n" + (request ? fenced(redacted(*request)) : fenced("", base::redact(texts.request)));
  if (!texts.headers.empty()) out += "## Headers\n\n" + fenced(redacted(texts.headers));
  if (!texts.conversation.empty()) out += "## Conversation\n\n" + fenced(redacted(texts.conversation));
  out += "## Augmented prompt\n\n" + prompt_text(redacted(texts.prompt).as_array());
  out += "## Citations\n\n" + citations_text(record);
  out += answer_text(redacted(texts.choices).as_array());
  if (texts.cut) out += "The answer went on; it is too long to be kept whole.\n\n";
  if (exchange.error) out += "## Error\n\n" + fenced("", base::redact(exchange.error->message()));
  return out + "## Record\n\n" + fenced(record);
}

base::Result<RecordedExchange> read_exchange_markdown(std::string_view text) {
  const auto fences = fences_of(text);
  if (!fences) return base::fail(fences.error());
  RecordedExchange out;
  const auto record = json_fence(*fences, "Record", nullptr);
  if (!record) return base::fail(record.error());
  const auto request = json_fence(*fences, "Request", nullptr);
  if (!request) return base::fail(request.error());
  const auto headers = json_fence(*fences, "Headers", json::Object());
  if (!headers) return base::fail(headers.error());
  const auto conversation = json_fence(*fences, "Conversation", json::Array());
  if (!conversation) return base::fail(conversation.error());
  const auto calls = json_fence(*fences, "Tool calls", json::Array());
  if (!calls) return base::fail(calls.error());
  if (!record->is_object() || !request->is_object() || !headers->is_object() || !conversation->is_array() ||
      !calls->is_array())
    return base::fail(base::Code::kInvalidArgument, "a block of the file is of another kind than it was");
  out.record = record->as_object();
  out.request = request->as_object();
  out.headers = headers->as_object();
  out.conversation = conversation->as_array();
  out.tool_calls = calls->as_array();
  if (const auto answer = fences->find("Answer"); answer != fences->end()) out.answer = answer->second;
  return out;
}

}  // namespace promethean::context
