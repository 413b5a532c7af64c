#include "llm/dialect/messages_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace promethean::llm::messages {

namespace {

using base::Result;

// Claude Code's first block says which version it is, for billing. It is not for the model, and it would make the
// beginning of every version's prompts another one.
constexpr std::string_view kBilling = "x-anthropic-billing-header:";

json::Object text_part(std::string_view text) {
  return {{"type", "text"}, {"text", text}};
}

json::Object image_part(std::string url) {
  return {{"type", "image_url"}, {"image_url", json::Object{{"url", std::move(url)}}}};
}

Result<json::Object> image(const json::Value& block, const std::string& where) {
  const json::Value* source = json::find(block, "source");
  const auto type = source == nullptr ? std::nullopt : json::string_at(*source, "type");
  if (type == "url") {
    if (const auto url = json::string_at(*source, "url")) return image_part(std::string(*url));
  }
  if (type == "base64") {
    const auto media = json::string_at(*source, "media_type");
    const auto data = json::string_at(*source, "data");
    if (media && data) return image_part(fmt::format("data:{};base64,{}", *media, *data));
  }
  return base::bad_field(where + ".source", "an image has a source of type base64 (media_type, data) or url (url)");
}

Result<void> append_blocks(const json::Value& content, const std::string& where, json::Array& parts);

// Documents that are text; a PDF would have to be read first.
Result<void> append_document(const json::Value& block, const std::string& where, json::Array& parts) {
  const json::Value* source = json::find(block, "source");
  const auto type = source == nullptr ? std::nullopt : json::string_at(*source, "type");
  if (const auto title = json::string_at(block, "title")) parts.emplace_back(text_part(fmt::format("[{}]", *title)));
  if (type == "text") {
    if (const auto data = json::string_at(*source, "data")) return parts.emplace_back(text_part(*data)), Result<void>();
  }
  if (type == "content") {
    if (const json::Value* content = json::find(*source, "content"))
      return append_blocks(*content, where + ".source.content", parts);
  }
  return base::bad_field(where + ".source",
                         fmt::format("a document with a source of type '{}' cannot be read here", type.value_or("")),
                         "send its text, with a source of type text");
}

Result<void> append_found(const json::Value& block, const std::string& where, json::Array& parts) {
  parts.emplace_back(text_part(fmt::format("[{}] {}", json::string_at(block, "title").value_or(""),
                                           json::string_at(block, "source").value_or(""))));
  const json::Value* content = json::find(block, "content");
  return content == nullptr ? Result<void>() : append_blocks(*content, where + ".content", parts);
}

// What Anthropic's servers did between the blocks: the texts beside it say what came of it.
bool is_of_server(std::string_view type) {
  return type == "server_tool_use" || type == "mcp_tool_use" || type == "tool_reference" ||
         type == "container_upload" || type.ends_with("_tool_result");
}

// One block of a person's message or of a tool's outcome.
Result<void> append_block(const json::Value& block, const std::string& where, json::Array& parts) {
  const std::string_view type = *json::string_at(block, "type");
  if (type == "text") {
    const auto text = json::string_at(block, "text");
    if (!text) return base::bad_field(where + ".text", "a block of type text has its text in 'text'");
    if (!text->empty()) parts.emplace_back(text_part(*text));
    return {};
  }
  if (type == "image") {
    auto part = image(block, where);
    if (!part) return base::fail(std::move(part).error());
    parts.emplace_back(std::move(*part));
    return {};
  }
  if (type == "document") return append_document(block, where, parts);
  if (type == "search_result") return append_found(block, where, parts);
  if (is_of_server(type)) return {};
  return base::bad_field(where + ".type", fmt::format("'{}' is not a type of block that can be used here", type),
                         "use text, image, document, search_result or tool_result");
}

Result<void> append_blocks(const json::Value& content, const std::string& where, json::Array& parts) {
  if (const json::Array* blocks = content.if_array()) {
    for (size_t i = 0; i < blocks->size(); ++i) {
      if (!json::string_at((*blocks)[i], "type"))
        return base::bad_field(fmt::format("{}[{}].type", where, i), "a block has a type");
      if (auto ok = append_block((*blocks)[i], fmt::format("{}[{}]", where, i), parts); !ok) return ok;
    }
  } else if (content.is_string() && !content.as_string().empty()) {
    parts.emplace_back(text_part(content.as_string()));
  }
  return {};
}

bool is_text(const json::Value& part) {
  return json::string_at(part, "type") == "text";
}

std::string joined(const json::Array& parts) {
  std::string text;
  for (const auto& part : parts) {
    const auto piece = json::string_at(part, "text");
    if (!piece) continue;
    if (!text.empty()) text += '\n';
    text += *piece;
  }
  return text;
}

class Conversation {
 public:
  Result<void> add_system(const json::Value& content, const std::string& where);
  Result<void> add(const json::Value& message, const std::string& where);
  json::Array finish() &&;

 private:
  void say(json::Array parts);
  Result<void> add_user(const json::Value& content, const std::string& where);
  Result<void> add_outcome(const json::Value& block, const std::string& where, json::Array& shown);
  Result<void> add_assistant(const json::Value& content, const std::string& where);

  std::string system_;
  json::Array messages_;  // contents of role user are arrays of parts until finish()
};

// What the user's side says goes on in the message before, if that is the user's too: some templates want the sides to
// take turns.
void Conversation::say(json::Array parts) {
  if (!messages_.empty() && json::string_at(messages_.back(), "role") == "user") {
    json::Array& before = messages_.back().as_object()["content"].as_array();
    for (auto& part : parts) before.push_back(std::move(part));
    return;
  }
  messages_.emplace_back(json::Object{{"role", "user"}, {"content", std::move(parts)}});
}

// Before the conversation begins it is the system's text. Later many templates take no such message, so it comes the
// way that Claude Code's reminders always came: as a marked text on the user's side.
Result<void> Conversation::add_system(const json::Value& content, const std::string& where) {
  json::Array parts;
  if (auto ok = append_blocks(content, where, parts); !ok) return ok;
  for (const auto& part : parts) {
    const auto text = json::string_at(part, "text");
    if (!text) return base::bad_field(where, "a system text has blocks of type text only");
    if (text->starts_with(kBilling)) continue;
    if (!messages_.empty()) {
      say({text_part(fmt::format("<system-reminder>\n{}\n</system-reminder>", *text))});
      continue;
    }
    if (!system_.empty()) system_ += "\n\n";
    system_ += *text;
  }
  return {};
}

Result<void> Conversation::add(const json::Value& message, const std::string& where) {
  const std::string_view role = *json::string_at(message, "role");
  const json::Value& content = *json::find(message, "content");
  const std::string inside = where + ".content";
  if (role == "system") return add_system(content, inside);
  return role == "assistant" ? add_assistant(content, inside) : add_user(content, inside);
}

// The outcomes of calls come first, each as a message of its own: nothing may stand between a call and its outcome.
Result<void> Conversation::add_user(const json::Value& content, const std::string& where) {
  json::Array said;
  const json::Array* blocks = content.if_array();
  if (blocks == nullptr) {
    if (auto ok = append_blocks(content, where, said); !ok) return ok;
  } else {
    for (size_t i = 0; i < blocks->size(); ++i) {
      const std::string here = fmt::format("{}[{}]", where, i);
      const bool outcome = json::string_at((*blocks)[i], "type") == "tool_result";
      auto ok = outcome ? add_outcome((*blocks)[i], here, said) : append_block((*blocks)[i], here, said);
      if (!ok) return ok;
    }
    if (said.empty() && !messages_.empty() && json::string_at(messages_.back(), "role") == "tool") return {};
  }
  if (said.empty()) said.emplace_back(text_part(""));
  say(std::move(said));
  return {};
}

// A chat's tool message has text only; images are `shown` in the user's message behind it.
Result<void> Conversation::add_outcome(const json::Value& block, const std::string& where, json::Array& shown) {
  const auto id = json::string_at(block, "tool_use_id");
  if (!id) return base::bad_field(where + ".tool_use_id", "a tool_result names the call that it answers");
  json::Array parts;
  if (const json::Value* content = json::find(block, "content")) {
    if (auto ok = append_blocks(*content, where + ".content", parts); !ok) return ok;
  }
  std::string text = joined(parts);
  if (json::bool_at(block, "is_error").value_or(false)) text = text.empty() ? "Error" : "Error: " + text;
  bool first = true;
  for (auto& part : parts) {
    if (is_text(part)) continue;
    if (std::exchange(first, false)) {
      shown.emplace_back(text_part(fmt::format("What the call {} showed:", *id)));
      if (text.empty()) text = "The result is shown in the next message.";
    }
    shown.push_back(std::move(part));
  }
  messages_.emplace_back(json::Object{{"role", "tool"}, {"tool_call_id", *id}, {"content", text}});
  return {};
}

// Thoughts go back under the name that backends which think use for them; their signatures say nothing here.
Result<void> Conversation::add_assistant(const json::Value& content, const std::string& where) {
  std::string text, thoughts;
  json::Array calls;
  if (content.is_string()) text = content.as_string();
  if (const json::Array* blocks = content.if_array()) {
    for (size_t i = 0; i < blocks->size(); ++i) {
      const json::Value& block = (*blocks)[i];
      const std::string_view type = *json::string_at(block, "type");
      if (type == "text") text += json::string_at(block, "text").value_or("");
      if (type == "thinking") thoughts += json::string_at(block, "thinking").value_or("");
      if (type != "tool_use") continue;
      const auto id = json::string_at(block, "id");
      const auto name = json::string_at(block, "name");
      if (!id || !name) return base::bad_field(fmt::format("{}[{}]", where, i), "a tool_use has an id and a name");
      const json::Object* input = json::object_at(block, "input");
      const std::string arguments = input == nullptr ? "{}" : json::write(*input);
      calls.emplace_back(json::Object{
          {"id", *id}, {"type", "function"}, {"function", json::Object{{"name", *name}, {"arguments", arguments}}}});
    }
  }
  json::Object message{{"role", "assistant"}, {"content", text}};
  if (!thoughts.empty()) message["reasoning_content"] = thoughts;
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  messages_.emplace_back(std::move(message));
  return {};
}

// Texts alone become one string, which is what every backend takes.
json::Array Conversation::finish() && {
  for (auto& message : messages_) {
    json::Value& content = message.as_object()["content"];
    if (content.is_array() && std::ranges::all_of(content.as_array(), is_text)) content = joined(content.as_array());
  }
  if (!system_.empty())
    messages_.insert(messages_.begin(), json::Object{{"role", "system"}, {"content", std::move(system_)}});
  return std::move(messages_);
}

}  // namespace

Result<json::Array> chat_messages(const json::Value& request) {
  Conversation conversation;
  if (const json::Value* system = json::find(request, "system")) {
    if (auto ok = conversation.add_system(*system, "system"); !ok) return base::fail(std::move(ok).error());
  }
  const json::Array& messages = *json::array_at(request, "messages");
  for (size_t i = 0; i < messages.size(); ++i) {
    if (auto ok = conversation.add(messages[i], fmt::format("messages[{}]", i)); !ok)
      return base::fail(std::move(ok).error());
  }
  return std::move(conversation).finish();
}

std::string text_of(const json::Value& content) {
  if (content.is_string()) return std::string(content.as_string());
  return content.is_array() ? joined(content.as_array()) : std::string();
}

}  // namespace promethean::llm::messages
