// Chat, as the rooms above see it: a request in OpenAI's dialect goes to a Backend, deltas come back.
//
//   auto stream = co_await backend.chat(ctx, body);            // fails before the first token: an ordinary Error
//   for (;;) {
//     auto delta = co_await (*stream)->next(ctx);               // fails later: an Error too, never a clean end
//     if (!delta) ...                                           // say so in-band, then break off
//     if (!*delta) break;                                       // the model said it had finished
//   }
//
// Source of the dialect: OpenAI API reference, "Create chat completion" and "The chat completion chunk object".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/context.h"
#include "json/json.h"
#include "llm/choices.h"
#include "llm/compatibility.h"

namespace promethean::llm {

using async::Context;
using async::Task;

struct Usage {
  int64_t prompt_tokens = 0;  // all of them, cached ones too
  int64_t completion_tokens = 0;
  int64_t cached_tokens = 0;     // of the prompt; read from the backend's cache
  int64_t reasoning_tokens = 0;  // of the completion
  json::Object to_json() const;  // OpenAI's chat usage object
};

// A piece of one tool call. The first piece of a call has its id and name; `arguments` are pieces of one JSON text.
struct ToolCallPiece {
  int64_t index = 0;  // which call of the message, from 0
  std::string id;
  std::string name;
  std::string arguments;
};

// What one chunk of a stream added. `choices` is the chunk's array in OpenAI's form, as a client of the chat dialect
// gets it; the members before it say the same of choice 0, for those who translate into another dialect.
struct Delta {
  std::string content;
  std::string reasoning;
  std::string refusal;
  std::vector<ToolCallPiece> tool_calls;
  std::string finish_reason;  // stop, length, tool_calls, content_filter; empty while it goes on
  bool is_plain = false;      // `content` or `finish_reason`, of choice 0, is all that `choices` says
  Choices choices;
  std::optional<Usage> usage;
};

// Deltas of one answer. Destroying it early stops the backend.
class ChatStream {
 public:
  virtual ~ChatStream() = default;
  // nullopt after the backend's proper end only. kUnavailable when the backend broke off or reported an error.
  virtual Task<base::Result<std::optional<Delta>>> next(Context& ctx) = 0;
  // True: next() gives a delta or an error without waiting.
  virtual bool is_ready() const { return false; }
};

struct Embeddings {
  std::vector<std::vector<double>> vectors;  // one for each input, in their order
  int64_t prompt_tokens = 0;
};

// Somebody who answers chats, and may complete prompts and embed texts, too. Threads: any core.
class Backend {
 public:
  virtual ~Backend() = default;

  // Which column of the compatibility table it follows.
  virtual Kind kind() const = 0;

  // `request` is a validated body of the chat dialect; `model` in it is replaced by the backend's own name, and the
  // answer is always streamed. Unless it says `stream`, text that arrives together may come as one delta. Fails before
  // the first token with kUnavailable, kRateLimited, kInvalidArgument (the backend refused the request), kTooLarge (the
  // prompt does not fit), kNotFound (it has no such model) or kPermissionDenied (it refused our credential).
  virtual Task<base::Result<std::unique_ptr<ChatStream>>> chat(Context& ctx, const json::Object& request) = 0;

  // `request` is in OpenAI's legacy completions dialect, with one prompt: a text or an array of tokens. As chat, but
  // the deltas' choices have that dialect's form (text, index, logprobs, finish_reason). A backend that has no such
  // thing refuses with kInvalidArgument about "prompt".
  virtual Task<base::Result<std::unique_ptr<ChatStream>>> complete(Context& ctx, const json::Object& request);

  // `request` is in OpenAI's embeddings dialect, `input` an array of texts or of arrays of tokens. Errors as chat;
  // kInvalidArgument about "input" from a backend that cannot.
  virtual Task<base::Result<Embeddings>> embed(Context& ctx, const json::Object& request);

  // What the backend says of its model, as Ollama's /api/show has it (details, model_info, capabilities, ...); empty
  // from a backend that has no such thing. Errors as embed.
  virtual Task<base::Result<json::Object>> describe(Context& ctx);

  // Tokens of a text by the backend's tokenizer; an estimate from above where it has none that can be asked.
  virtual Task<base::Result<int64_t>> count_tokens(Context& ctx, std::string text);

  // Changes whenever the process behind this backend was replaced; 0 while none has been started, or when that is not
  // ours.
  virtual uint64_t incarnation() const { return 0; }
};

// What was added to a prompt, told with its answer. It grows while the answer is read: whole once the stream has ended.
// Null when retrieval was off.
using RetrievalContext = std::shared_ptr<const json::Object>;

// One answer put together from its deltas, for clients that do not stream.
struct Answer {
  json::Array choices;  // chat completion choices: index, message, finish_reason
  Usage usage;
};
Task<base::Result<Answer>> collect(Context& ctx, ChatStream& stream);

// The same, delta by delta, for those who look on while the answer goes elsewhere.
class AnswerBuilder {
 public:
  AnswerBuilder();
  ~AnswerBuilder();
  void add(const Delta& delta);
  Answer answer() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The choices array of a chunk that says what `delta` says of choice 0: for backends of another dialect. The first one
// of an answer says whose it is, too.
json::Array chunk_choices(const Delta& delta, bool first);

// The same in the form of the legacy completions.
json::Array text_choices(const Delta& delta);

// An id for a tool call whose backend gave none: "call_" and 24 hex digits.
std::string new_call_id();

// ceil(bytes / 3): more than any common tokenizer makes of code or prose.
int64_t estimate_tokens(std::string_view text);

}  // namespace promethean::llm
