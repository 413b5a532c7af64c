#include "api/question.h"

#include <algorithm>

#include "api/recording.h"
#include "base/strings.h"
#include "context/excerpts.h"
#include "context/grounded.h"

namespace promethean::api {

namespace {

constexpr int64_t kAnswerReserve = 1024;  // tokens kept free for the answer when the request does not say

bool has_items(const json::Object& body, std::string_view key) {
  const json::Array* list = json::array_at(body, key);
  return list != nullptr && !list->empty();
}

bool wants_format(const json::Object& body) {
  const json::Value* format = json::given(body, "response_format");
  return format != nullptr && json::string_at(*format, "type").value_or("text") != "text";
}

void read_retrieval(const http::Request& request, context::RetrievalOptions& options) {
  if (const auto header = request.headers.get("x-promethean-retrieval"))
    options.enabled = *header != "off" && *header != "false";
  const json::Value* wish = json::given(request.json, "retrieval");
  if (wish == nullptr) return;
  options.enabled = json::bool_at(*wish, "enabled").value_or(true);
  if (const auto n = json::int_at(*wish, "max_citations")) options.max_citations = static_cast<size_t>(*n);
  if (const auto n = json::int_at(*wish, "max_tokens")) options.max_tokens = *n;
  if (const auto kind = json::string_at(*wish, "kind"))
    options.kind = search::parse_kind(*kind).value_or(search::Kind::kAll);
}

// Excerpts may fill what the conversation and the answer leave of the model's context.
Task<base::Result<int64_t>> room_for_excerpts(Context& ctx, const Question& question,
                                              const context::CountTokens& count) {
  if (question.model->context == 0) co_return question.retrieval.max_tokens;
  std::string text = json::write(question.body.at("messages"));
  auto prompt = co_await count(ctx, std::move(text));
  if (!prompt) co_return base::fail(std::move(prompt).error());
  int64_t reserve = kAnswerReserve;
  for (const std::string_view key : {"max_tokens", "max_completion_tokens"})
    reserve = json::int_at(question.body, key).value_or(reserve);
  co_return std::min(question.retrieval.max_tokens, question.model->context - *prompt - reserve);
}

// A model that needs grounding answers plainly when a form is asked of it: excerpts would only confuse it.
bool wants_retrieval(const Question& question, const std::string& text) {
  if (!question.retrieval.enabled || question.retrieval.max_citations == 0 || question.turn != Turn::kPerson)
    return false;
  if (question.model->grounded && (has_items(question.body, "tools") || wants_format(question.body))) return false;
  return !base::trim(text).empty();
}

Task<base::Result<Asked>> ask_plainly(Services& services, Context& ctx, Question question) {
  if (question.recording != nullptr) question.recording->asks(question.body.at("messages").as_array());
  auto started =
      co_await services.models.chat(ctx, *question.model, std::move(question.body), std::move(question.caller));
  if (!started) co_return base::fail(std::move(started).error());
  co_return Asked{started->used, std::move(started->stream), std::nullopt};
}

}  // namespace

Question make_question(const Services& services, http::Request& request, const llm::Model& model, Turn turn) {
  Question question;
  question.model = &model;
  question.retrieval = services.retrieval;
  question.retrieval.enabled = question.retrieval.enabled && model.retrieval;
  read_retrieval(request, question.retrieval);
  question.turn = turn;
  question.caller = request.principal.id;
  question.session = session_of(request);
  question.recording = begin_recording(services, request);
  return question;
}

Task<base::Result<int64_t>> count_tokens(Services& services, Context& ctx, const llm::Model& model, std::string text) {
  const int64_t estimate = llm::estimate_tokens(text);
  auto count = co_await model.backend->count_tokens(ctx, std::move(text));
  if (count) co_return *count;
  if (ctx.done()) co_return base::fail(ctx.error());
  services.log.warn("token count estimated", {{"model", model.name}, {"why", count.error().message()}});
  co_return estimate;
}

Turn turn_of(const json::Array& messages) {
  const auto role = messages.empty() ? std::nullopt : json::string_at(messages.back(), "role");
  return role == "tool" || role == "function" ? Turn::kToolResult : Turn::kPerson;
}

static Task<base::Result<Asked>> begin_answer(Services& services, Context& ctx, Question question) {
  const llm::Model& model = *question.model;
  const std::string text = context::last_user_text(question.body.at("messages").as_array());
  if (!wants_retrieval(question, text)) {
    auto asked = co_await ask_plainly(services, ctx, std::move(question));
    co_return asked;
  }
  const context::CountTokens count = [&services, &model](Context& c, std::string t) {
    return count_tokens(services, c, model, std::move(t));
  };
  if (!model.grounded) {
    auto room = co_await room_for_excerpts(ctx, question, count);
    if (!room) co_return base::fail(std::move(room).error());
    question.retrieval.max_tokens = *room;
  }
  auto found = co_await services.retriever.retrieve(ctx, text, question.retrieval, count);
  if (!found) co_return base::fail(std::move(found).error());
  json::Object retrieval_context = found->to_json();
  retrieval_context["grounded"] = model.grounded;

  if (model.grounded) {
    context::GroundedOptions options;
    options.question = text;
    options.caller = std::move(question.caller);
    options.larger_models = services.larger_models();
    auto stream = context::make_grounded_answer(model, std::move(found->citations), std::move(options));
    co_return Asked{&model, std::move(stream), std::move(retrieval_context)};
  }
  json::Value& messages = question.body["messages"];
  messages = context::with_excerpts(std::move(messages.as_array()), found->citations);
  auto asked = co_await ask_plainly(services, ctx, std::move(question));
  if (asked) asked->retrieval_context = std::move(retrieval_context);
  co_return asked;
}

static Task<base::Result<Asked>> continue_session(Services& services, Context& ctx, Question question) {
  auto turn = co_await join_session(services, ctx, question);
  if (!turn) co_return base::fail(std::move(turn).error());
  if (*turn != nullptr && question.recording != nullptr)
    question.recording->continues((*turn)->stored.id, question.body.at("messages").as_array());
  auto asked = co_await begin_answer(services, ctx, std::move(question));
  if (asked && *turn != nullptr) asked->stream = kept(std::move(asked->stream), std::move(*turn));
  co_return asked;
}

Task<base::Result<Asked>> ask_question(Services& services, Context& ctx, Question question) {
  const auto recording = question.recording;
  if (recording != nullptr) recording->begins(ctx);
  auto asked = co_await continue_session(services, ctx, std::move(question));
  if (recording != nullptr && asked) recording->finds(asked->retrieval_context);
  look_on(recording, asked);
  co_return asked;
}

}  // namespace promethean::api
