#include "api/responses_call.h"

#include "api/patient_answer.h"
#include "base/clock.h"
#include "base/hash.h"

namespace promethean::api {

namespace {

namespace responses = llm::responses;
using std::chrono::milliseconds;

constexpr size_t kMaxHistory = 16 << 20;  // bytes of JSON
// Until then an answer that has not begun can still become an error with a status, which clients handle better.
constexpr milliseconds kGrace{2'000};
// Clients give up on a stream that says nothing; the shortest idle time that one is known to set is 15 seconds.
constexpr milliseconds kKeepAlive{10'000};

int64_t now() {
  return base::unix_seconds(base::wall_now());
}

void append_items(const std::string& text, json::Array& into) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_array()) return;
  for (auto& item : parsed->as_array()) into.push_back(std::move(item));
}

Task<base::Result<json::Array>> history_of(Services& services, Context& ctx, std::string id, std::string owner) {
  json::Array items;
  if (id.empty()) co_return items;
  auto links = co_await services.store.chain(ctx, std::move(id), std::move(owner), kMaxHistory);
  if (!links) co_return base::fail(links.error().with_field("previous_response_id"));
  for (const auto& link : *links) {
    append_items(link.items, items);
    append_items(link.output, items);
  }
  co_return items;
}

// Codex's own errands: a summary of the conversation, a title, a first request that only warms caches.
bool is_errand(const http::Request& request, const responses::Translated& translated) {
  if (translated.compaction) return true;
  const auto metadata = request.headers.get("x-codex-turn-metadata");
  if (!metadata) return false;
  const auto parsed = json::parse(*metadata);
  const auto kind = parsed ? json::string_at(*parsed, "request_kind") : std::nullopt;
  return translated.tools_empty || (kind && *kind != "turn");
}

Turn turn_of(const http::Request& request, const responses::Translated& translated) {
  if (is_errand(request, translated)) return Turn::kMachine;
  return translated.ends_with_tool_output ? Turn::kToolResult : Turn::kPerson;
}

// The end of an answer: what is kept of it. A store that is away does not spoil an answer that is there.
Task<void> keep(Services& services, Context& ctx, storage::StoredResponse stored, const json::Object& response) {
  const json::Value* output = response.if_contains("output");
  stored.output = output == nullptr ? "[]" : json::write(*output);
  stored.body = json::write(response);
  const std::string id = stored.id;
  auto done = co_await services.store.put_response(ctx, std::move(stored));
  if (!done) services.log.warn("an answer was not stored", {{"id", id}, {"why", done.error().message()}});
}

class ResponsesSse final : public http::BodyStream {
 public:
  using Step = PatientAnswer::Step;
  ResponsesSse(Services& services, std::unique_ptr<PatientAnswer> model, std::optional<Step> first,
               responses::ResponsesStream answer, ResponsesCall call)
      : services_(services),
        model_(std::move(model)),
        first_(std::move(first)),
        answer_(std::move(answer)),
        call_(std::move(call)) {}

  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    if (!std::exchange(begun_, true)) co_return http::make_chunk(answer_.begin());
    while (!ended_) {
      auto step = std::exchange(first_, std::nullopt);
      if (!step) step = co_await model_->next(ctx, kKeepAlive);
      std::string events;
      if (!step) {
        events = answer_.keep_alive();
      } else if (!*step) {
        if (ctx.done()) co_return base::fail(std::move(*step).error());
        events = failed(step->error());
      } else if (**step) {
        if (!std::exchange(known_, true)) answer_.set_retrieval_context(model_->asked().retrieval_context);
        events = answer_.feed(***step);
      } else {
        ended_ = true;
        events = answer_.finish(now());
        if (call_.store) co_await keep(services_, ctx, std::move(call_.stored), answer_.response());
      }
      if (!events.empty()) co_return http::make_chunk(std::move(events));
    }
    co_return http::Chunk();
  }

 private:
  std::string failed(const base::Error& error) {
    ended_ = true;
    services_.log.warn("an answer broke off", {{"id", call_.stored.id}, {"why", error.message()}});
    return answer_.fail(error);
  }

  Services& services_;
  std::unique_ptr<PatientAnswer> model_;
  std::optional<Step> first_;  // what was read before the stream began
  responses::ResponsesStream answer_;
  ResponsesCall call_;
  bool begun_ = false;
  bool known_ = false;  // what was retrieved
  bool ended_ = false;
};

}  // namespace

Task<base::Result<json::Object>> whole_response(Services& services, Context& ctx, ResponsesCall call) {
  auto asked = co_await ask_question(services, ctx, std::move(call.question));
  if (!asked) co_return base::fail(std::move(asked).error());
  call.setup.events = false;
  responses::ResponsesStream answer(std::move(call.setup));
  answer.set_retrieval_context(std::move(asked->retrieval_context));
  for (;;) {
    auto delta = co_await asked->stream->next(ctx);
    if (!delta) co_return base::fail(std::move(delta).error());
    if (!*delta) break;
    answer.feed(**delta);
  }
  answer.finish(now());
  if (call.store) co_await keep(services, ctx, std::move(call.stored), answer.response());
  co_return answer.take_response();
}

Task<base::Result<ResponsesCall>> make_call(Services& services, Context& ctx, http::Request& request,
                                            const json::Value& body) {
  if (session_of(request))
    co_return base::bad_field("session_id", "this API has previous_response_id for what a session does");
  const auto model = services.models.find(json::string_at(body, "model").value_or(""));
  if (!model) co_return base::fail(model.error());
  const llm::Kind kind = (*model)->backend->kind();
  const auto refused = llm::check_support(body.as_object(), kind, llm::Endpoint::kResponses);
  if (refused) co_return base::fail(*refused);
  const std::string previous(json::string_at(body, "previous_response_id").value_or(""));
  auto history = co_await history_of(services, ctx, previous, request.principal.id);
  if (!history) co_return base::fail(std::move(history).error());
  auto translated = responses::translate_request(body, *history);
  if (!translated) co_return base::fail(std::move(translated).error());

  ResponsesCall call;
  call.store = json::bool_at(body, "store").value_or(true);
  call.stream = json::bool_at(body, "stream").value_or(false);
  call.stored.id = "resp_" + base::random_hex(24);
  call.stored.owner = request.principal.id;
  call.stored.previous_id = previous;
  call.stored.created_at = now();
  call.stored.items = json::write(translated->items);
  call.setup = responses::stream_setup(
      body, *translated, {.id = call.stored.id, .model = (*model)->name, .created_at = call.stored.created_at});
  auto question = make_question(services, request, **model);
  if (!question) co_return base::fail(std::move(question).error());
  if (question->retrieval.enabled) question->turn = turn_of(request, *translated);
  call.question = std::move(*question);
  call.question.body = std::move(translated->body);
  // Wished for by `include` only: no reason to refuse.
  const bool grounded = (*model)->grounded && call.question.retrieval.enabled;
  const bool only_wished = json::int_at(body, "top_logprobs").value_or(0) == 0;
  if (llm::check_support({{"logprobs", true}}, kind) || (grounded && only_wished)) call.question.body.erase("logprobs");
  co_return call;
}

Task<http::Response> answer_call(Services& services, Context& ctx, ResponsesCall call) {
  if (!call.stream) {
    auto response = co_await whole_response(services, ctx, std::move(call));
    if (!response) co_return openai_error(response.error());
    const json::Value whole(std::move(*response));
    co_return http::Response::json(200, whole);
  }
  auto model = std::make_unique<PatientAnswer>(services, ctx, std::move(call.question));
  auto first = co_await model->next(ctx, kGrace);
  if (first && !*first) co_return openai_error(first->error());
  responses::ResponsesStream answer(std::move(call.setup));
  co_return http::Response::stream(
      std::make_unique<ResponsesSse>(services, std::move(model), std::move(first), std::move(answer), std::move(call)));
}

}  // namespace promethean::api
