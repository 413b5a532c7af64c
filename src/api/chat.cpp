#include "api/chat.h"

#include <algorithm>

#include "api/chat_stream.h"
#include "base/hash.h"
#include "base/strings.h"
#include "context/excerpts.h"
#include "context/grounded.h"
#include "llm/chat_request.h"

namespace promethean::api {

namespace {

constexpr int64_t kAnswerReserve = 1024;  // tokens kept free for the answer when the request does not say

struct ChatPlan {
  const llm::Model* model = nullptr;
  context::RetrievalOptions retrieval;
  bool grounded = false;
  bool stream = false;
  bool include_usage = false;
  std::string question;
};

// A field that is there and not null.
const json::Value* given(const json::Value& body, std::string_view key) {
  const json::Value* value = json::find(body, key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

bool has_items(const json::Value& body, std::string_view key) {
  const json::Array* list = json::array_at(body, key);
  return list != nullptr && !list->empty();
}

bool wants_format(const json::Value& body) {
  const json::Value* format = given(body, "response_format");
  return format != nullptr && json::string_at(*format, "type").value_or("text") != "text";
}

void read_retrieval(const http::Request& request, context::RetrievalOptions& options) {
  if (const auto header = request.headers.get("x-promethean-retrieval"))
    options.enabled = *header != "off" && *header != "false";
  const json::Value* wish = given(request.json, "retrieval");
  if (wish == nullptr) return;
  options.enabled = json::bool_at(*wish, "enabled").value_or(true);
  if (const auto n = json::int_at(*wish, "max_citations")) options.max_citations = static_cast<size_t>(*n);
  if (const auto n = json::int_at(*wish, "max_tokens")) options.max_tokens = *n;
  if (const auto kind = json::string_at(*wish, "kind"))
    options.kind = search::parse_kind(*kind).value_or(search::Kind::kAll);
}

ChatPlan make_plan(const Services& services, const http::Request& request, const llm::Model& model) {
  ChatPlan plan;
  plan.model = &model;
  plan.retrieval = services.retrieval;
  plan.retrieval.enabled = plan.retrieval.enabled && model.retrieval;
  read_retrieval(request, plan.retrieval);
  plan.question = context::last_user_text(request.json.at("messages").as_array());
  if (base::trim(plan.question).empty() || plan.retrieval.max_citations == 0) plan.retrieval.enabled = false;
  const bool structured = has_items(request.json, "tools") || wants_format(request.json);
  // A model that needs grounding answers plainly when a form is asked of it: excerpts would only confuse it.
  if (model.grounded && structured) plan.retrieval.enabled = false;
  plan.grounded = model.grounded && plan.retrieval.enabled;
  plan.stream = json::bool_at(request.json, "stream").value_or(false);
  if (const json::Value* options = given(request.json, "stream_options")) {
    plan.include_usage = json::bool_at(*options, "include_usage").value_or(false);
  }
  return plan;
}

// The backend's own count; an estimate when it cannot be asked, since a count is no reason to fail.
context::CountTokens counter(const llm::Model& model, const base::Log& log) {
  return [&model, log](Context& ctx, std::string text) -> Task<base::Result<int64_t>> {
    const int64_t estimate = llm::estimate_tokens(text);
    auto count = co_await model.backend->count_tokens(ctx, std::move(text));
    if (count) co_return *count;
    if (ctx.done()) co_return base::fail(ctx.error());
    log.warn("token count estimated", {{"model", model.name}, {"why", count.error().message()}});
    co_return estimate;
  };
}

// Excerpts may fill what the conversation and the answer leave of the model's context.
Task<base::Result<int64_t>> room_for_excerpts(Context& ctx, const ChatPlan& plan, const json::Value& body,
                                              const context::CountTokens& count) {
  if (plan.grounded || plan.model->context == 0) co_return plan.retrieval.max_tokens;
  std::string text = json::write(body.at("messages"));
  auto prompt = co_await count(ctx, std::move(text));
  if (!prompt) co_return base::fail(std::move(prompt).error());
  int64_t reserve = kAnswerReserve;
  for (const std::string_view key : {"max_tokens", "max_completion_tokens"})
    reserve = json::int_at(body, key).value_or(reserve);
  co_return std::min(plan.retrieval.max_tokens, plan.model->context - *prompt - reserve);
}

http::Response failed(const base::Error& error) {
  return http::error_response(http::Family::kOpenAi, error);
}

}  // namespace

Task<http::Response> handle_chat(Services& services, Context& ctx, http::Request& request) {
  const auto model = services.models.find(json::string_at(request.json, "model").value_or(""));
  if (!model) co_return failed(model.error());
  if (const auto wrong = llm::check_messages(request.json.at("messages").as_array())) {
    co_return failed(*wrong);
  }
  ChatPlan plan = make_plan(services, request, **model);

  ChatHead head;
  head.id = "chatcmpl-" + base::random_hex(12);
  head.created = base::unix_seconds(base::wall_now());
  head.model = plan.model->name;
  head.include_usage = plan.include_usage;
  std::vector<context::Citation> citations;
  if (plan.retrieval.enabled) {
    const auto count = counter(*plan.model, services.log);
    auto room = co_await room_for_excerpts(ctx, plan, request.json, count);
    if (!room) co_return failed(room.error());
    plan.retrieval.max_tokens = *room;
    auto found = co_await services.retriever.retrieve(ctx, plan.question, plan.retrieval, count);
    if (!found) co_return failed(found.error());
    head.retrieval_context = found->to_json();
    (*head.retrieval_context)["grounded"] = plan.grounded;
    citations = std::move(found->citations);
  }

  std::unique_ptr<llm::ChatStream> stream;
  if (plan.grounded) {
    context::GroundedOptions options;
    options.question = plan.question;
    options.caller = request.principal.id;
    options.larger_models = services.larger_models();
    stream = context::make_grounded_answer(*plan.model, std::move(citations), std::move(options));
  } else {
    json::Object body = std::move(request.json.as_object());
    body["messages"] = context::with_excerpts(std::move(body["messages"].as_array()), citations);
    auto started = co_await services.models.chat(ctx, *plan.model, std::move(body), request.principal.id);
    if (!started) co_return failed(started.error());
    head.model = started->used->name;
    stream = std::move(started->stream);
  }
  if (plan.stream) co_return stream_chat(std::move(head), std::move(stream));

  auto answer = co_await llm::collect(ctx, *stream);
  if (!answer) co_return failed(answer.error());
  json::Object body{{"id", head.id},       {"object", "chat.completion"},           {"created", head.created},
                    {"model", head.model}, {"choices", std::move(answer->choices)}, {"usage", answer->usage.to_json()}};
  if (head.retrieval_context) body["retrieval_context"] = std::move(*head.retrieval_context);
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

}  // namespace promethean::api
