// Engine: one language model in this process's memory. The worker (worker_service.h) owns one; nobody else does.
//
//   auto engine = load_engine({.model_path = "model.gguf"});
//   auto prompt = (*engine)->render(messages);                     // by the chat template in the model file
//   auto done = (*engine)->generate(*prompt, options, stop, [&](AnswerPart part) { send(part.text); });
//
// Threads: generate() from one at a time, embed() from one at a time beside it; everything else from any at any time.
// What a generation computes does not depend on earlier ones: the same prompt, options and seed give the same text
// (on one machine, with one number of threads), whether or not a part of the prompt was still in the cache.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/context.h"
#include "base/error.h"
#include "json/json.h"

namespace promethean::llm::local {

using Token = int32_t;

struct EngineOptions {
  std::string model_path;  // a GGUF file
  int context_tokens = 0;  // 0: what the model was trained for, at most kDefaultContext
  int max_threads = 0;     // 0: as many processors as this process may use
};
inline constexpr int kDefaultContext = 8192;
inline constexpr int kEmbeddingContext = 2048;  // tokens of a text to embed; less when the model knows less

struct ModelInfo {
  std::string name;         // file name without ".gguf"
  std::string description;  // "llama 135M Q4_1"
  uint64_t parameters = 0;
  uint64_t bytes = 0;
  int context_tokens = 0;  // prompt and answer together
};

// What the whole text must look like.
struct AnswerForm {
  std::string grammar;     // GBNF; empty: any text
  bool calls = false;      // there may be tool calls (tool_calls.h); stop strings do not count in them
  bool free_text = false;  // and before the first of them any text
  int closing_tokens = 0;  // so many before the tokens run out, JSON takes the shortest way to its end; 0: never
};

// Added to a token's score before it is chosen by; kBan and less: it has no chance.
struct TokenBias {
  Token token = 0;
  double bias = 0;
};
inline constexpr double kBan = -100;

// What was asked for. Unset numbers mean the defaults, which are careful ones: a small model wanders when it is hot.
struct GenerateOptions {
  double temperature = 0.2;  // 0: always the likeliest token
  int top_k = 40;            // of the likeliest tokens; 0: of all, which takes longer to sort
  double top_p = 0.9;
  double min_p = 0;              // of the likeliest one's probability, at least
  double frequency_penalty = 0;  // as in OpenAI's dialect, -2 .. 2
  double presence_penalty = 0;
  double repeat_penalty = 1;          // divides the scores of what was said; 1: none
  std::vector<TokenBias> logit_bias;  // of tokens that the model has
  std::optional<int> top_logprobs;    // set: log probabilities are told, and of so many alternatives
  std::optional<uint32_t> seed;       // unset: a different one each time
  int max_tokens = 0;                 // 0: until the context is full
  std::vector<std::string> stop;      // the text ends before the first of these
  AnswerForm form;
};

enum class Finish {
  kStop,       // the model said so, or a stop string came
  kLength,     // max_tokens or the end of the context
  kCancelled,  // the stop flag was set
};

// A token with its natural log probability, as the model itself sees it: before biases, penalties, filters and
// grammars.
struct ScoredToken {
  std::string bytes;     // a character may be cut across tokens
  bool control = false;  // it says nothing: `bytes` are its name
  double logprob = 0;
};
struct TokenScore {
  ScoredToken chosen;
  std::vector<ScoredToken> top;  // the likeliest first
};

// What became certain of an answer: text, and the scores of the tokens that it was written with, when they were asked
// for. Over a whole answer the bytes of the tokens are those of the text.
struct AnswerPart {
  std::string text;  // whole characters
  std::vector<TokenScore> tokens;
  bool empty() const { return text.empty() && tokens.empty(); }
};

struct Generated {
  Finish finish = Finish::kStop;
  int prompt_tokens = 0;
  int cached_tokens = 0;  // of the prompt: not evaluated again
  int completion_tokens = 0;
  int tokens_after_stop = 0;  // decoded although the stop flag was set already; at most 1
  int threads = 0;            // used for the last token
  double prompt_seconds = 0;
  double decode_seconds = 0;
};

class Engine {
 public:
  // Never with an empty part; called on the generating thread.
  using OnPart = std::function<void(AnswerPart part)>;

  virtual ~Engine() = default;

  virtual const ModelInfo& info() const = 0;

  // Plain text: what looks like a control token in it is text.
  virtual std::vector<Token> tokenize(std::string_view text) const = 0;

  // Messages in OpenAI's dialect (role, content as text or text parts) -> the prompt, with the tools that the model may
  // call. Control tokens come from the template only; in a message they are text. A template that writes calls in
  // another form than tool_calls.h reads them in is not shown the tools: the system text says how to call them.
  // kInvalidArgument when the template refuses the messages.
  virtual base::Result<std::vector<Token>> render(const json::Array& messages, const json::Array& tools) const = 0;

  // Text that is no conversation -> the prompt, as the model was trained to see a text begin. Control tokens in it
  // count: whoever sends a bare prompt writes them on purpose.
  virtual std::vector<Token> bare_prompt(std::string_view text) const = 0;

  // What tokens say; control tokens say nothing. kInvalidArgument for one that the model does not have.
  virtual base::Result<std::string> text_of(std::span<const Token> tokens) const = 0;

  // How many tokens the model knows: they are numbered from 0.
  virtual Token vocabulary() const = 0;

  // kTooLarge when the prompt leaves no room for an answer, kInvalidArgument for a bad grammar, kInternal when the
  // engine failed on the way. `stop` is looked at before every token and inside the evaluation of the prompt.
  virtual base::Result<Generated> generate(std::span<const Token> prompt, const GenerateOptions& options,
                                           const async::StopFlag& stop, const OnPart& on_part) = 0;

  // The mean of what the model makes of each token, of length 1. Works in memory of its own that is taken at the first
  // call, and on half of the processors: answers go on beside it. kTooLarge over kEmbeddingContext tokens; kCancelled
  // when it was told to stop.
  virtual base::Result<std::vector<float>> embed(std::span<const Token> text, const async::StopFlag& stop) = 0;
};

// kNotFound / kPermissionDenied for the file, kInvalidArgument when it is no model we can run, kUnsupported when this
// program was built without a local model.
base::Result<std::unique_ptr<Engine>> load_engine(const EngineOptions& options);

}  // namespace promethean::llm::local
