#include "cli/answer_reader.h"

#include <algorithm>

namespace promethean::cli {

namespace {

constexpr size_t kMaxLine = 8 << 20;
constexpr size_t kMaxCalls = 1024;

// The chat dialect's word for how an answer ended, for those of Anthropic's.
std::string finish_of(std::string_view stop_reason) {
  if (stop_reason == "max_tokens") return "length";
  if (stop_reason == "tool_use") return "tool_calls";
  return "stop";
}

// Anthropic's dialect counts what comes from a cache beside the rest.
std::optional<int64_t> input_tokens(const json::Object& usage) {
  auto tokens = json::int_at(usage, "input_tokens");
  for (const std::string_view key : {"cache_read_input_tokens", "cache_creation_input_tokens"}) {
    if (tokens) *tokens += json::int_at(usage, key).value_or(0);
  }
  return tokens;
}

json::Object call_of(std::string_view name, std::string_view arguments) {
  return {{"name", name}, {"arguments", arguments}};
}

}  // namespace

base::Result<AnswerReader> AnswerReader::of(std::string_view endpoint, OnText on_text) {
  Take take = nullptr;
  if (endpoint == "/v1/chat/completions") take = &AnswerReader::take_chat;
  if (endpoint == "/v1/messages") take = &AnswerReader::take_messages;
  if (endpoint == "/v1/responses") take = &AnswerReader::take_responses;
  const bool ollama = endpoint == "/api/chat" || endpoint == "/api/generate";
  if (ollama) take = &AnswerReader::take_ollama;
  if (take != nullptr) return AnswerReader(take, ollama, std::move(on_text));
  return base::fail(base::Code::kUnsupported, "answers at " + std::string(endpoint) + " cannot be asked for again");
}

base::Result<void> AnswerReader::feed(std::string_view bytes) {
  if (lines_) {
    rest_ += bytes;
    for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      take_data(std::string_view(rest_).substr(0, end));
      rest_.erase(0, end + 1);
    }
    if (rest_.size() > kMaxLine) return base::fail(base::Code::kTooLarge, "a line of the answer is too long");
  } else {
    auto fed = parser_.feed(bytes, [this](const http::SseEvent& event) { take_data(event.data); });
    if (!fed) return fed;
  }
  if (error_) return base::fail(*error_);
  return {};
}

base::Result<ReadAnswer> AnswerReader::finish() {
  if (!done_) return base::fail(base::Code::kUnavailable, "the answer broke off");
  return std::move(answer_);
}

void AnswerReader::take_data(std::string_view data) {
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const auto event = json::parse(data);
  if (!event) return;
  if (const json::Value* error = json::given(*event, "error")) {
    const std::string_view text = error->is_string() ? std::string_view(error->as_string()) : "the answer failed";
    error_ = base::Error(base::Code::kUnavailable, std::string(json::string_at(*error, "message").value_or(text)));
    return;
  }
  if (const auto model = json::string_at(*event, "model")) answer_.model = *model;
  if (const json::Value* retrieval = json::given(*event, "retrieval_context")) answer_.retrieval = *retrieval;
  (this->*take_)(*event);
}

void AnswerReader::add_text(std::string_view text) {
  answer_.text += text;
  if (!text.empty()) on_text_(text);
}

void AnswerReader::add_call_piece(size_t index, std::string_view name, std::string_view arguments) {
  if (index >= kMaxCalls) return;
  while (answer_.tool_calls.size() <= index) answer_.tool_calls.push_back(call_of("", ""));
  json::Object& call = answer_.tool_calls[index].as_object();
  call["name"].as_string() += name;
  call["arguments"].as_string() += arguments;
}

void AnswerReader::take_chat(const json::Value& chunk) {
  if (const json::Object* usage = json::object_at(chunk, "usage")) {
    answer_.prompt_tokens = json::int_at(*usage, "prompt_tokens");
    answer_.completion_tokens = json::int_at(*usage, "completion_tokens");
  }
  const json::Array* choices = json::array_at(chunk, "choices");
  if (choices == nullptr) return;
  for (const auto& choice : *choices) {
    if (json::int_at(choice, "index").value_or(0) != 0) continue;
    if (const auto reason = json::string_at(choice, "finish_reason")) answer_.finish_reason = *reason;
    const json::Object* delta = json::object_at(choice, "delta");
    if (delta == nullptr) continue;
    add_text(json::string_at(*delta, "content").value_or(""));
    const json::Array* calls = json::array_at(*delta, "tool_calls");
    if (calls == nullptr) continue;
    for (const auto& piece : *calls) {
      const json::Object* function = json::object_at(piece, "function");
      if (function == nullptr) continue;
      add_call_piece(static_cast<size_t>(std::max<int64_t>(0, json::int_at(piece, "index").value_or(0))),
                     json::string_at(*function, "name").value_or(""),
                     json::string_at(*function, "arguments").value_or(""));
    }
  }
}

void AnswerReader::take_messages(const json::Value& event) {
  const auto type = json::string_at(event, "type").value_or("");
  if (const json::Object* message = json::object_at(event, "message")) {
    answer_.model = json::string_at(*message, "model").value_or("");
    if (const json::Value* retrieval = json::given(*message, "retrieval_context")) answer_.retrieval = *retrieval;
    if (const json::Object* usage = json::object_at(*message, "usage")) answer_.prompt_tokens = input_tokens(*usage);
  }
  if (const json::Object* usage = json::object_at(event, "usage")) {
    if (const auto tokens = input_tokens(*usage)) answer_.prompt_tokens = tokens;
    answer_.completion_tokens = json::int_at(*usage, "output_tokens");
  }
  if (const json::Object* block = json::object_at(event, "content_block")) {
    if (json::string_at(*block, "type") == "tool_use")
      answer_.tool_calls.push_back(call_of(json::string_at(*block, "name").value_or(""), ""));
  }
  if (const json::Object* delta = json::object_at(event, "delta")) {
    add_text(json::string_at(*delta, "text").value_or(""));
    if (const auto piece = json::string_at(*delta, "partial_json"); piece && !answer_.tool_calls.empty())
      add_call_piece(answer_.tool_calls.size() - 1, "", *piece);
    if (const auto reason = json::string_at(*delta, "stop_reason")) answer_.finish_reason = finish_of(*reason);
  }
  if (type == "message_stop") done_ = true;
}

void AnswerReader::take_responses(const json::Value& event) {
  const auto type = json::string_at(event, "type").value_or("");
  if (type == "response.output_text.delta") add_text(json::string_at(event, "delta").value_or(""));
  const json::Value* response = json::find(event, "response");
  if (response == nullptr) return;
  if (const json::Object* error = json::object_at(*response, "error")) {
    error_ = base::Error(base::Code::kUnavailable,
                         std::string(json::string_at(*error, "message").value_or("the answer failed")));
  } else if (type == "response.completed" || type == "response.incomplete") {
    answer_.finish_reason = type == "response.incomplete" ? "length" : "stop";
    take_response(*response);
    done_ = true;
  }
}

void AnswerReader::take_response(const json::Value& response) {
  answer_.model = json::string_at(response, "model").value_or("");
  if (const json::Value* retrieval = json::given(response, "retrieval_context")) answer_.retrieval = *retrieval;
  if (const json::Object* usage = json::object_at(response, "usage")) {
    answer_.prompt_tokens = json::int_at(*usage, "input_tokens");
    answer_.completion_tokens = json::int_at(*usage, "output_tokens");
  }
  const json::Array* output = json::array_at(response, "output");
  if (output == nullptr) return;
  for (const auto& item : *output) {
    const auto name = json::string_at(item, "name").value_or("");
    // A custom tool's input is what the chat dialect has as the only argument of a function.
    if (const auto input = json::string_at(item, "input"))
      answer_.tool_calls.push_back(call_of(name, json::write(json::Object{{"input", *input}})));
    else if (const auto arguments = json::string_at(item, "arguments"))
      answer_.tool_calls.push_back(call_of(name, *arguments));
  }
  if (!answer_.tool_calls.empty()) answer_.finish_reason = "tool_calls";
}

void AnswerReader::take_ollama(const json::Value& line) {
  add_text(json::string_at(line, "response").value_or(""));
  if (const json::Object* message = json::object_at(line, "message")) {
    add_text(json::string_at(*message, "content").value_or(""));
    if (const json::Array* calls = json::array_at(*message, "tool_calls")) {
      for (const auto& call : *calls) {
        const json::Object* function = json::object_at(call, "function");
        if (function == nullptr) continue;
        const json::Value* arguments = json::find(*function, "arguments");
        answer_.tool_calls.push_back(call_of(json::string_at(*function, "name").value_or(""),
                                             arguments == nullptr ? "{}" : json::write(*arguments)));
      }
    }
  }
  if (!json::bool_at(line, "done").value_or(false)) return;
  done_ = true;
  answer_.finish_reason = json::string_at(line, "done_reason").value_or("stop");
  answer_.prompt_tokens = json::int_at(line, "prompt_eval_count");
  answer_.completion_tokens = json::int_at(line, "eval_count");
}

}  // namespace promethean::cli
