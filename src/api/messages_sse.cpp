#include "api/messages_sse.h"

#include "api/patient_answer.h"
#include "http/sse.h"

namespace promethean::api {

namespace {

namespace messages = llm::messages;

// Without a word for this long a stream says ping: well below the half minute after which some proxies give up.
constexpr std::chrono::seconds kPatience{5};

class MessagesSse final : public http::BodyStream {
 public:
  // `first`: the step that was taken already, if it was.
  MessagesSse(std::unique_ptr<PatientAnswer> answer, std::optional<PatientAnswer::Step> first, messages::Head head)
      : answer_(std::move(answer)), first_(std::move(first)), head_(std::move(head)) {}

  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    for (;;) {
      if (ended_) co_return http::Chunk();
      if (failure_) co_return base::fail(*failure_);
      std::optional<PatientAnswer::Step> step = std::exchange(first_, std::nullopt);
      if (!step && begun_) step = co_await answer_->next(ctx, kPatience);
      begun_ = true;
      const std::string text = step ? text_of(ctx, *step) : text_of({messages::ping()});
      if (!text.empty()) co_return http::make_chunk(text);
    }
  }

 private:
  static std::string text_of(const std::vector<messages::Event>& events) {
    std::string out;
    for (const auto& event : events) out += http::sse_event(json::write(event.data), event.name);
    return out;
  }

  std::string text_of(const Context& ctx, PatientAnswer::Step& step) {
    if (!step) return fail(ctx, step.error());
    std::string out;
    if (!events_) out = begin();
    if (*step) return out + text_of(events_->take(**step));
    ended_ = true;
    answer_.reset();
    return out + text_of(events_->finish());
  }

  std::string begin() {
    head_.model = answer_->asked().used->name;
    head_.retrieval_context = answer_->asked().retrieval_context;
    events_.emplace(std::move(head_));
    return text_of(events_->start());
  }

  std::string fail(const Context& ctx, const base::Error& error) {
    failure_ = error;
    answer_.reset();
    json::Value body = http::error_body(http::Family::kAnthropic, error);
    body.as_object()["request_id"] = ctx.trace.request_id;
    return http::sse_event(json::write(body), "error");
  }

  std::unique_ptr<PatientAnswer> answer_;
  std::optional<PatientAnswer::Step> first_;
  messages::Head head_;
  std::optional<messages::Events> events_;
  std::optional<base::Error> failure_;
  bool begun_ = false;  // whoever called has waited already, so the first chunk comes at once
  bool ended_ = false;
};

}  // namespace

Task<http::Response> stream_messages(Services& services, Context& ctx, Question question, messages::Head head) {
  auto answer = std::make_unique<PatientAnswer>(services, ctx, std::move(question));
  auto first = co_await answer->next(ctx, kPatience);
  if (first && !*first) co_return http::error_response(http::Family::kAnthropic, first->error());
  co_return http::Response::stream(std::make_unique<MessagesSse>(std::move(answer), std::move(first), std::move(head)));
}

}  // namespace promethean::api
