#include "llm/local/llama/embedder.h"

#include <algorithm>
#include <cmath>

namespace promethean::llm::local {

namespace {

constexpr int kStep = 64;  // tokens evaluated at once; between two of them it can be told to stop

std::vector<float> of_length_one(const std::vector<double>& sum) {
  double squares = 0;
  for (const double number : sum) squares += number * number;
  const double length = squares > 0 ? std::sqrt(squares) : 1;
  std::vector<float> out;
  out.reserve(sum.size());
  for (const double number : sum) out.push_back(static_cast<float>(number / length));
  return out;
}

}  // namespace

base::Result<void> Embedder::open() {
  if (context_) return {};
  const int tokens = std::min(kEmbeddingContext, llama_model_n_ctx_train(model_));
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(tokens);
  params.n_batch = kStep;
  params.n_ubatch = kStep;
  params.n_threads = threads_;
  params.n_threads_batch = threads_;
  params.embeddings = true;
  // The mean is taken here: llama.cpp takes it of one piece only.
  params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  params.no_perf = true;
  context_.reset(llama_init_from_model(model_, params));
  if (!context_) return base::fail(base::Code::kUnavailable, "not enough memory for embeddings", "try again later");
  return {};
}

base::Result<std::vector<float>> Embedder::embed(std::span<const Token> text, const async::StopFlag& stop) {
  if (text.empty()) return base::fail(base::Code::kInvalidArgument, "there is no text to embed");
  if (auto opened = open(); !opened) return base::fail(std::move(opened).error());
  if (text.size() > llama_n_ctx(context_.get())) {
    return base::fail(base::Code::kTooLarge,
                      "a text has " + std::to_string(text.size()) + " tokens; this model embeds at most " +
                          std::to_string(llama_n_ctx(context_.get())),
                      "cut it into parts");
  }
  llama_memory_clear(llama_get_memory(context_.get()), true);
  std::vector<double> sum(static_cast<size_t>(llama_model_n_embd_out(model_)));
  for (size_t at = 0; at < text.size(); at += kStep) {
    if (stop.stopped()) return base::fail(base::Code::kCancelled, "the request was cancelled");
    const auto piece = text.subspan(at, std::min<size_t>(kStep, text.size() - at));
    if (auto added = add_piece(piece, sum); !added) return base::fail(std::move(added).error());
  }
  return of_length_one(sum);
}

base::Result<void> Embedder::add_piece(std::span<const Token> piece, std::vector<double>& sum) {
  // llama_batch_get_one takes a pointer to non-const and only reads it.
  const auto batch = llama_batch_get_one(const_cast<Token*>(piece.data()), static_cast<int32_t>(piece.size()));
  if (const int status = llama_decode(context_.get(), batch); status != 0) {
    return base::fail(base::Code::kInternal,
                      "the model's engine failed on a text with status " + std::to_string(status));
  }
  for (size_t i = 0; i < piece.size(); ++i) {
    const float* state = llama_get_embeddings_ith(context_.get(), static_cast<int32_t>(i));
    if (state == nullptr) return base::fail(base::Code::kInternal, "the model's engine gave no embedding");
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += static_cast<double>(state[k]);
  }
  return {};
}

}  // namespace promethean::llm::local
