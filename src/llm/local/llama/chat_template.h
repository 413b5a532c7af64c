// ChatTemplate: messages -> prompt, by the Jinja template that a GGUF file carries.
//
// What the template wrote and what came from a message stay apart, so that "<|im_end|>" inside a message is text and
// not the end of a turn. Threads: any; immutable once made.
#pragma once

#include <llama.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "json/json.h"

namespace promethean::llm::local {

class ChatTemplate {
 public:
  // A piece of the prompt. Control tokens are looked for in what the template wrote only.
  struct Part {
    std::string text;
    bool from_message = false;
  };

  // kUnsupported when the model has no template, kInvalidArgument when it cannot be parsed.
  static base::Result<ChatTemplate> of_model(const llama_model* model);
  // `control`: texts that are control tokens of the model.
  static base::Result<ChatTemplate> of_source(const std::string& source, std::string bos, std::string eos,
                                              std::vector<std::string> control);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Up to the point where the assistant begins to speak. kInvalidArgument when a message has a part other than text,
  // or the template refuses the sequence of roles.
  base::Result<std::vector<Part>> render(const json::Array& messages, const json::Array& tools) const;

  // It shows tools, and writes calls as tool_calls.h reads them. Else write_out_tools() does it.
  bool knows_tools() const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace promethean::llm::local
