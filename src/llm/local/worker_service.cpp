#include "llm/local/worker_service.h"

#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "llm/completion.h"
#include "llm/local/chat_request.h"
#include "llm/local/chat_stream.h"
#include "llm/local/text_request.h"

namespace promethean::llm::local {

namespace {

using async::Context;
using async::Task;
using http::Request;
using http::Response;

constexpr size_t kMaxBody = 8 << 20;
constexpr std::chrono::minutes kLongestAnswer{30};

Response failed(const base::Error& error, std::string_view param = {}) {
  return http::error_response(http::Family::kOpenAi, error, param);
}

http::Route make_route(http::Method method, std::string path, std::string id, std::string summary) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.family = http::Family::kOpenAi;
  route.scope = http::Scope::kNone;  // who may open the socket may use it
  route.limits.max_body = kMaxBody;
  route.limits.deadline = kLongestAnswer;
  route.limits.rate_cost = 0;
  route.summary = std::move(summary);
  return route;
}

// A request with its prompt. Runs on the pool.
struct Prepared {
  ChatRequest request;
  std::vector<Token> prompt;
};
base::Result<Prepared> prepare(const Engine& engine, const json::Value& body) {
  auto request = parse_chat_request(body, engine.vocabulary());
  if (!request) return base::fail(std::move(request).error());
  auto prompt = engine.render(request->messages, request->tools);
  if (!prompt)
    return base::fail(prompt.error().field().empty() ? prompt.error().with_field("messages") : prompt.error());
  return Prepared{*std::move(request), *std::move(prompt)};
}

base::Error too_long(size_t tokens, int context) {
  return base::Error(base::Code::kTooLarge,
                     "the prompt has " + std::to_string(tokens) + " tokens; this model takes " +
                         std::to_string(context) + ", the answer included",
                     "shorten the conversation, or choose a model with a larger context");
}

}  // namespace

struct WorkerService::Asked {
  std::vector<Token> prompt;
  GenerateOptions options;
  AnswerHead head;
  bool stream = false;
  std::string prompt_field;
};

WorkerService::WorkerService(std::unique_ptr<Engine> engine, telemetry::Registry& metrics, WorkerOptions options)
    : engine_(std::move(engine)),
      metrics_(metrics),
      model_(options.model_name.empty() ? engine_->info().name : std::move(options.model_name)),
      pool_(1, 64),
      embedding_pool_(1, 64),
      queue_(*engine_, metrics, options.max_waiting) {}

void WorkerService::stop() {
  queue_.stop();
  pool_.join();
  embedding_pool_.join();
}

base::Result<void> WorkerService::add_routes(http::Router& router) {
  std::vector<http::Route> routes;
  routes.push_back(
      make_route(http::Method::kPost, "/v1/chat/completions", "createChatCompletion", "Answer a conversation"));
  routes.back().request_schema = kChatRequestSchema;
  routes.back().streams = true;
  routes.back().handler = [this](Context& ctx, Request& request) { return chat(ctx, request); };
  routes.push_back(make_route(http::Method::kPost, "/v1/completions", "createCompletion", "Complete a prompt"));
  routes.back().request_schema = kCompletionRequestSchema;
  routes.back().streams = true;
  routes.back().handler = [this](Context& ctx, Request& request) { return complete(ctx, request); };
  routes.push_back(make_route(http::Method::kPost, "/v1/embeddings", "createEmbedding", "Embed texts"));
  routes.back().request_schema = kEmbeddingRequestSchema;
  routes.back().handler = [this](Context& ctx, Request& request) { return embed(ctx, request); };
  routes.push_back(
      make_route(http::Method::kPost, "/tokenize", "tokenize", "Count the tokens of a text or a conversation"));
  routes.back().request_schema = kTokenizeBodySchema;
  routes.back().handler = [this](Context& ctx, Request& request) { return tokenize(ctx, request); };
  routes.push_back(make_route(http::Method::kGet, "/v1/models", "listModels", "The one model"));
  routes.back().handler = [this](Context&, Request&) -> Task<Response> { co_return models(); };
  routes.push_back(make_route(http::Method::kGet, "/health", "health", "Whether answers can be asked for"));
  routes.back().handler = [this](Context&, Request&) -> Task<Response> { co_return health(); };
  routes.push_back(make_route(http::Method::kGet, "/metrics", "metrics", "Prometheus text"));
  routes.back().handler = [this](Context&, Request&) -> Task<Response> {
    co_return Response::text(200, metrics_.prometheus(), std::string(telemetry::Registry::kContentType));
  };
  for (auto& route : routes) {
    if (auto added = router.add(std::move(route)); !added) return added;
  }
  return {};
}

Task<Response> WorkerService::chat(Context& ctx, Request& request) {
  auto work = [this, &request] { return prepare(*engine_, request.json); };
  auto prepared = co_await pool_.run(ctx, work);
  if (!prepared) co_return failed(prepared.error());
  ChatRequest& asked = prepared->request;
  Asked given{std::move(prepared->prompt), std::move(asked.options), new_head("chatcmpl-"), asked.stream, "messages"};
  given.head.include_usage = asked.include_usage;
  given.head.calls = given.options.form.calls;
  given.head.choices = asked.choices;
  auto response = co_await answer(ctx, std::move(given));
  co_return response;
}

Task<Response> WorkerService::complete(Context& ctx, Request& request) {
  auto work = [this, &request] { return parse_completion_request(*engine_, request.json); };
  auto asked = co_await pool_.run(ctx, work);
  if (!asked) co_return failed(asked.error());

  Asked given{std::move(asked->prompt), std::move(asked->options), new_head("cmpl-"), asked->stream, "prompt"};
  given.head.include_usage = asked->include_usage;
  given.head.is_chat = false;
  given.head.echo = std::move(asked->echo);
  given.head.choices = asked->choices;
  auto response = co_await answer(ctx, std::move(given));
  co_return response;
}

AnswerHead WorkerService::new_head(std::string_view prefix) const {
  AnswerHead head;
  head.id = std::string(prefix) + base::random_hex(12);
  head.created = base::unix_seconds(base::wall_now());
  head.model = model_;
  return head;
}

Task<Response> WorkerService::answer(Context& ctx, Asked asked) {
  const int context = engine_->info().context_tokens;
  if (asked.prompt.size() >= static_cast<size_t>(context))
    co_return failed(too_long(asked.prompt.size(), context), asked.prompt_field);
  asked.head.logprobs = asked.options.top_logprobs.has_value();
  Job job;
  job.prompt = std::move(asked.prompt);
  job.options = std::move(asked.options);
  job.choices = asked.head.choices;
  job.out = std::make_shared<async::Channel<Progress>>(ctx.core(), queue_.channel_capacity(job.choices));
  RunningAnswer answer(job.out, job.stop);
  if (auto queued = queue_.submit(std::move(job)); !queued) co_return failed(queued.error());

  if (asked.stream) co_return Response::stream(stream_answer(std::move(asked.head), std::move(answer)));
  auto whole = co_await whole_answer(ctx, std::move(asked.head), std::move(answer));
  if (!whole) co_return failed(whole.error());
  co_return Response::json(200, *whole);
}

Task<Response> WorkerService::embed(Context& ctx, Request& request) {
  auto work = [this, &request] { return parse_embedding_request(*engine_, request.json); };
  auto texts = co_await pool_.run(ctx, work);
  if (!texts) co_return failed(texts.error());
  json::Array data;
  size_t tokens = 0;
  for (const auto& text : *texts) {
    // A turn for each text: those of other requests come in between.
    auto turn = [this, &text, stop = ctx.stop_flag()] { return engine_->embed(text, stop); };
    auto vector = co_await embedding_pool_.run(ctx, turn);
    if (!vector) co_return failed(vector.error(), "input");
    tokens += text.size();
    const json::Array numbers(vector->begin(), vector->end());
    data.push_back(json::Object{{"object", "embedding"}, {"index", data.size()}, {"embedding", numbers}});
  }
  const json::Object usage{{"prompt_tokens", tokens}, {"total_tokens", tokens}};
  co_return Response::json(
      200, json::Object{{"object", "list"}, {"data", std::move(data)}, {"model", model_}, {"usage", usage}});
}

Task<Response> WorkerService::tokenize(Context& ctx, Request& request) {
  const json::Array* messages = json::array_at(request.json, "messages");
  const auto content = json::string_at(request.json, "content");
  if ((messages == nullptr) == !content.has_value()) {
    co_return failed(base::Error(base::Code::kInvalidArgument, "give either content or messages"), "content");
  }
  auto work = [this, messages, content]() -> base::Result<size_t> {
    if (content) return engine_->tokenize(*content).size();
    auto prompt = engine_->render(*messages, {});
    if (!prompt) return base::fail(std::move(prompt).error());
    return prompt->size();
  };
  auto count = co_await pool_.run(ctx, work);
  if (!count) co_return failed(count.error(), "messages");
  co_return Response::json(200, json::Object{{"count", *count}});
}

Response WorkerService::models() const {
  json::Array data;
  data.push_back(json::Object{{"id", model_},
                              {"object", "model"},
                              {"created", 0},
                              {"owned_by", "local"},
                              {"context_window", engine_->info().context_tokens}});
  return Response::json(200, json::Object{{"object", "list"}, {"data", std::move(data)}});
}

Response WorkerService::health() const {
  return Response::json(200, json::Object{{"status", "ok"},
                                          {"model", model_},
                                          {"description", engine_->info().description},
                                          {"context", engine_->info().context_tokens},
                                          {"busy", queue_.busy()},
                                          {"waiting", queue_.waiting()}});
}

}  // namespace promethean::llm::local
