#include "api/messages.h"

#include "api/messages_sse.h"
#include "api/question.h"
#include "base/hash.h"
#include "llm/dialect/messages_request.h"
#include "llm/dialect/messages_stream.h"

namespace promethean::api {

namespace {

namespace messages = llm::messages;

constexpr int64_t kImageTokens = 1'600;  // of a large one, as Anthropic counts

http::Response failed(const base::Error& error) {
  return http::error_response(http::Family::kAnthropic, error);
}

Turn turn_of(messages::Speaker speaker) {
  if (speaker == messages::Speaker::kTool) return Turn::kToolResult;
  return speaker == messages::Speaker::kMachine ? Turn::kMachine : Turn::kPerson;
}

Task<http::Response> whole_answer(Services& services, Context& ctx, Question question, messages::Head head) {
  auto asked = co_await ask_question(services, ctx, std::move(question));
  if (!asked) co_return failed(asked.error());
  head.model = asked->used->name;
  head.retrieval_context = std::move(asked->retrieval_context);
  messages::Events events(std::move(head));
  messages::Whole whole;
  for (const auto& event : events.start()) whole.add(event);
  for (;;) {
    auto delta = co_await asked->stream->next(ctx);
    if (!delta) co_return failed(delta.error());
    if (!*delta) break;
    for (const auto& event : events.take(**delta)) whole.add(event);
  }
  for (const auto& event : events.finish()) whole.add(event);
  const json::Value message(std::move(whole).message());
  co_return http::Response::json(200, message);
}

}  // namespace

Task<http::Response> handle_messages(Services& services, Context& ctx, http::Request& request) {
  const auto model = services.models.find(json::string_at(request.json, "model").value_or(""));
  if (!model) co_return failed(model.error());
  auto asked = messages::to_chat(request.json);
  if (!asked) co_return failed(asked.error());
  drop_idle_limit(asked->chat, **model);

  messages::Head head{.id = "msg_" + base::random_hex(12), .model = (*model)->name};
  head.prompt_tokens = llm::least_tokens(asked->chat);
  auto question = make_question(services, request, **model);
  if (!question) co_return failed(question.error());
  question->turn = turn_of(asked->speaker);
  question->body = std::move(asked->chat);
  const bool stream = json::bool_at(request.json, "stream").value_or(false);
  http::Response response;
  if (stream) {
    response = co_await stream_messages(services, ctx, std::move(*question), std::move(head));
  } else {
    response = co_await whole_answer(services, ctx, std::move(*question), std::move(head));
  }
  if (response.status == 200) response.headers.add("request-id", ctx.trace.request_id);
  co_return response;
}

Task<http::Response> handle_count(Services& services, Context& ctx, http::Request& request) {
  const auto model = services.models.find(json::string_at(request.json, "model").value_or(""));
  if (!model) co_return failed(model.error());
  const auto asked = messages::to_chat(request.json);
  if (!asked) co_return failed(asked.error());
  messages::Countable countable = messages::countable(asked->chat);
  const auto tokens = co_await count_tokens(services, ctx, **model, std::move(countable.text));
  if (!tokens) co_return failed(tokens.error());
  const json::Value body = json::Object{{"input_tokens", *tokens + kImageTokens * countable.images}};
  http::Response response = http::Response::json(200, body);
  response.headers.add("request-id", ctx.trace.request_id);
  co_return response;
}

}  // namespace promethean::api
