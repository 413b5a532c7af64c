#include "api/recording.h"

namespace promethean::api {

namespace {

constexpr size_t kMaxAnswer = 4 << 20;  // bytes of an answer that are kept
// Headers of requests that change their answers.
constexpr std::string_view kHeaders[] = {"x-promethean-retrieval", "x-codex-turn-metadata", "anthropic-version",
                                         "anthropic-beta"};

int64_t since(base::SteadyTime start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(base::steady_now() - start).count();
}

json::Object headers_of(const http::Request& request) {
  json::Object out;
  for (const std::string_view name : kHeaders) {
    if (const auto value = request.headers.get(name)) out[name] = *value;
  }
  return out;
}

// About what it adds to an answer that is kept; each choice of several says as much as the first.
size_t bytes_of(const llm::Delta& delta) {
  constexpr size_t kPiece = 16;
  size_t bytes = kPiece + delta.content.size() + delta.reasoning.size() + delta.refusal.size();
  for (const auto& call : delta.tool_calls) bytes += call.name.size() + call.arguments.size();
  return bytes * (delta.is_plain ? 1 : std::max<size_t>(delta.choices.values().size(), 1));
}

class RecordedStream final : public llm::ChatStream {
 public:
  RecordedStream(std::unique_ptr<llm::ChatStream> inner, std::shared_ptr<Recording> recording)
      : inner_(std::move(inner)), recording_(std::move(recording)) {}

  Task<base::Result<std::optional<llm::Delta>>> next(Context& ctx) override {
    auto delta = co_await inner_->next(ctx);
    if (!delta) {
      recording_->fails(delta.error());
    } else if (*delta) {
      recording_->takes(**delta);
    } else {
      recording_->ends();
    }
    co_return delta;
  }

  bool is_ready() const override { return inner_->is_ready(); }

 private:
  std::unique_ptr<llm::ChatStream> inner_;
  std::shared_ptr<Recording> recording_;
};

}  // namespace

Recording::Recording(context::ArtifactWriter& writer, const http::Request& request, bool texts)
    : writer_(writer), started_(base::steady_now()) {
  exchange_.started = base::wall_now();
  exchange_.id = context::new_exchange_id(exchange_.started);
  exchange_.endpoint = request.path;
  exchange_.principal = request.principal.id;
  exchange_.model_asked = json::string_at(request.json, "model").value_or("");
  if (!texts) return;
  exchange_.texts.emplace();
  exchange_.texts->request = request.body;
  exchange_.texts->headers = headers_of(request);
}

Recording::~Recording() {
  if (begun_) finish(context::ExchangeEnd::kLeft);
}

void Recording::begins(const Context& ctx) {
  begun_ = true;
  exchange_.request_id = ctx.trace.request_id;
}

void Recording::continues(const std::string& session, const json::Array& conversation) {
  exchange_.session = session;
  if (exchange_.texts) exchange_.texts->conversation = conversation;
}

void Recording::asks(const json::Array& messages) {
  if (exchange_.texts) exchange_.texts->prompt = messages;
}

void Recording::finds(llm::RetrievalContext retrieval) {
  retrieval_ = std::move(retrieval);
}

void Recording::answers(const llm::Model& used) {
  exchange_.model = used.name;
}

void Recording::takes(const llm::Delta& delta) {
  if (delta.usage) exchange_.usage = delta.usage;
  if (!delta.finish_reason.empty()) exchange_.finish_reason = delta.finish_reason;
  if (!exchange_.first_token_ms && !delta.choices.empty()) exchange_.first_token_ms = since(started_);
  if (!exchange_.texts) return;
  answer_bytes_ += bytes_of(delta);
  if (answer_bytes_ > kMaxAnswer) {
    exchange_.texts->cut = true;
  } else {
    answer_.add(delta);
  }
}

void Recording::ends() {
  finish(context::ExchangeEnd::kDone);
}

void Recording::embeds(const llm::Model& used, const base::Result<llm::Embeddings>& got) {
  if (!got) return fails(got.error());
  answers(used);
  exchange_.usage.emplace().prompt_tokens = got->prompt_tokens;
  ends();
}

void Recording::fails(const base::Error& error) {
  if (!done_) exchange_.error = error;
  const bool left = error.code() == base::Code::kCancelled;
  finish(left                       ? context::ExchangeEnd::kLeft
         : exchange_.first_token_ms ? context::ExchangeEnd::kCut
                                    : context::ExchangeEnd::kFailed);
}

void Recording::finish(context::ExchangeEnd end) {
  if (std::exchange(done_, true)) return;
  exchange_.end = end;
  exchange_.total_ms = since(started_);
  if (retrieval_) exchange_.retrieval = *retrieval_;
  if (exchange_.texts) exchange_.texts->choices = answer_.answer().choices;
  writer_.put(std::move(exchange_));
}

std::shared_ptr<Recording> begin_recording(const Services& services, http::Request& request, bool texts) {
  if (services.artifacts == nullptr) return nullptr;
  auto recording =
      std::make_shared<Recording>(*services.artifacts, request, texts && services.artifacts->keeps_texts());
  request.answer_headers.set("x-promethean-exchange", recording->id());
  return recording;
}

std::unique_ptr<llm::ChatStream> recorded(std::unique_ptr<llm::ChatStream> stream,
                                          std::shared_ptr<Recording> recording) {
  return std::make_unique<RecordedStream>(std::move(stream), std::move(recording));
}

}  // namespace promethean::api
