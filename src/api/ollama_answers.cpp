#include "api/ollama_answers.h"

#include <algorithm>

#include "api/ollama_lines.h"
#include "api/question.h"
#include "api/recording.h"
#include "base/strings.h"
#include "llm/completion.h"
#include "llm/dialect/ollama_request.h"

namespace promethean::api {

namespace {

namespace ollama = llm::ollama;

constexpr std::string_view kLatest = ":latest";
constexpr int64_t kFewestTokens = 16;      // that a prompt is completed by, however long it is
constexpr int64_t kUnknownContext = 4096;  // tokens of a model whose context the table does not say

// What a prompt may be completed by when nobody says: OpenAI's completions stop after 16 tokens, Ollama's at the end.
int64_t most_tokens(const llm::Model& model, const json::Value& request) {
  const int64_t context = model.context > 0 ? model.context : kUnknownContext;
  const int64_t prompt = llm::estimate_tokens(json::string_at(request, "prompt").value_or("")) +
                         llm::estimate_tokens(json::string_at(request, "suffix").value_or(""));
  return std::max(kFewestTokens, context - prompt);
}

bool lets_go(const json::Value& request) {
  if (const auto text = json::string_at(request, "keep_alive"))
    return *text == "0" || base::parse_duration_ms(*text) == 0;
  return json::number_at(request, "keep_alive") == 0;
}

ollama::Head head_of(const llm::Model& model, const json::Value& request, ollama::Form form) {
  ollama::Head head;
  head.model = model.name;
  head.form = form;
  head.thoughts = ollama::wants_thoughts(request);
  head.began = base::steady_now();
  return head;
}

Task<http::Response> answer(Context& ctx, const http::Request& request, base::Result<Asked> asked, ollama::Head head) {
  if (!asked) co_return ollama_error(asked.error());
  head.model = asked->used->name;
  head.retrieval_context = std::move(asked->retrieval_context);
  if (ollama::wants_stream(request.json)) co_return stream_lines(std::move(head), std::move(asked->stream));
  auto response = co_await whole_lines(ctx, std::move(head), std::move(asked->stream));
  co_return response;
}

// A prompt that is completed as it is: nothing is retrieved for it.
Task<base::Result<Asked>> complete_prompt(Services& services, Context& ctx, http::Request& request,
                                          const llm::Model& model, json::Object body) {
  const auto recording = begin_recording(services, request, false);
  if (recording != nullptr) recording->begins(ctx);
  auto started = co_await llm::complete(ctx, services.models, model, std::move(body), request.principal.id);
  look_on(recording, started);
  if (!started) co_return base::fail(std::move(started).error());
  co_return Asked{started->used, std::move(started->stream), nullptr};
}

Task<base::Result<Asked>> ask_chat(Services& services, Context& ctx, http::Request& request, const llm::Model& model,
                                   json::Object body) {
  drop_idle_limit(body, model);
  body["stream"] = ollama::wants_stream(request.json);
  auto question = make_question(services, request, model);
  if (!question) co_return base::fail(std::move(question).error());
  if (question->retrieval.enabled) question->turn = turn_of(body.at("messages").as_array());
  question->body = std::move(body);
  auto asked = co_await ask_question(services, ctx, std::move(*question));
  co_return asked;
}

Task<http::Response> ask_and_answer(Services& services, Context& ctx, http::Request& request, const llm::Model& model,
                                    base::Result<ollama::Asked> wish, ollama::Head head) {
  if (!wish) co_return ollama_error(wish.error());
  if (wish->endpoint == llm::Endpoint::kCompletions) {
    auto asked = co_await complete_prompt(services, ctx, request, model, std::move(wish->body));
    auto response = co_await answer(ctx, request, std::move(asked), std::move(head));
    co_return response;
  }
  auto asked = co_await ask_chat(services, ctx, request, model, std::move(wish->body));
  auto response = co_await answer(ctx, request, std::move(asked), std::move(head));
  co_return response;
}

Task<base::Result<llm::Embeddings>> embed_texts(Services& services, Context& ctx, http::Request& request,
                                                const llm::Model& model, json::Array texts) {
  json::Object body{{"input", std::move(texts)}};
  if (const auto dimensions = json::int_at(request.json, "dimensions"); dimensions && *dimensions > 0)
    body["dimensions"] = *dimensions;
  const auto recording = begin_recording(services, request, false);
  if (recording != nullptr) recording->begins(ctx);
  auto got = co_await llm::embed(ctx, model, std::move(body), request.principal.id);
  if (recording != nullptr) recording->embeds(model, got);
  co_return got;
}

}  // namespace

base::Result<const llm::Model*> find_tagged(const Services& services, std::string_view name) {
  const std::string other = name.ends_with(kLatest) ? std::string(name.substr(0, name.size() - kLatest.size()))
                            : name.find(':') == std::string_view::npos ? std::string(name) + std::string(kLatest)
                                                                       : std::string(name);
  for (const std::string_view wish : {name, std::string_view(other)}) {
    const auto found = std::ranges::find(services.models.list(), wish, &llm::Model::name);
    if (found != services.models.list().end()) return &*found;
  }
  return services.models.find(name);
}

Task<http::Response> handle_ollama_chat(Services& services, Context& ctx, http::Request& request) {
  const auto model = find_tagged(services, json::string_at(request.json, "model").value_or(""));
  if (!model) co_return ollama_error(model.error());
  ollama::Head head = head_of(**model, request.json, ollama::Form::kMessage);
  if (!ollama::has_messages(request.json)) co_return loaded_line(head, lets_go(request.json));
  auto wish = ollama::from_chat(request.json);
  auto response = co_await ask_and_answer(services, ctx, request, **model, std::move(wish), std::move(head));
  co_return response;
}

Task<http::Response> handle_ollama_generate(Services& services, Context& ctx, http::Request& request) {
  const auto model = find_tagged(services, json::string_at(request.json, "model").value_or(""));
  if (!model) co_return ollama_error(model.error());
  ollama::Head head = head_of(**model, request.json, ollama::Form::kResponse);
  if (!ollama::has_prompt(request.json)) co_return loaded_line(head, lets_go(request.json));
  auto wish = ollama::from_generate(request.json, most_tokens(**model, request.json));
  auto response = co_await ask_and_answer(services, ctx, request, **model, std::move(wish), std::move(head));
  co_return response;
}

Task<http::Response> handle_ollama_embed(Services& services, Context& ctx, http::Request& request) {
  const auto began = base::steady_now();
  const auto model = find_tagged(services, json::string_at(request.json, "model").value_or(""));
  if (!model) co_return ollama_error(model.error());
  llm::Embeddings got;
  if (const json::Array* none = json::array_at(request.json, "input"); none == nullptr || !none->empty()) {
    auto texts = llm::texts_of(request.json.as_object(), "input", llm::kMaxInputs);
    if (!texts) co_return ollama_error(texts.error());
    auto asked = co_await embed_texts(services, ctx, request, **model, std::move(*texts));
    if (!asked) co_return ollama_error(asked.error());
    got = std::move(*asked);
  }
  json::Array vectors;
  for (const auto& vector : got.vectors) vectors.emplace_back(json::Array(vector.begin(), vector.end()));
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(base::steady_now() - began);
  const json::Value whole = json::Object{{"model", (*model)->name},
                                         {"embeddings", std::move(vectors)},
                                         {"total_duration", took.count()},
                                         {"load_duration", 0},
                                         {"prompt_eval_count", got.prompt_tokens}};
  co_return http::Response::json(200, whole);
}

Task<http::Response> handle_ollama_embeddings(Services& services, Context& ctx, http::Request& request) {
  const auto model = find_tagged(services, json::string_at(request.json, "model").value_or(""));
  if (!model) co_return ollama_error(model.error());
  const json::Value& prompt = request.json.at("prompt");
  json::Array numbers;
  if (!prompt.as_string().empty()) {
    auto got = co_await embed_texts(services, ctx, request, **model, json::Array{prompt});
    if (!got) co_return ollama_error(got.error().field() == "input" ? got.error().with_field("prompt") : got.error());
    numbers = json::Array(got->vectors.front().begin(), got->vectors.front().end());
  }
  const json::Value whole = json::Object{{"embedding", std::move(numbers)}};
  co_return http::Response::json(200, whole);
}

}  // namespace promethean::api
