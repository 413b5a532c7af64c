#include "api/chat.h"

#include "api/chat_stream.h"
#include "api/question.h"
#include "base/clock.h"
#include "base/hash.h"
#include "llm/chat_request.h"

namespace promethean::api {

Task<http::Response> handle_chat(Services& services, Context& ctx, http::Request& request) {
  const auto model = services.models.find(json::string_at(request.json, "model").value_or(""));
  if (!model) co_return openai_error(model.error());
  const json::Array& messages = request.json.at("messages").as_array();
  if (const auto fine = llm::check_messages(messages); !fine) co_return openai_error(fine.error());

  ChatHead head;
  head.id = "chatcmpl-" + base::random_hex(12);
  head.created = base::unix_seconds(base::wall_now());
  head.include_usage = wants_usage(request.json);
  const bool stream = json::bool_at(request.json, "stream").value_or(false);
  auto question = make_question(services, request, **model);
  if (!question) co_return openai_error(question.error());
  if (question->retrieval.enabled) question->turn = turn_of(messages);
  question->body = std::move(request.json.as_object());
  request.body = {};  // said in `question`; a long one is not kept twice while the model thinks
  auto asked = co_await ask_question(services, ctx, std::move(*question));
  if (!asked) co_return openai_error(asked.error());
  head.model = asked->used->name;
  head.retrieval_context = std::move(asked->retrieval_context);
  if (stream) co_return stream_chat(std::move(head), std::move(asked->stream));

  auto answer = co_await llm::collect(ctx, *asked->stream);
  if (!answer) co_return openai_error(answer.error());
  json::Object body{{"id", head.id},       {"object", "chat.completion"},           {"created", head.created},
                    {"model", head.model}, {"choices", std::move(answer->choices)}, {"usage", answer->usage.to_json()}};
  if (head.retrieval_context) body["retrieval_context"] = *head.retrieval_context;
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

}  // namespace promethean::api
