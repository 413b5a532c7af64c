#include "llm/local/chat_stream.h"

#include "http/router.h"
#include "http/sse.h"

namespace promethean::llm::local {

namespace {

std::string_view finish_reason(Finish finish) {
  return finish == Finish::kLength ? "length" : "stop";
}

json::Object usage_object(const Generated& done) {
  return json::Object{{"prompt_tokens", done.prompt_tokens},
                      {"completion_tokens", done.completion_tokens},
                      {"total_tokens", done.prompt_tokens + done.completion_tokens},
                      {"prompt_tokens_details", json::Object{{"cached_tokens", done.cached_tokens}}}};
}

// Not OpenAI's: where the time went.
json::Object timings_object(const Generated& done) {
  return json::Object{{"prompt_ms", static_cast<int64_t>(done.prompt_seconds * 1e3)},
                      {"decode_ms", static_cast<int64_t>(done.decode_seconds * 1e3)},
                      {"threads", done.threads}};
}

json::Object object_of(const AnswerHead& head, std::string_view kind, json::Array choices) {
  return json::Object{{"id", head.id},
                      {"object", kind},
                      {"created", head.created},
                      {"model", head.model},
                      {"choices", std::move(choices)}};
}

// A piece of text; nothing of it when the answer is finished.
std::string event_of(const AnswerHead& head, std::string_view text, json::Value finish = nullptr) {
  json::Object choice{{"index", 0}};
  if (!head.is_chat) {
    choice["text"] = text;
    choice["logprobs"] = nullptr;
  } else {
    choice["delta"] = finish.is_null() ? json::Object{{"content", text}} : json::Object();
  }
  choice["finish_reason"] = std::move(finish);
  const std::string_view kind = head.is_chat ? "chat.completion.chunk" : "text_completion";
  return http::sse_event(json::write(object_of(head, kind, {std::move(choice)})));
}

// "" when there is nothing to say before the model does.
std::string first_event(const AnswerHead& head) {
  if (!head.is_chat) return head.echo.empty() ? std::string() : event_of(head, head.echo);
  json::Object choice{
      {"index", 0}, {"delta", json::Object{{"role", "assistant"}, {"content", ""}}}, {"finish_reason", nullptr}};
  return http::sse_event(json::write(object_of(head, "chat.completion.chunk", {std::move(choice)})));
}

std::string last_events(const AnswerHead& head, const Generated& done) {
  std::string events = event_of(head, "", json::Value(finish_reason(done.finish)));
  if (head.include_usage) {
    json::Object usage = object_of(head, head.is_chat ? "chat.completion.chunk" : "text_completion", {});
    usage["usage"] = usage_object(done);
    usage["timings"] = timings_object(done);
    events += http::sse_event(json::write(usage));
  }
  return events + http::sse_event("[DONE]");
}

class AnswerStream final : public http::BodyStream {
 public:
  AnswerStream(AnswerHead head, RunningAnswer answer) : head_(std::move(head)), answer_(std::move(answer)) {}

  async::Task<base::Result<http::Chunk>> next(async::Context& ctx) override {
    if (ended_) co_return http::Chunk();
    if (failure_) co_return base::fail(*failure_);
    if (!begun_) {
      begun_ = true;
      if (auto first = first_event(head_); !first.empty()) co_return http::make_chunk(std::move(first));
    }
    auto progress = co_await answer_.next(ctx);
    if (!progress) {
      failure_ = std::move(progress).error();
      co_return http::make_chunk(http::sse_event(json::write(http::error_body(http::Family::kOpenAi, *failure_))));
    }
    if (!progress->done) co_return http::make_chunk(event_of(head_, progress->text));
    ended_ = true;
    co_return http::make_chunk(last_events(head_, *progress->done));
  }

  void drain() override { answer_.stop(); }

 private:
  AnswerHead head_;
  RunningAnswer answer_;
  bool begun_ = false;
  bool ended_ = false;
  std::optional<base::Error> failure_;
};

}  // namespace

async::Task<base::Result<Progress>> RunningAnswer::next(async::Context& ctx) {
  auto hook = ctx.on_cancel([stop = stop_] { stop.stop(); });
  auto progress = co_await in_->pop(ctx);
  if (!progress) co_return base::fail(std::move(progress).error());
  // The queue closes an answer after `done` only; a caller that goes on reading has a defect, not a broken answer.
  if (!*progress) co_return base::fail(base::Code::kInternal, "the answer has ended already");
  if ((*progress)->done && (*progress)->done->finish == Finish::kCancelled) {
    co_return base::fail(base::Code::kUnavailable, "the answer was broken off", "try again shortly");
  }
  co_return **std::move(progress);
}

std::unique_ptr<http::BodyStream> stream_answer(AnswerHead head, RunningAnswer answer) {
  return std::make_unique<AnswerStream>(std::move(head), std::move(answer));
}

async::Task<base::Result<json::Value>> whole_answer(async::Context& ctx, AnswerHead head, RunningAnswer answer) {
  std::string text = head.echo;
  for (;;) {
    auto progress = co_await answer.next(ctx);
    if (!progress) co_return base::fail(std::move(progress).error());
    text += progress->text;
    if (!progress->done) continue;
    json::Object choice{{"index", 0}, {"finish_reason", finish_reason(progress->done->finish)}};
    if (head.is_chat)
      choice["message"] = json::Object{{"role", "assistant"}, {"content", text}};
    else
      choice["text"] = text, choice["logprobs"] = nullptr;
    const std::string_view kind = head.is_chat ? "chat.completion" : "text_completion";
    json::Object answered = object_of(head, kind, {std::move(choice)});
    answered["usage"] = usage_object(*progress->done);
    answered["timings"] = timings_object(*progress->done);
    co_return json::Value(std::move(answered));
  }
}

}  // namespace promethean::llm::local
