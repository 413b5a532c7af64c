// Tool calls of a model that has to be held to them: which tools a request offers, the grammar of an answer that calls
// them, and reading such an answer while it comes.
//
// In the model's text a call is, whatever the model was trained on,
//   <tool_call>\n{"name": "NAME", "arguments": {...}}\n</tool_call>
// which is what Qwen, Hermes and SmolLM write; others are told (render() in engine.h). Several calls stand on lines of
// their own. The grammar holds every character of them, so a call names an offered tool and its arguments satisfy the
// tool's schema. Source: OpenAI API reference, "Create chat completion": tools, tool_choice, parallel_tool_calls.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "llm/local/engine.h"

namespace promethean::llm::local {

inline constexpr std::string_view kCallBegin = "<tool_call>";
inline constexpr std::string_view kCallEnd = "\n</tool_call>";
inline constexpr size_t kMaxTools = 128;
inline constexpr size_t kMaxCalls = 8;  // of one answer, when several are asked for

struct ToolUse {
  json::Array tools;          // {"type": "function", "function": {...}}: those that may be called
  std::vector<size_t> index;  // of each in the request, for errors
  bool required = false;      // the answer is a call, not text
  bool named = false;         // of this one tool
  size_t most = 1;            // calls; small models repeat theirs where they may
};

// `body` satisfies kChatRequestSchema. kInvalidArgument for a choice that names no tool, two tools of one name, or a
// name OpenAI does not allow. Tools of other types than function are left out.
base::Result<ToolUse> tool_use_of(const json::Value& body);

// What an answer looks like: a value of `schema`, or calls of `use`, or either; any text where both say nothing.
// kInvalidArgument about the part of the request whose schema cannot be followed.
base::Result<AnswerForm> answer_form(const ToolUse& use, const json::Value* schema);

// A call as it stands in the model's text. `arguments` is JSON.
std::string written_call(std::string_view name, std::string_view arguments);

// CallReader: the text of an answer, piece by piece, taken apart into text and calls.
class CallReader {
 public:
  struct Piece {
    std::string text;  // or a piece of a call:
    bool is_call = false;
    size_t index = 0;       // which
    std::string name;       // in its first piece only
    std::string arguments;  // more of them
  };
  // kCallBegin is never cut in two (TextStream sees to it).
  std::vector<Piece> push(std::string_view text);
  size_t calls() const { return calls_; }

 private:
  void read_call(std::string_view& text, std::vector<Piece>& pieces);

  enum class Place { kText, kHead, kArguments, kTail };
  Place place_ = Place::kText;
  std::string head_;  // of a call, until its name is known
  size_t calls_ = 0;
  int depth_ = 0;  // of brackets in the arguments
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace promethean::llm::local
