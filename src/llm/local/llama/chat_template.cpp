#include "llm/local/llama/chat_template.h"

#include <common/jinja/caps.h>
#include <common/jinja/lexer.h>
#include <common/jinja/parser.h>
#include <common/jinja/runtime.h>
#include <common/jinja/value.h>

#include <exception>
#include <utility>

#include "llm/local/prompt_turns.h"
#include "llm/local/tool_calls.h"

namespace promethean::llm::local {

namespace {

std::string token_text(const llama_vocab* vocab, llama_token token) {
  return token == LLAMA_TOKEN_NULL ? std::string() : llama_vocab_get_text(vocab, token);
}

jinja::value text_value(std::string_view text, bool from_message) {
  return jinja::mk_val<jinja::value_string>(jinja::string(std::string(text), from_message));
}

// What templates write with tojson comes out as their own text, in which control tokens count: so a value that is
// written that way must not have any. A word joiner in it breaks one, and shows nothing.
std::string defused(std::string text, const std::vector<std::string>& control) {
  for (const std::string& token : control) {
    for (size_t at = text.find(token); at != std::string::npos; at = text.find(token, at + token.size()))
      text.insert(at + 1, "\u2060");
  }
  return text;
}

// Values other than a message's text, as the template sees them.
jinja::value to_jinja(const json::Value& value, const std::vector<std::string>& control) {
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
      return text_value(defused(std::string(value.get_string()), control), true);
    case boost::json::kind::array: {
      auto array = jinja::mk_val<jinja::value_array>();
      for (const json::Value& item : value.get_array()) array->push_back(to_jinja(item, control));
      return array;
    }
    case boost::json::kind::object: {
      auto object = jinja::mk_val<jinja::value_object>();
      for (const auto& [key, item] : value.get_object())
        object->insert(defused(std::string(key), control), to_jinja(item, control));
      return object;
    }
  }
  return jinja::mk_val<jinja::value_none>();
}

jinja::value to_jinja(const PromptTurn& turn, const std::vector<std::string>& control) {
  auto object = jinja::mk_val<jinja::value_object>();
  object->insert("role", text_value(turn.role, false));
  object->insert("content", text_value(turn.text, true));
  for (const auto& [key, value] : turn.others) object->insert(std::string(key), to_jinja(value, control));
  return object;
}

// What a model with tools is shown of one call, to see how its template writes it.
constexpr std::string_view kProbeMessages = R"([{"role": "user", "content": "a"},
  {"role": "assistant", "content": "", "tool_calls": [{"id": "call00001", "type": "function",
    "function": {"name": "probe_name", "arguments": {"probe_key": "probe_value"}}}]},
  {"role": "tool", "tool_call_id": "call00001", "content": "probe_answer"}, {"role": "user", "content": "b"}])";
constexpr std::string_view kProbeTools = R"([{"type": "function", "function": {"name": "probe_tool",
  "description": "probe_description", "parameters": {"type": "object", "properties": {}}}}])";

}  // namespace

struct ChatTemplate::Program {
  jinja::program tree;
  jinja::caps caps;
  std::string source;
  std::string bos;
  std::string eos;
  std::vector<std::string> control;
  bool knows_tools = false;

  std::vector<Part> run(const std::vector<PromptTurn>& turns, const json::Array& tools) const;  // throws
  bool writes_calls() const;
};

std::vector<ChatTemplate::Part> ChatTemplate::Program::run(const std::vector<PromptTurn>& turns,
                                                           const json::Array& tools) const {
  auto list = jinja::mk_val<jinja::value_array>();
  for (const PromptTurn& turn : turns) list->push_back(to_jinja(turn, control));
  jinja::context context(source);
  context.set_val("messages", list);
  if (!tools.empty()) context.set_val("tools", to_jinja(tools, control));
  context.set_val("bos_token", text_value(bos, false));
  context.set_val("eos_token", text_value(eos, false));
  context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
  jinja::runtime runtime(context);
  const jinja::value output = runtime.execute(tree);
  std::vector<Part> parts;
  for (const auto& part : jinja::runtime::gather_string_parts(output)->val_str.parts)
    parts.push_back({part.val, part.is_input});
  return parts;
}

bool ChatTemplate::Program::writes_calls() const {
  try {
    const auto turns = turns_of(json::parse(kProbeMessages)->as_array());
    std::string text;
    for (const Part& part : run(*turns, json::parse(kProbeTools)->as_array())) text += part.text;
    const bool shows = text.find("probe_description") != std::string::npos;
    return shows && text.find(written_call("probe_name", R"({"probe_key": "probe_value"})")) != std::string::npos &&
           text.find("probe_answer") != std::string::npos;
  } catch (const std::exception&) {
    return false;
  }
}

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
  std::vector<std::string> control;
  for (llama_token token = 0; token < llama_vocab_n_tokens(vocab); ++token) {
    // A text of one character would be everywhere.
    if (std::string text = token_text(vocab, token); llama_vocab_is_control(vocab, token) && text.size() > 1)
      control.push_back(std::move(text));
  }
  return of_source(source, token_text(vocab, llama_vocab_bos(vocab)), token_text(vocab, llama_vocab_eos(vocab)),
                   std::move(control));
}

base::Result<ChatTemplate> ChatTemplate::of_source(const std::string& source, std::string bos, std::string eos,
                                                   std::vector<std::string> control) {
  try {
    auto program = std::make_unique<Program>();
    jinja::lexer lexer;
    const jinja::lexer_result tokens = lexer.tokenize(source);
    program->tree = jinja::parse_from_tokens(tokens);
    program->caps = jinja::caps_get(program->tree);
    program->source = tokens.source;
    program->bos = std::move(bos);
    program->eos = std::move(eos);
    program->control = std::move(control);
    program->knows_tools = program->writes_calls();
    return ChatTemplate(std::move(program));
  } catch (const std::exception& e) {
    return base::fail(base::Code::kInvalidArgument, std::string("the chat template of the model file: ") + e.what());
  }
}

bool ChatTemplate::knows_tools() const {
  return program_->knows_tools;
}

base::Result<std::vector<ChatTemplate::Part>> ChatTemplate::render(const json::Array& messages,
                                                                   const json::Array& tools) const {
  auto turns = turns_of(messages);
  if (!turns) return base::fail(std::move(turns).error());
  if (!knows_tools()) write_out_tools(*turns, tools);
  if (!program_->caps.supports_system_role) fold_system(*turns);
  for (PromptTurn& turn : *turns) turn.others = with_parsed_arguments(std::move(turn.others));
  try {
    return program_->run(*turns, knows_tools() ? tools : json::Array());
  } catch (const std::exception& e) {
    return base::fail(base::Code::kInvalidArgument,
                      std::string("the model's chat template refuses these messages: ") + e.what());
  }
}

}  // namespace promethean::llm::local
