#include "llm/local/chat_stream.h"

#include "http/router.h"
#include "http/sse.h"
#include "llm/chat.h"
#include "llm/local/tool_calls.h"

namespace promethean::llm::local {

namespace {

std::string_view finish_reason(Finish finish, size_t calls) {
  if (finish == Finish::kLength) return "length";
  return calls > 0 ? "tool_calls" : "stop";
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

// The text of an answer as what it says: text, and calls where there may be some.
std::vector<CallReader::Piece> pieces_of(const AnswerHead& head, CallReader& reader, const std::string& text) {
  if (head.calls) return reader.push(text);
  if (text.empty()) return {};
  return {{.text = text}};
}

// The delta of a piece. The first one of a call says which function it is, the others are its arguments.
json::Object delta_of(const CallReader::Piece& piece) {
  if (!piece.is_call) return json::Object{{"content", piece.text}};
  json::Object function;
  json::Object call{{"index", piece.index}};
  if (!piece.name.empty()) {
    call["id"] = new_call_id();
    call["type"] = "function";
    function["name"] = piece.name;
  }
  function["arguments"] = piece.arguments;
  call["function"] = std::move(function);
  return json::Object{{"tool_calls", json::Array{std::move(call)}}};
}

std::string event_of(const AnswerHead& head, json::Object choice) {
  const std::string_view kind = head.is_chat ? "chat.completion.chunk" : "text_completion";
  return http::sse_event(json::write(object_of(head, kind, {std::move(choice)})));
}

std::string event_of(const AnswerHead& head, const CallReader::Piece& piece) {
  json::Object choice{{"index", 0}, {"finish_reason", nullptr}};
  if (head.is_chat)
    choice["delta"] = delta_of(piece);
  else
    choice["text"] = piece.text, choice["logprobs"] = nullptr;
  return event_of(head, std::move(choice));
}

// "" when there is nothing to say before the model does.
std::string first_event(const AnswerHead& head) {
  if (!head.is_chat) return head.echo.empty() ? std::string() : event_of(head, {.text = head.echo});
  json::Value content = "";
  if (head.calls) content = nullptr;  // there may be none
  json::Object delta{{"role", "assistant"}, {"content", std::move(content)}};
  return event_of(head, json::Object{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", nullptr}});
}

std::string last_events(const AnswerHead& head, const Generated& done, size_t calls) {
  json::Object last{{"index", 0}, {"finish_reason", finish_reason(done.finish, calls)}};
  if (head.is_chat)
    last["delta"] = json::Object();
  else
    last["text"] = "", last["logprobs"] = nullptr;
  std::string events = event_of(head, std::move(last));
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
    std::string events;
    while (events.empty()) {
      auto progress = co_await answer_.next(ctx);
      if (!progress) {
        failure_ = std::move(progress).error();
        co_return http::make_chunk(http::sse_event(json::write(http::error_body(http::Family::kOpenAi, *failure_))));
      }
      for (const auto& piece : pieces_of(head_, reader_, progress->text)) events += event_of(head_, piece);
      if (!progress->done) continue;
      ended_ = true;
      events += last_events(head_, *progress->done, reader_.calls());
    }
    co_return http::make_chunk(std::move(events));
  }

  void drain() override { answer_.stop(); }

 private:
  AnswerHead head_;
  RunningAnswer answer_;
  CallReader reader_;
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

namespace {

// A message put together from its pieces.
struct Whole {
  std::string text;
  json::Array calls;

  void add(const CallReader::Piece& piece) {
    if (!piece.is_call) {
      text += piece.text;
    } else if (!piece.name.empty()) {
      json::Object call = delta_of(piece).at("tool_calls").as_array().front().as_object();
      call.erase("index");
      calls.push_back(std::move(call));
    } else {
      calls.back().at("function").at("arguments").as_string() += piece.arguments;
    }
  }

  json::Object message() const {
    json::Object out{{"role", "assistant"}, {"content", text}};
    if (calls.empty()) return out;
    if (text.empty()) out["content"] = nullptr;
    out["tool_calls"] = calls;
    return out;
  }
};

}  // namespace

async::Task<base::Result<json::Value>> whole_answer(async::Context& ctx, AnswerHead head, RunningAnswer answer) {
  Whole whole{.text = head.echo, .calls = {}};
  CallReader reader;
  for (;;) {
    auto progress = co_await answer.next(ctx);
    if (!progress) co_return base::fail(std::move(progress).error());
    for (const auto& piece : pieces_of(head, reader, progress->text)) whole.add(piece);
    if (!progress->done) continue;
    json::Object choice{{"index", 0}, {"finish_reason", finish_reason(progress->done->finish, reader.calls())}};
    if (head.is_chat)
      choice["message"] = whole.message();
    else
      choice["text"] = whole.text, choice["logprobs"] = nullptr;
    const std::string_view kind = head.is_chat ? "chat.completion" : "text_completion";
    json::Object answered = object_of(head, kind, {std::move(choice)});
    answered["usage"] = usage_object(*progress->done);
    answered["timings"] = timings_object(*progress->done);
    co_return json::Value(std::move(answered));
  }
}

}  // namespace promethean::llm::local
