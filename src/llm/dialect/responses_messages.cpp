#include "llm/dialect/responses_messages.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "llm/dialect/compaction.h"
#include "llm/dialect/responses_content.h"
#include "llm/dialect/responses_fields.h"
#include "llm/dialect/responses_items.h"

namespace promethean::llm::responses {

namespace {

using Items = std::vector<const json::Value*>;

constexpr std::string_view kAborted = "aborted";      // the output of a call that was interrupted
constexpr std::string_view kUnknownTool = "unknown";  // called by a call that is gone, though its output is there

// Which output answers which call: the first one behind it with its id. Ids may repeat in a long conversation.
struct Pairs {
  std::map<const json::Value*, const json::Value*> output_of;  // call -> output
  std::set<const json::Value*> answers;                        // outputs that belong to a call
};

Pairs pair_up(const Items& items) {
  Pairs pairs;
  std::map<std::string_view, std::deque<const json::Value*>> waiting;
  for (const json::Value* item : items) {
    const std::string_view type = text_at(*item, "type");
    if (is_call(type)) waiting[text_at(*item, "call_id")].push_back(item);
    if (!is_output(type)) continue;
    const auto at = waiting.find(text_at(*item, "call_id"));
    if (at == waiting.end() || at->second.empty()) continue;
    pairs.output_of[at->second.front()] = item;
    pairs.answers.insert(item);
    at->second.pop_front();
  }
  return pairs;
}

// The text of a reasoning item: as the model thought it, else the summaries.
std::string reasoning_text(const json::Value& item) {
  for (const std::string_view key : {"content", "summary"}) {
    const json::Array* parts = json::array_at(item, key);
    if (parts == nullptr) continue;
    if (std::string text = parts_text(*parts); !text.empty()) return text;
  }
  return {};
}

// Arguments as backends take them: templates of models read them as JSON, and some fail when it is none.
std::string valid_arguments(std::string_view text) {
  if (text.empty()) return "{}";
  if (const auto parsed = json::parse(text); parsed && parsed->is_object()) return std::string(text);
  return json::write(json::Object{{"invalid_arguments", text}});
}

class Builder {
 public:
  Builder(const Items& items, ToolTable& names) : pairs_(pair_up(items)), names_(names) {}

  void instruct(std::string_view text) {
    end_turn();
    if (text.empty()) return;
    if (messages_.size() == 1 && !talk_) {  // all that comes before the talk is one message
      std::string whole(text_at(messages_[0], "content"));
      append_paragraph(whole, text);
      messages_[0].as_object()["content"] = whole;
      return;
    }
    messages_.emplace_back(json::Object{{"role", "system"}, {"content", text}});
  }

  void user(json::Value content) {
    end_turn();
    talk_ = true;
    messages_.emplace_back(json::Object{{"role", "user"}, {"content", std::move(content)}});
  }

  void item(const json::Value& item) {
    const std::string_view type = text_at(item, "type");
    if (type == "message") return message(item);
    if (type == "reasoning") return append_paragraph(reasoning_, reasoning_text(item));
    if (type.starts_with("tool_search") && json::given(item, "call_id") == nullptr) return;  // ran elsewhere
    if (is_call(type)) return call(item);
    if (is_output(type)) return output(item);
    if (type == "compaction_trigger") return user(json::Value(kCompactionRequest));
    if (type == "compaction" || type == "compaction_summary") return summary(item);
    // All others are records of what somebody else ran, or tools, which are read elsewhere.
  }

  json::Array finish() {
    end_turn();
    if (!talk_) user("");
    return std::move(messages_);
  }

 private:
  struct Call {
    std::string id, name, arguments;
    const json::Value* output = nullptr;
  };

  void message(const json::Value& item) {
    const std::string_view role = text_at(item, "role");
    const json::Array& parts = *json::array_at(item, "content");
    if (role == "assistant") return append_paragraph(text_, parts_text(parts));
    if (role == "user") return user(user_content(parts));
    instruct(parts_text(parts));
  }

  void summary(const json::Value& item) {
    const auto text = read_compaction(text_at(item, "encrypted_content"));
    user(json::Value(fmt::format("{}\n\n{}", kCompactionHeading, text.value_or(""))));
  }

  void call(const json::Value& item) {
    Call call{.id = unique_id(text_at(item, "call_id")), .name = "", .arguments = ""};
    const std::string_view type = text_at(item, "type");
    if (type == "custom_tool_call") {
      call.arguments = json::write(json::Object{{"input", text_at(item, "input")}});
    } else if (type == "function_call") {
      call.arguments = valid_arguments(text_at(item, "arguments"));
    } else if (type == "tool_search_call") {
      call.name = names_.chat_name({.name = "tool_search", .name_space = "", .search = true});
      const json::Value* wish = json::given(item, "arguments");
      call.arguments = wish == nullptr     ? "{}"
                       : wish->is_string() ? valid_arguments(text_at(item, "arguments"))
                                           : json::write(*wish);
    } else {  // local_shell_call and its kin have what to do in a member of their own
      call.name = type.substr(0, type.size() - std::string_view("_call").size());
      const json::Value* wish = json::given(item, "action");
      if (wish == nullptr) wish = json::given(item, "operation");
      call.arguments = wish == nullptr ? "{}" : valid_arguments(json::write(*wish));
    }
    if (call.name.empty()) {
      call.name = names_.chat_name({.name = std::string(text_at(item, "name")),
                                    .name_space = std::string(text_at(item, "namespace")),
                                    .custom = type == "custom_tool_call"});
    }
    const auto at = pairs_.output_of.find(&item);
    if (at != pairs_.output_of.end()) call.output = at->second;
    calls_.push_back(std::move(call));
  }

  // The output of a call stands behind the call already; one whose call is gone gets another.
  void output(const json::Value& item) {
    end_turn();
    if (pairs_.answers.contains(&item)) return;
    calls_.push_back({.id = unique_id(text_at(item, "call_id")),
                      .name = std::string(kUnknownTool),
                      .arguments = "{}",
                      .output = &item});
    end_turn();
  }

  // Ends the assistant's message: reasoning alone is nothing that a model needs to see again.
  void end_turn() {
    std::string reasoning = std::exchange(reasoning_, {});
    std::string text = std::exchange(text_, {});
    const std::vector<Call> calls = std::exchange(calls_, {});
    if (text.empty() && calls.empty()) return;
    talk_ = true;
    json::Object message{{"role", "assistant"}, {"content", nullptr}};
    if (!text.empty()) message["content"] = text;
    if (!reasoning.empty()) message["reasoning_content"] = reasoning;
    json::Array wire;
    for (const Call& call : calls) {
      json::Object function{{"name", call.name}, {"arguments", call.arguments}};
      wire.emplace_back(json::Object{{"id", call.id}, {"type", "function"}, {"function", std::move(function)}});
    }
    if (!wire.empty()) message["tool_calls"] = std::move(wire);
    messages_.emplace_back(std::move(message));
    add_outputs(calls);
  }

  // Images and files go into a message of the user behind the outputs: a tool's message is text to most backends.
  void add_outputs(const std::vector<Call>& calls) {
    json::Array media;
    for (const Call& call : calls) {
      std::string text(call.output == nullptr ? kAborted : text_at(*call.output, "output"));
      const json::Array* parts = call.output == nullptr ? nullptr : json::array_at(*call.output, "output");
      if (parts != nullptr) text = parts_text(*parts);
      json::Array own = parts == nullptr ? json::Array() : parts_media(*parts);
      if (!own.empty()) {
        if (text.empty()) text = "The output is in the next message.";
        const std::string origin = fmt::format("From the output of {} (call {}):", call.name, call.id);
        media.emplace_back(json::Object{{"type", "text"}, {"text", origin}});
      }
      for (auto& part : own) media.push_back(std::move(part));
      messages_.emplace_back(json::Object{{"role", "tool"}, {"tool_call_id", call.id}, {"content", text}});
    }
    if (!media.empty()) messages_.emplace_back(json::Object{{"role", "user"}, {"content", std::move(media)}});
  }

  std::string unique_id(std::string_view id) {
    std::string out(id);
    int& uses = uses_[out];
    while (!ids_.insert(out).second) out = fmt::format("{}_{}", id, ++uses + 1);
    return out;
  }

  Pairs pairs_;
  ToolTable& names_;
  json::Array messages_;
  bool talk_ = false;  // somebody but the system has spoken
  std::set<std::string> ids_;
  std::map<std::string, int> uses_;  // of one id by several calls
  std::string reasoning_, text_;     // of the assistant's message that is not ended yet
  std::vector<Call> calls_;
};

}  // namespace

json::Array to_messages(std::string_view instructions, const Items& items, ToolTable& names) {
  Builder builder(items, names);
  builder.instruct(instructions);
  for (const json::Value* item : items) builder.item(*item);
  return builder.finish();
}

}  // namespace promethean::llm::responses
