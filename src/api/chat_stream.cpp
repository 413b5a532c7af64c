#include "api/chat_stream.h"

#include <algorithm>

#include "http/router.h"
#include "http/sse.h"

namespace promethean::api {

namespace {

using async::Context;
using async::Task;

// Says that a choice has ended: any of them, not only the first.
bool finishes(const llm::Delta& delta) {
  if (delta.is_plain) return !delta.finish_reason.empty();
  return std::ranges::any_of(
      delta.choices, [](const json::Value& choice) { return json::string_at(choice, "finish_reason").has_value(); });
}

class ChatSse final : public http::BodyStream {
 public:
  ChatSse(ChatHead head, std::unique_ptr<llm::ChatStream> stream)
      : head_(std::move(head)), stream_(std::move(stream)) {}

  // Chunks that are there already go out together.
  Task<base::Result<http::Chunk>> next(Context& ctx) override {
    if (ended_) co_return http::Chunk();
    if (failure_) co_return base::fail(*failure_);
    std::string events;
    do {
      auto delta = co_await stream_->next(ctx);
      events += !delta ? last_event(delta.error()) : *delta ? take(std::move(**delta)) : last_events();
    } while (events.empty() || (is_open() && events.size() < kTogether && stream_->is_ready()));
    co_return http::make_chunk(std::move(events));
  }

  bool is_ready() const override { return !is_open() || stream_->is_ready(); }

 private:
  static constexpr size_t kTogether = 8 << 10;  // bytes

  bool is_open() const { return stream_ != nullptr; }

  std::string take(llm::Delta delta) {
    if (delta.usage) usage_ = *delta.usage;
    if (delta.choices.empty()) return {};
    // The finishing chunk waits for the next one, since it may be the last and then carries more.
    std::string events = finish_.empty() ? std::string() : event(std::exchange(finish_, {}));
    if (finishes(delta)) {
      finish_ = std::move(delta.choices);
    } else {
      events += event(delta.choices);
    }
    return events;
  }

  std::string last_event(const base::Error& error) {
    failure_ = error;
    stream_.reset();
    return http::sse_event(json::write(http::error_body(http::Family::kOpenAi, error)));
  }

  // One chunk of the answer; `more` are further members of it. All but its choices is the same each time.
  std::string event(const llm::Choices& choices, const json::Object& more = {}) {
    if (same_.empty()) {
      json::append(
          same_,
          json::Object{{"id", head_.id}, {"object", head_.object}, {"created", head_.created}, {"model", head_.model}});
      same_.back() = ',';
      same_ += "\"choices\":";
    }
    std::string data = same_;
    choices.append_to(data);
    if (!more.empty()) {
      data += ',';
      const size_t brace = data.size();
      json::append(data, more);
      data.erase(brace, 1);
    } else {
      data += '}';
    }
    return http::sse_event(data);
  }

  // What is only known at the end stands in the last chunk: the finishing one, or the one that the client wanted for
  // usage.
  std::string last_events() {
    ended_ = true;
    stream_.reset();
    std::string out;
    json::Object more;
    if (head_.include_usage) {
      if (!finish_.empty()) out += event(std::exchange(finish_, {}));
      more["usage"] = usage_.to_json();
    }
    if (head_.retrieval_context) more["retrieval_context"] = *head_.retrieval_context;
    if (!finish_.empty() || !more.empty()) out += event(finish_, more);
    return out + http::sse_event("[DONE]");
  }

  ChatHead head_;
  std::string same_;                         // what all chunks begin with, up to their choices
  std::unique_ptr<llm::ChatStream> stream_;  // null once it has ended or failed
  llm::Choices finish_;
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
