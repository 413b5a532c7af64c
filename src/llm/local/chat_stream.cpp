#include "llm/local/chat_stream.h"

#include <algorithm>
#include <iterator>

#include "http/router.h"
#include "http/sse.h"
#include "llm/chat.h"
#include "llm/local/token_logprobs.h"
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

// One choice while it is read.
struct Choice {
  size_t index = 0;
  CallReader reader;
  std::vector<TokenScore> tokens;  // that no event has told yet
  size_t offset = 0;               // characters that were told with tokens
  bool begun = false;
};

std::vector<Choice> choices_for(const AnswerHead& head) {
  std::vector<Choice> choices(head.choices);
  for (size_t i = 0; i < choices.size(); ++i) choices[i].index = i;
  return choices;
}

// What a part says: text, and calls where there may be some. Its tokens wait for whoever tells of it.
std::vector<CallReader::Piece> pieces_of(const AnswerHead& head, Choice& choice, AnswerPart part) {
  std::ranges::move(part.tokens, std::back_inserter(choice.tokens));
  if (head.calls) return choice.reader.push(part.text);
  if (part.text.empty()) return {};
  return {{.text = std::move(part.text)}};
}

// The waiting tokens in the form of the answer's API, or null.
json::Value logprobs_of(const AnswerHead& head, Choice& choice) {
  const auto tokens = std::exchange(choice.tokens, {});
  if (tokens.empty()) return nullptr;
  return head.is_chat ? chat_logprobs(tokens) : completion_logprobs(tokens, choice.offset);
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

// One more thing that is said of a choice: a delta in a chat, else a text.
std::string event_of(const AnswerHead& head, Choice& choice, json::Object delta, std::string_view text,
                     json::Value finish = nullptr) {
  json::Object said{{"index", choice.index}, {"finish_reason", std::move(finish)}};
  if (head.is_chat)
    said["delta"] = std::move(delta);
  else
    said["text"] = text;
  if (head.logprobs || !head.is_chat) said["logprobs"] = logprobs_of(head, choice);
  return event_of(head, std::move(said));
}

// "" when there is nothing to say before the model does.
std::string first_event(const AnswerHead& head, Choice& choice) {
  if (std::exchange(choice.begun, true)) return {};
  if (!head.is_chat) return head.echo.empty() ? std::string() : event_of(head, choice, {}, head.echo);
  json::Value content = "";
  if (head.calls) content = nullptr;  // there may be none
  return event_of(head, choice, {{"role", "assistant"}, {"content", std::move(content)}}, {});
}

std::string end_events(const AnswerHead& head, const Generated& done) {
  std::string events;
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
  AnswerStream(AnswerHead head, RunningAnswer answer)
      : head_(std::move(head)), answer_(std::move(answer)), choices_(choices_for(head_)) {}

  async::Task<base::Result<http::Chunk>> next(async::Context& ctx) override {
    if (ended_) co_return http::Chunk();
    if (failure_) co_return base::fail(*failure_);
    if (auto first = first_event(head_, choices_[0]); !first.empty()) co_return http::make_chunk(std::move(first));
    std::string events;
    while (events.empty()) {
      auto progress = co_await answer_.next(ctx);
      if (!progress) {
        failure_ = std::move(progress).error();
        co_return http::make_chunk(http::sse_event(json::write(http::error_body(http::Family::kOpenAi, *failure_))));
      }
      events = events_of(*std::move(progress));
    }
    co_return http::make_chunk(std::move(events));
  }

  void drain() override { answer_.stop(); }

 private:
  std::string events_of(Progress progress) {
    Choice& choice = choices_[progress.choice];
    std::string events = first_event(head_, choice);
    for (const auto& piece : pieces_of(head_, choice, std::move(progress.part)))
      events += event_of(head_, choice, delta_of(piece), piece.text);
    if (progress.ended)
      events += event_of(head_, choice, {}, {}, json::Value(finish_reason(*progress.ended, choice.reader.calls())));
    if (progress.done) events += end_events(head_, *progress.done);
    ended_ = progress.done.has_value();
    return events;
  }

  AnswerHead head_;
  RunningAnswer answer_;
  std::vector<Choice> choices_;
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

// A choice put together from its pieces.
struct Whole {
  Choice choice;
  std::string text;
  json::Array calls;
  std::string_view reason;

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

  json::Object to_json(const AnswerHead& head) {
    json::Object out{{"index", choice.index}, {"finish_reason", reason}};
    if (head.is_chat)
      out["message"] = message();
    else
      out["text"] = text;
    if (head.logprobs || !head.is_chat) out["logprobs"] = logprobs_of(head, choice);
    return out;
  }
};

json::Value whole_object(const AnswerHead& head, std::vector<Whole> wholes, const Generated& done) {
  json::Array choices;
  for (Whole& whole : wholes) choices.push_back(whole.to_json(head));
  json::Object answered = object_of(head, head.is_chat ? "chat.completion" : "text_completion", std::move(choices));
  answered["usage"] = usage_object(done);
  answered["timings"] = timings_object(done);
  return answered;
}

}  // namespace

async::Task<base::Result<json::Value>> whole_answer(async::Context& ctx, AnswerHead head, RunningAnswer answer) {
  std::vector<Whole> wholes;
  for (Choice& choice : choices_for(head))
    wholes.push_back({.choice = std::move(choice), .text = head.echo, .calls = {}, .reason = {}});
  for (;;) {
    auto progress = co_await answer.next(ctx);
    if (!progress) co_return base::fail(std::move(progress).error());
    Whole& whole = wholes[progress->choice];
    for (const auto& piece : pieces_of(head, whole.choice, std::move(progress->part))) whole.add(piece);
    if (progress->ended) whole.reason = finish_reason(*progress->ended, whole.choice.reader.calls());
    if (progress->done) co_return whole_object(head, std::move(wholes), *progress->done);
  }
}

}  // namespace promethean::llm::local
