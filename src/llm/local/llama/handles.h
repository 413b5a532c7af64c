// Owners for llama.cpp's objects, and the few calls on a vocabulary that need a buffer.
#pragma once

#include <ggml-cpu.h>
#include <llama.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace promethean::llm::local {

template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using ModelHandle = std::unique_ptr<llama_model, FreeWith<llama_model_free>>;
using ContextHandle = std::unique_ptr<llama_context, FreeWith<llama_free>>;
using SamplerHandle = std::unique_ptr<llama_sampler, FreeWith<llama_sampler_free>>;
using ThreadPoolHandle = std::unique_ptr<ggml_threadpool, FreeWith<ggml_threadpool_free>>;

// `control`: what looks like a control token in the text is one.
void append_tokens(const llama_vocab* vocab, std::string_view text, bool control, std::vector<llama_token>& tokens);

// The bytes of a token; control tokens give none.
std::string token_bytes(const llama_vocab* vocab, llama_token token);

// The same, but control tokens give what they are called: "<|im_end|>".
std::string token_name(const llama_vocab* vocab, llama_token token);

}  // namespace promethean::llm::local
