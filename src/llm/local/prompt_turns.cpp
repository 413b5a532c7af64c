#include "llm/local/prompt_turns.h"

#include <fmt/format.h>

#include "llm/local/tool_calls.h"

namespace promethean::llm::local {

namespace {

// `content` is text, an array of text parts, or absent (an assistant message with tool calls).
base::Result<std::string> text_of(const json::Value& message) {
  const json::Value* content = json::given(message, "content");
  if (content == nullptr) return std::string();
  if (content->is_string()) return std::string(content->get_string());
  std::string text;
  const json::Array* parts = json::array_at(message, "content");
  if (parts == nullptr) return base::fail(base::Code::kInvalidArgument, "content is neither text nor a list of parts");
  for (const json::Value& part : *parts) {
    const auto piece = json::string_at(part, "text");
    if (!piece) return base::fail(base::Code::kInvalidArgument, "this model takes text only; a content part has none");
    text += *piece;
  }
  return text;
}

std::string written_calls(const json::Object& others) {
  const json::Array* calls = json::array_at(others, "tool_calls");
  if (calls == nullptr) return {};
  std::string text;
  for (const json::Value& call : *calls) {
    if (!text.empty()) text += "\n";
    if (const json::Object* function = json::object_at(call, "function")) {
      const std::string_view arguments = json::string_at(*function, "arguments").value_or("");
      text += written_call(json::string_at(*function, "name").value_or(""), arguments.empty() ? "{}" : arguments);
    } else if (const json::Object* custom = json::object_at(call, "custom")) {
      const json::Value input = json::Object{{"input", json::string_at(*custom, "input").value_or("")}};
      text += written_call(json::string_at(*custom, "name").value_or(""), json::write(input));
    }
  }
  return text;
}

std::string told_of(const json::Array& tools) {
  std::string text = "You may call these functions:\n<tools>\n";
  for (const json::Value& tool : tools) text += json::write(tool) + "\n";
  return text + fmt::format(
                    "</tools>\nTo call one, answer with its name and its arguments as JSON, like this:\n{}\n"
                    "What it returns comes back in <tool_response> tags.",
                    written_call("<name>", "{...}"));
}

}  // namespace

base::Result<std::vector<PromptTurn>> turns_of(const json::Array& messages) {
  std::vector<PromptTurn> turns;
  for (const json::Value& message : messages) {
    auto text = text_of(message);
    if (!text) return base::fail(std::move(text).error());
    PromptTurn turn{std::string(json::string_at(message, "role").value_or("")), *std::move(text), message.as_object()};
    if (turn.role.empty()) return base::fail(base::Code::kInvalidArgument, "a message has no role");
    if (turn.role == "developer") turn.role = "system";  // OpenAI's newer word for it; templates know the older one
    if (turn.role == "function") turn.role = "tool";
    turn.others.erase("role");
    turn.others.erase("content");
    turns.push_back(std::move(turn));
  }
  return turns;
}

void fold_system(std::vector<PromptTurn>& turns) {
  for (size_t i = 0; i + 1 < turns.size();) {
    if (turns[i].role != "system") {
      ++i;
      continue;
    }
    turns[i + 1].text = turns[i].text + "\n\n" + turns[i + 1].text;
    turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void write_out_tools(std::vector<PromptTurn>& turns, const json::Array& tools) {
  std::vector<PromptTurn> written;
  bool answers = false;  // the turn before has what tools answered
  for (PromptTurn& turn : turns) {
    const bool is_answer = turn.role == "tool";
    std::string calls = written_calls(turn.others);
    if (!calls.empty()) turn.text += (turn.text.empty() ? "" : "\n") + std::move(calls);
    turn.others.clear();
    if (is_answer) {
      turn.role = "user";
      turn.text = fmt::format("<tool_response>\n{}\n</tool_response>", turn.text);
    }
    if (is_answer && answers)
      written.back().text += "\n" + turn.text;
    else
      written.push_back(std::move(turn));
    answers = is_answer;
  }
  turns = std::move(written);
  if (tools.empty()) return;
  if (turns.empty() || turns.front().role != "system") turns.insert(turns.begin(), PromptTurn{"system", "", {}});
  std::string& system = turns.front().text;
  system += (system.empty() ? "" : "\n\n") + told_of(tools);
}

json::Object with_parsed_arguments(json::Object others) {
  json::Value* calls = others.if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array()) return others;
  for (json::Value& call : calls->get_array()) {
    const auto* function = json::object_at(call, "function");
    const auto text = function == nullptr ? std::nullopt : json::string_at(*function, "arguments");
    if (!text) continue;
    auto value = json::parse(text->empty() ? "{}" : *text);
    if (value) call.at("function").as_object()["arguments"] = *std::move(value);
  }
  return others;
}

}  // namespace promethean::llm::local
