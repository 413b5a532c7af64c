#include "api/ollama_lines.h"

#include <optional>
#include <utility>

namespace promethean::api {

namespace {

namespace ollama = llm::ollama;

class NdjsonAnswer final : public http::BodyStream {
 public:
  NdjsonAnswer(ollama::Head head, std::unique_ptr<llm::ChatStream> stream)
      : lines_(std::move(head)), stream_(std::move(stream)) {}

  async::Task<base::Result<http::Chunk>> next(async::Context& ctx) override {
    for (;;) {
      if (ended_) co_return http::Chunk();
      if (failure_) co_return base::fail(*failure_);
      auto delta = co_await stream_->next(ctx);
      if (!delta) co_return fail(delta.error());
      if (!*delta) co_return finish();
      if (const auto line = lines_.take(**delta, ollama::Moment::now())) co_return http::make_chunk(text_of(*line));
    }
  }

 private:
  static std::string text_of(const json::Value& line) { return json::write(line) + "\n"; }

  http::Chunk finish() {
    const auto last = lines_.finish(ollama::Moment::now());
    if (!last) return fail(last.error());
    ended_ = true;
    stream_.reset();
    std::string text;
    for (const auto& line : *last) text += text_of(line);
    return http::make_chunk(std::move(text));
  }

  http::Chunk fail(const base::Error& error) {
    failure_ = error;
    stream_.reset();
    return http::make_chunk(text_of(http::error_body(http::Family::kOllama, error)));
  }

  ollama::Lines lines_;
  std::unique_ptr<llm::ChatStream> stream_;
  std::optional<base::Error> failure_;
  bool ended_ = false;
};

}  // namespace

http::Response stream_lines(ollama::Head head, std::unique_ptr<llm::ChatStream> stream) {
  return http::Response::stream(std::make_unique<NdjsonAnswer>(std::move(head), std::move(stream)),
                                std::string(kNdjson));
}

async::Task<http::Response> whole_lines(async::Context& ctx, ollama::Head head,
                                        std::unique_ptr<llm::ChatStream> stream) {
  ollama::Lines lines(std::move(head));
  ollama::Whole whole;
  for (;;) {
    auto delta = co_await stream->next(ctx);
    if (!delta) co_return ollama_error(delta.error());
    if (!*delta) break;
    if (auto line = lines.take(**delta, ollama::Moment::now())) whole.add(std::move(*line));
  }
  auto last = lines.finish(ollama::Moment::now());
  if (!last) co_return ollama_error(last.error());
  for (auto& line : *last) whole.add(std::move(line));
  const json::Value answer(std::move(whole).answer());
  co_return http::Response::json(200, answer);
}

http::Response loaded_line(const ollama::Head& head, bool lets_go) {
  return http::Response::json(200, ollama::loaded(head, lets_go, ollama::Moment::now()));
}

}  // namespace promethean::api
