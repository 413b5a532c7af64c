#include "api/chat_stream.h"

#include <deque>

#include "http/router.h"
#include "http/sse.h"

namespace promethean::api {

namespace {

using async::Context;
using async::Task;

class ChatSse final : public http::BodyStream {
 public:
  ChatSse(ChatHead head, std::unique_ptr<llm::ChatStream> stream)
      : head_(std::move(head)), stream_(std::move(stream)) {}

  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    for (;;) {
      if (ended_) co_return http::Chunk();
      if (failure_) co_return base::fail(*failure_);
      auto delta = co_await stream_->next(ctx);
      if (!delta) {
        failure_ = delta.error();
        stream_.reset();
        co_return http::make_chunk(http::sse_event(json::write(http::error_body(http::Family::kOpenAi, *failure_))));
      }
      if (!*delta) {
        ended_ = true;
        stream_.reset();
        co_return http::make_chunk(last_events());
      }
      if ((*delta)->usage) usage_ = *(*delta)->usage;
      if ((*delta)->choices.empty()) continue;
      // The finishing chunk waits for the end, since it may be the last one and then carries more.
      if (!(*delta)->finish_reason.empty() && finish_.empty()) {
        finish_ = std::move((*delta)->choices);
        continue;
      }
      const json::Value event = chunk(std::move((*delta)->choices));
      co_return http::make_chunk(http::sse_event(json::write(event)));
    }
  }

 private:
  json::Object chunk(json::Array choices) const {
    json::Object out{{"id", head_.id},
                     {"object", head_.object},
                     {"created", head_.created},
                     {"model", head_.model},
                     {"choices", std::move(choices)}};
    return out;
  }

  std::string last_events() {
    std::string out;
    json::Object last;
    if (!finish_.empty()) last = chunk(std::move(finish_));
    if (head_.include_usage) {
      if (!last.empty()) out += http::sse_event(json::write(last));
      last = chunk({});
      last["usage"] = usage_.to_json();
    }
    if (last.empty()) last = chunk({});
    if (head_.retrieval_context) last["retrieval_context"] = *head_.retrieval_context;
    out += http::sse_event(json::write(last));
    return out + http::sse_event("[DONE]");
  }

  ChatHead head_;
  std::unique_ptr<llm::ChatStream> stream_;
  json::Array finish_;
  llm::Usage usage_;
  std::optional<base::Error> failure_;
  bool ended_ = false;
};

}  // namespace

bool wants_usage(const json::Value& body) {
  const json::Value* options = json::find(body, "stream_options");
  return options != nullptr && json::bool_at(*options, "include_usage").value_or(false);
}

http::Response stream_chat(ChatHead head, std::unique_ptr<llm::ChatStream> stream) {
  return http::Response::stream(std::make_unique<ChatSse>(std::move(head), std::move(stream)));
}

}  // namespace promethean::api
