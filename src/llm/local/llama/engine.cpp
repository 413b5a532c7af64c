// Engine on llama.cpp.
#include "llm/local/engine.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <mutex>

#include "async/runtime.h"
#include "llm/local/end_of_form.h"
#include "llm/local/free_cores.h"
#include "llm/local/llama/chat_template.h"
#include "llm/local/llama/embedder.h"
#include "llm/local/llama/handles.h"
#include "llm/local/llama/sampler.h"
#include "llm/local/scored_text.h"
#include "llm/local/token_scores.h"
#include "llm/local/tool_calls.h"

namespace promethean::llm::local {

namespace {

// A prompt is evaluated in pieces of this many tokens, cut at multiples of it. Whole pieces of the last prompt are
// reused: since a piece is always evaluated alone, the numbers are the same as if it had been evaluated again.
constexpr int kPiece = 64;

double seconds_since(base::SteadyTime start) {
  return std::chrono::duration<double>(base::steady_now() - start).count();
}

// llama.cpp explains failures in its log only. Warnings and errors go to stderr, which the server writes to its own
// log; what it says when an evaluation is broken off is left out: generate() reports that, and being told to stop is no
// failure.
void log_problem(ggml_log_level level, const char* text, void*) {
  if (level != GGML_LOG_LEVEL_ERROR && level != GGML_LOG_LEVEL_WARN) return;
  const std::string_view line(text);
  for (const std::string_view step : {"graph_compute:", "process_ubatch:", "decode: removing", "llama_decode:"}) {
    if (line.starts_with(step)) return;
  }
  std::fputs(text, stderr);
}

void start_backend() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(log_problem, nullptr);
    llama_backend_init();
  });
}

class LlamaEngine final : public Engine {
 public:
  LlamaEngine(ModelHandle model, ContextHandle context, ThreadPoolHandle threads, ChatTemplate chat, ModelInfo info,
              int max_threads)
      : model_(std::move(model)),
        threads_(std::move(threads)),
        context_(std::move(context)),
        vocab_(llama_model_get_vocab(model_.get())),
        chat_(std::move(chat)),
        info_(std::move(info)),
        cores_(max_threads),
        embedder_(model_.get(), std::max(1, max_threads / 2)) {
    llama_attach_threadpool(context_.get(), threads_.get(), nullptr);
    llama_set_abort_callback(context_.get(), &LlamaEngine::wants_abort, this);
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<Token> tokenize(std::string_view text) const override {
    std::vector<Token> tokens;
    append_tokens(vocab_, text, false, tokens);
    return tokens;
  }

  base::Result<std::vector<Token>> render(const json::Array& messages, const json::Array& tools) const override {
    auto parts = chat_.render(messages, tools);
    if (!parts) return base::fail(std::move(parts).error());
    std::vector<Token> tokens;
    for (const auto& part : *parts) append_tokens(vocab_, part.text, !part.from_message, tokens);
    begin_text(tokens);
    return tokens;
  }

  std::vector<Token> bare_prompt(std::string_view text) const override {
    std::vector<Token> tokens;
    append_tokens(vocab_, text, true, tokens);
    begin_text(tokens);
    return tokens;
  }

  base::Result<std::string> text_of(std::span<const Token> tokens) const override {
    std::string text;
    for (const Token token : tokens) {
      if (token < 0 || token >= vocabulary())
        return base::fail(base::Code::kInvalidArgument, "this model has no token " + std::to_string(token));
      text += token_bytes(vocab_, token);
    }
    return text;
  }

  Token vocabulary() const override { return llama_vocab_n_tokens(vocab_); }

  base::Result<Generated> generate(std::span<const Token> prompt, const GenerateOptions& options,
                                   const async::StopFlag& stop, const OnPart& on_part) override;

  base::Result<std::vector<float>> embed(std::span<const Token> text, const async::StopFlag& stop) override {
    return embedder_.embed(text, stop);
  }

 private:
  void begin_text(std::vector<Token>& tokens) const {
    const Token bos = llama_vocab_bos(vocab_);
    if (llama_vocab_get_add_bos(vocab_) && (tokens.empty() || tokens.front() != bos))
      tokens.insert(tokens.begin(), bos);
  }

  static bool wants_abort(void* self) {
    const auto* engine = static_cast<const LlamaEngine*>(self);
    return engine->stop_ != nullptr && engine->stop_->stopped();
  }

  base::Result<void> check_room(size_t prompt_tokens) const;
  int reuse(std::span<const Token> prompt);
  base::Result<bool> evaluate_prompt(std::span<const Token> prompt, int from);
  base::Result<void> answer(Sampler& sampler, const GenerateOptions& options, const OnPart& on_part, Generated& done);
  std::optional<TokenScore> score_of(const float* scores, Token chosen, std::optional<int> top) const;
  int decode(const Token* tokens, int count);
  void forget_from(int position);

  ModelHandle model_;
  ThreadPoolHandle threads_;  // outlives the context it is attached to
  ContextHandle context_;
  const llama_vocab* vocab_;
  ChatTemplate chat_;
  ModelInfo info_;
  FreeCores cores_;
  Embedder embedder_;
  std::vector<Token> evaluated_;           // whole pieces in the context's memory, from position 0
  std::vector<Token> prompt_;              // the last one, when all of it is in the memory
  std::vector<float> prompt_scores_;       // of what comes after it
  const async::StopFlag* stop_ = nullptr;  // of the running generation
};

base::Result<Generated> LlamaEngine::generate(std::span<const Token> prompt, const GenerateOptions& options,
                                              const async::StopFlag& stop, const OnPart& on_part) {
  if (auto fits = check_room(prompt.size()); !fits) return base::fail(std::move(fits).error());
  auto sampler = Sampler::make(vocab_, options);
  if (!sampler) return base::fail(std::move(sampler).error());

  Generated done;
  done.prompt_tokens = static_cast<int>(prompt.size());
  stop_ = &stop;
  try {
    const auto start = base::steady_now();
    cores_.begin();
    done.cached_tokens = reuse(prompt);
    const auto whole = evaluate_prompt(prompt, done.cached_tokens);
    done.prompt_seconds = seconds_since(start);
    if (!whole) return base::fail(whole.error());
    if (!*whole) {
      done.finish = Finish::kCancelled;
      return done;
    }
    if (auto answered = answer(*sampler, options, on_part, done); !answered)
      return base::fail(std::move(answered).error());
    done.decode_seconds = seconds_since(start) - done.prompt_seconds;
    return done;
  } catch (const std::exception& e) {  // grammar samplers throw
    return base::fail(base::Code::kInternal, std::string("the model's engine failed: ") + e.what());
  }
}

base::Result<void> LlamaEngine::check_room(size_t prompt_tokens) const {
  if (prompt_tokens == 0) return base::fail(base::Code::kInvalidArgument, "the prompt is empty");
  if (prompt_tokens < static_cast<size_t>(info_.context_tokens)) return {};
  return base::fail(base::Code::kTooLarge,
                    "the prompt has " + std::to_string(prompt_tokens) + " tokens; this model takes " +
                        std::to_string(info_.context_tokens) + ", the answer included",
                    "shorten the conversation, or choose a model with a larger context");
}

// Keeps the pieces that `prompt` shares with the last one; the last token is evaluated for its scores, unless it is the
// same prompt again, as for the second choice of a request.
int LlamaEngine::reuse(std::span<const Token> prompt) {
  if (std::ranges::equal(prompt, prompt_)) {
    const auto size = static_cast<int>(prompt.size());
    if (llama_memory_seq_rm(llama_get_memory(context_.get()), 0, size, -1)) return size;
  }
  const auto [mine, theirs] = std::mismatch(evaluated_.begin(), evaluated_.end(), prompt.begin(), prompt.end() - 1);
  const auto shared = static_cast<int>(mine - evaluated_.begin());
  const int kept = shared / kPiece * kPiece;
  forget_from(kept);
  return static_cast<int>(evaluated_.size());
}

void LlamaEngine::forget_from(int position) {
  const llama_memory_t memory = llama_get_memory(context_.get());
  prompt_.clear();
  evaluated_.resize(std::min(evaluated_.size(), static_cast<size_t>(position)));
  if (llama_memory_seq_rm(memory, 0, static_cast<llama_pos>(evaluated_.size()), -1)) return;
  // A recurrent model cannot forget a part.
  llama_memory_clear(memory, true);
  evaluated_.clear();
}

// False when it was told to stop.
base::Result<bool> LlamaEngine::evaluate_prompt(std::span<const Token> prompt, int from) {
  const auto total = static_cast<int>(prompt.size());
  for (int at = from; at < total; at += kPiece) {
    if (stop_->stopped()) return false;
    const int count = std::min(kPiece, total - at);
    const int status = decode(prompt.data() + at, count);
    if (status != 0) {
      forget_from(at);
      if (status == 2 && stop_->stopped()) return false;
      return base::fail(base::Code::kInternal,
                        "the model's engine failed on the prompt with status " + std::to_string(status));
    }
    if (count == kPiece) evaluated_.insert(evaluated_.end(), prompt.begin() + at, prompt.begin() + at + count);
  }
  if (from < total) {
    const float* scores = llama_get_logits_ith(context_.get(), -1);
    prompt_scores_.assign(scores, scores + vocabulary());
    prompt_.assign(prompt.begin(), prompt.end());
  }
  return true;
}

// Nullopt when nobody asked.
std::optional<TokenScore> LlamaEngine::score_of(const float* scores, Token chosen, std::optional<int> top) const {
  if (!top) return std::nullopt;
  const auto count = static_cast<size_t>(vocabulary());
  const TokenLikelihoods likely = likelihoods_of({scores, count}, chosen, static_cast<size_t>(*top));
  const auto told = [this](Token token, double logprob) {
    const bool control = llama_vocab_is_control(vocab_, token);
    return ScoredToken{control ? token_name(vocab_, token) : token_bytes(vocab_, token), control, logprob};
  };
  TokenScore score{.chosen = told(chosen, likely.chosen), .top = {}};
  for (const auto& [token, logprob] : likely.top) score.top.push_back(told(token, logprob));
  return score;
}

base::Result<void> LlamaEngine::answer(Sampler& sampler, const GenerateOptions& options, const OnPart& on_part,
                                       Generated& done) {
  const int room = info_.context_tokens - done.prompt_tokens;
  const int most = options.max_tokens > 0 ? std::min(options.max_tokens, room) : room;
  ScoredText text(options.stop, options.form.calls ? kCallBegin : std::string_view());
  EndOfForm end(options.form, most);
  done.finish = Finish::kLength;
  const float* scores = prompt_scores_.data();
  while (done.completion_tokens < most) {
    const bool closing = end.due(done.completion_tokens, text.in_call());
    const Token token = sampler.next(scores, closing, end.in_string());
    ++done.completion_tokens;
    if (llama_vocab_is_eog(vocab_, token)) {
      if (!end.cut()) done.finish = Finish::kStop;
      break;
    }
    const std::string bytes = token_bytes(vocab_, token);
    end.take(token, bytes, text.in_call());
    AnswerPart part = text.push(bytes, score_of(scores, token, options.top_logprobs));
    if (!part.empty()) on_part(std::move(part));
    if (text.stopped()) {
      done.finish = Finish::kStop;
      return {};
    }
    if (done.completion_tokens == most) break;
    if (stop_->stopped()) {
      done.finish = Finish::kCancelled;
      return {};
    }
    const int status = decode(&token, 1);
    if (stop_->stopped()) {
      done.tokens_after_stop = status == 0 ? 1 : 0;
      done.finish = Finish::kCancelled;
      return {};
    }
    if (status != 0) {
      return base::fail(base::Code::kInternal, "the model's engine failed with status " + std::to_string(status));
    }
    scores = llama_get_logits_ith(context_.get(), -1);
  }
  done.threads = cores_.now();
  if (AnswerPart rest = text.finish(); !rest.empty()) on_part(std::move(rest));
  return {};
}

int LlamaEngine::decode(const Token* tokens, int count) {
  const int threads = cores_.now();
  llama_set_n_threads(context_.get(), threads, threads);
  // llama_batch_get_one takes a pointer to non-const and only reads it.
  return llama_decode(context_.get(), llama_batch_get_one(const_cast<Token*>(tokens), count));
}

base::Result<ModelHandle> load_model(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) {
    const base::Error why = base::errno_error(errno, "model file " + path);
    return base::fail(why.with_hint("scripts/fetch-assets gets the default model; --model PATH takes any GGUF file"));
  }
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  ModelHandle model(llama_model_load_from_file(path.c_str(), params));
  if (!model) {
    return base::fail(base::Code::kInvalidArgument, "model file " + path + ": this is no GGUF model that can be run",
                      "the lines before this one say why");
  }
  return model;
}

ContextHandle make_context(llama_model* model, int tokens, int threads) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(tokens);
  params.n_batch = kPiece;
  params.n_ubatch = kPiece;
  params.n_threads = threads;
  params.n_threads_batch = threads;
  params.no_perf = true;
  return ContextHandle(llama_init_from_model(model, params));
}

ModelInfo describe(const llama_model* model, const std::string& path, int context_tokens) {
  ModelInfo info;
  info.name = std::filesystem::path(path).stem().string();
  char text[128] = {};
  llama_model_desc(model, text, sizeof(text));
  info.description = text;
  info.parameters = llama_model_n_params(model);
  info.bytes = llama_model_size(model);
  info.context_tokens = context_tokens;
  return info;
}

}  // namespace

base::Result<std::unique_ptr<Engine>> load_engine(const EngineOptions& options) {
  start_backend();
  auto model = load_model(options.model_path);
  if (!model) return base::fail(std::move(model).error());
  auto chat = ChatTemplate::of_model(model->get());
  if (!chat) return base::fail(std::move(chat).error());

  const int trained = llama_model_n_ctx_train(model->get());
  const int wanted = options.context_tokens > 0 ? options.context_tokens : kDefaultContext;
  const int max_threads = options.max_threads > 0 ? options.max_threads : async::available_cores();
  ContextHandle context = make_context(model->get(), std::min(wanted, trained), max_threads);
  ggml_threadpool_params pool = ggml_threadpool_params_default(max_threads);
  pool.poll = 0;  // else a thread that has nothing to do spins, and takes the processor from the one that has
  ThreadPoolHandle threads(ggml_threadpool_new(&pool));
  if (!context || !threads) {
    return base::fail(base::Code::kUnavailable,
                      "not enough memory for a context of " + std::to_string(wanted) + " tokens",
                      "ask for a smaller one with --context");
  }
  ModelInfo info = describe(model->get(), options.model_path, static_cast<int>(llama_n_ctx(context.get())));
  return std::make_unique<LlamaEngine>(*std::move(model), std::move(context), std::move(threads), *std::move(chat),
                                       std::move(info), max_threads);
}

}  // namespace promethean::llm::local
