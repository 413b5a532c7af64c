#include "llm/completion.h"

#include <algorithm>
#include <map>

namespace promethean::llm {

const std::string_view kCompletionRequestSchema = R"({
  "type": "object",
  "examples": [{"prompt": "Once upon a time", "max_tokens": 32}],
  "required": ["prompt"],
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "prompt": {"type": ["string", "array"], "items": {}},
    "suffix": {"type": ["string", "null"]},
    "max_tokens": {"type": ["integer", "null"], "minimum": 0},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
    "best_of": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
    "stream": {"type": ["boolean", "null"]},
    "stream_options": {"type": ["object", "null"], "properties": {"include_usage": {"type": ["boolean", "null"]}}},
    "logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "echo": {"type": ["boolean", "null"]},
    "stop": {"type": ["string", "array", "null"], "maxItems": 16, "items": {"type": "string"}},
    "seed": {"type": ["integer", "null"]},
    "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "logit_bias": {"type": ["object", "null"], "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100}},
    "user": {"type": ["string", "null"]},
    "grammar": {"type": ["string", "null"], "maxLength": 65536},
    "top_k": {"type": ["integer", "null"]},
    "min_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "repeat_penalty": {"type": ["number", "null"], "minimum": 0}
  }
})";

const std::string_view kEmbeddingRequestSchema = R"({
  "type": "object",
  "examples": [{"input": ["a text", "another"]}],
  "required": ["input"],
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "input": {"type": ["string", "array"], "items": {}},
    "encoding_format": {"enum": ["float", "base64", null]},
    "dimensions": {"type": ["integer", "null"], "minimum": 1},
    "user": {"type": ["string", "null"]}
  }
})";

namespace {

bool is_tokens(const json::Value& value) {
  return value.is_array() && !value.as_array().empty() &&
         std::ranges::all_of(value.as_array(), [](const json::Value& token) {
           const int64_t* number = token.if_int64();
           return number != nullptr && *number >= 0;
         });
}

class PromptsStream final : public ChatStream {
 public:
  // `prompts` left to be asked after the one that `first` answers. `model` outlives the stream.
  PromptsStream(std::unique_ptr<ChatStream> first, const Model& model, json::Object body, json::Array prompts,
                std::string caller)
      : stream_(std::move(first)),
        model_(model),
        body_(std::move(body)),
        prompts_(std::move(prompts)),
        caller_(std::move(caller)),
        choices_(json::int_at(body_, "n").value_or(1)) {}

  Task<base::Result<std::optional<Delta>>> next(Context& ctx) override {
    for (;;) {
      if (stream_ == nullptr) {
        if (at_ + 1 == prompts_.size()) co_return std::optional<Delta>();
        body_["prompt"] = prompts_[++at_];
        auto stream = co_await ask(ctx, model_, body_, caller_, Endpoint::kCompletions);
        if (!stream) co_return base::fail(std::move(stream).error());
        stream_ = std::move(*stream);
      }
      auto delta = co_await stream_->next(ctx);
      if (!delta) co_return base::fail(std::move(delta).error());
      if (*delta) {
        fit(**delta);
        co_return delta;
      }
      stream_.reset();  // its place is free before the next prompt asks for one
      before_ = total_;
    }
  }

 private:
  // Makes the delta of one prompt's answer a delta of all.
  void fit(Delta& delta) {
    if (delta.usage) {
      total_ = before_;
      total_.prompt_tokens += delta.usage->prompt_tokens;
      total_.completion_tokens += delta.usage->completion_tokens;
      total_.cached_tokens += delta.usage->cached_tokens;
      total_.reasoning_tokens += delta.usage->reasoning_tokens;
      delta.usage = total_;
    }
    if (at_ + 1 < prompts_.size()) delta.finish_reason.clear();  // of the whole
    if (at_ == 0) return;
    for (auto& choice : delta.choices) {
      const int64_t index = json::int_at(choice, "index").value_or(0);
      if (json::Object* object = choice.if_object()) (*object)["index"] = index + static_cast<int64_t>(at_) * choices_;
    }
  }

  std::unique_ptr<ChatStream> stream_;  // null between two prompts
  const Model& model_;
  json::Object body_;
  json::Array prompts_;
  std::string caller_;
  int64_t choices_;  // of each prompt
  size_t at_ = 0;    // which prompt is being answered
  Usage before_;     // of the prompts before it
  Usage total_;
};

// {"tokens":[…],"token_logprobs":[…],"top_logprobs":[…],"text_offset":[…]}: pieces join member by member.
void join_logprobs(json::Value& whole, const json::Value& piece) {
  if (!piece.is_object()) return;
  if (!whole.is_object()) {
    whole = piece;
    return;
  }
  for (const auto& [key, value] : piece.as_object()) {
    json::Value& mine = whole.as_object()[key];
    if (mine.is_array() && value.is_array())
      mine.as_array().insert(mine.as_array().end(), value.as_array().begin(), value.as_array().end());
    else
      mine = value;
  }
}

}  // namespace

base::Result<json::Array> texts_of(const json::Object& body, std::string_view field, size_t most) {
  const json::Value& given = body.at(field);
  if (given.is_string() || is_tokens(given)) return json::Array{given};
  const json::Array& list = given.as_array();
  if (list.empty()) return base::bad_field(std::string(field), "there is no text to work on");
  if (list.size() > most)
    return base::bad_field(std::string(field), "more than " + std::to_string(most) + " texts at once");
  const bool strings = std::ranges::all_of(list, [](const json::Value& text) { return text.is_string(); });
  if (strings || std::ranges::all_of(list, is_tokens)) return list;
  return base::bad_field(std::string(field), "this is neither a text, nor tokens, nor a list of one kind of them",
                         "send a string, an array of strings, an array of integers, or an array of arrays of integers");
}

Task<base::Result<ModelTable::Started>> complete(Context& ctx, const ModelTable& models, const Model& model,
                                                 json::Object body, std::string caller) {
  auto prompts = texts_of(body, "prompt", kMaxPrompts);
  if (!prompts) co_return base::fail(std::move(prompts).error());
  body["prompt"] = prompts->front();
  auto started = co_await models.chat(ctx, model, body, caller, Endpoint::kCompletions);
  if (!started) co_return base::fail(std::move(started).error());
  started->stream = std::make_unique<PromptsStream>(std::move(started->stream), *started->used, std::move(body),
                                                    std::move(*prompts), std::move(caller));
  co_return std::move(*started);
}

Task<base::Result<Answer>> collect_completion(Context& ctx, ChatStream& stream) {
  std::map<int64_t, json::Object> choices;
  Answer answer;
  for (;;) {
    auto delta = co_await stream.next(ctx);
    if (!delta) co_return base::fail(std::move(delta).error());
    if (!*delta) break;
    if ((*delta)->usage) answer.usage = *(*delta)->usage;
    for (const auto& piece : (*delta)->choices) {
      const int64_t index = json::int_at(piece, "index").value_or(0);
      json::Object& choice = choices[index];
      if (choice.empty()) choice = {{"text", ""}, {"index", index}, {"logprobs", nullptr}, {"finish_reason", "stop"}};
      choice["text"].as_string() += json::string_at(piece, "text").value_or("");
      if (const json::Value* logprobs = json::find(piece, "logprobs")) join_logprobs(choice["logprobs"], *logprobs);
      if (const auto reason = json::string_at(piece, "finish_reason")) choice["finish_reason"] = *reason;
    }
  }
  for (auto& [_, choice] : choices) answer.choices.emplace_back(std::move(choice));
  co_return answer;
}

}  // namespace promethean::llm
