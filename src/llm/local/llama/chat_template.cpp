#include "llm/local/llama/chat_template.h"

#include <common/jinja/caps.h>
#include <common/jinja/lexer.h>
#include <common/jinja/parser.h>
#include <common/jinja/runtime.h>
#include <common/jinja/value.h>

#include <exception>
#include <utility>

namespace promethean::llm::local {

namespace {

std::string token_text(const llama_vocab* vocab, llama_token token) {
  return token == LLAMA_TOKEN_NULL ? std::string() : llama_vocab_get_text(vocab, token);
}

jinja::value text_value(std::string_view text, bool from_message) {
  return jinja::mk_val<jinja::value_string>(jinja::string(std::string(text), from_message));
}

// The generic members of a message (tool_calls, name and the like) as the template sees them.
jinja::value to_jinja(const json::Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return jinja::mk_val<jinja::value_none>();
    case boost::json::kind::bool_:
      return jinja::mk_val<jinja::value_bool>(value.get_bool());
    case boost::json::kind::int64:
      return jinja::mk_val<jinja::value_int>(value.get_int64());
    case boost::json::kind::uint64:
      return jinja::mk_val<jinja::value_int>(static_cast<int64_t>(value.get_uint64()));
    case boost::json::kind::double_:
      return jinja::mk_val<jinja::value_float>(value.get_double());
    case boost::json::kind::string:
      return text_value(value.get_string(), true);
    case boost::json::kind::array: {
      auto array = jinja::mk_val<jinja::value_array>();
      for (const json::Value& item : value.get_array()) array->push_back(to_jinja(item));
      return array;
    }
    case boost::json::kind::object: {
      auto object = jinja::mk_val<jinja::value_object>();
      for (const auto& [key, item] : value.get_object()) object->insert(std::string(key), to_jinja(item));
      return object;
    }
  }
  return jinja::mk_val<jinja::value_none>();
}

// `content` is text, an array of text parts, or absent (an assistant message with tool calls).
base::Result<std::string> text_of(const json::Value& message) {
  const json::Value* content = json::find(message, "content");
  if (content == nullptr || content->is_null()) return std::string();
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

struct Turn {
  std::string role;
  std::string text;
  const json::Value* message;
};

base::Result<std::vector<Turn>> turns_of(const json::Array& messages) {
  std::vector<Turn> turns;
  for (const json::Value& message : messages) {
    auto text = text_of(message);
    if (!text) return base::fail(std::move(text).error());
    std::string role(json::string_at(message, "role").value_or(""));
    if (role.empty()) return base::fail(base::Code::kInvalidArgument, "a message has no role");
    if (role == "developer") role = "system";  // OpenAI's newer word for it; templates know the older one
    turns.push_back({std::move(role), *std::move(text), &message});
  }
  return turns;
}

// A template without a system role gets that text in front of the first message after it.
void fold_system(std::vector<Turn>& turns) {
  for (size_t i = 0; i + 1 < turns.size();) {
    if (turns[i].role != "system") {
      ++i;
      continue;
    }
    turns[i + 1].text = turns[i].text + "\n\n" + turns[i + 1].text;
    turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

jinja::value to_jinja(const Turn& turn) {
  auto object = jinja::mk_val<jinja::value_object>();
  object->insert("role", text_value(turn.role, false));
  object->insert("content", text_value(turn.text, true));
  for (const auto& [key, value] : turn.message->get_object()) {
    if (key != "role" && key != "content") object->insert(std::string(key), to_jinja(value));
  }
  return object;
}

}  // namespace

struct ChatTemplate::Program {
  jinja::program tree;
  jinja::caps caps;
  std::string source;
  std::string bos;
  std::string eos;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

base::Result<ChatTemplate> ChatTemplate::of_model(const llama_model* model) {
  const char* source = llama_model_chat_template(model, nullptr);
  if (source == nullptr) {
    return base::fail(base::Code::kUnsupported, "the model file has no chat template",
                      "use a model that was trained for chat (instruct)");
  }
  const llama_vocab* vocab = llama_model_get_vocab(model);
  try {
    auto program = std::make_unique<Program>();
    jinja::lexer lexer;
    const jinja::lexer_result tokens = lexer.tokenize(source);
    program->tree = jinja::parse_from_tokens(tokens);
    program->caps = jinja::caps_get(program->tree);
    program->source = tokens.source;
    program->bos = token_text(vocab, llama_vocab_bos(vocab));
    program->eos = token_text(vocab, llama_vocab_eos(vocab));
    return ChatTemplate(std::move(program));
  } catch (const std::exception& e) {
    return base::fail(base::Code::kInvalidArgument, std::string("the chat template of the model file: ") + e.what());
  }
}

base::Result<std::vector<ChatTemplate::Part>> ChatTemplate::render(const json::Array& messages) const {
  auto turns = turns_of(messages);
  if (!turns) return base::fail(std::move(turns).error());
  if (!program_->caps.supports_system_role) fold_system(*turns);
  try {
    auto list = jinja::mk_val<jinja::value_array>();
    for (const Turn& turn : *turns) list->push_back(to_jinja(turn));
    jinja::context context(program_->source);
    context.set_val("messages", list);
    context.set_val("bos_token", text_value(program_->bos, false));
    context.set_val("eos_token", text_value(program_->eos, false));
    context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
    jinja::runtime runtime(context);
    const jinja::value output = runtime.execute(program_->tree);
    std::vector<Part> parts;
    for (const auto& part : jinja::runtime::gather_string_parts(output)->val_str.parts) {
      parts.push_back({part.val, part.is_input});
    }
    return parts;
  } catch (const std::exception& e) {
    return base::fail(base::Code::kInvalidArgument,
                      std::string("the model's chat template refuses these messages: ") + e.what());
  }
}

}  // namespace promethean::llm::local
