// What a backend answers, in each dialect: the first byte chooses the dialect and the endpoint, the second how the
// bytes are cut into pieces. An answer ends properly or with an error of its own, however it is cut, and both read the
// same.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "llm/backends.h"

namespace {

using namespace promethean;
using namespace promethean::llm;

class Pieces final : public http::ClientResponse {
 public:
  Pieces(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) { status = 200; }
  Task<base::Result<http::Chunk>> next(Context&) override {
    if (bytes_.empty()) co_return http::Chunk();
    const std::string_view piece = bytes_.substr(0, piece_);
    bytes_.remove_prefix(piece.size());
    co_return http::make_chunk(std::string(piece));
  }

 private:
  std::string_view bytes_;
  size_t piece_;
};

class OneAnswer final : public http::Client {
 public:
  OneAnswer(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  Task<base::Result<std::unique_ptr<http::ClientResponse>>> send(Context&, http::ClientRequest) override {
    co_return std::make_unique<Pieces>(bytes_, piece_);
  }

 private:
  std::string_view bytes_;
  size_t piece_;
};

std::shared_ptr<Backend> backend_of(http::Client& client, int dialect) {
  const BackendOptions options{.label = "m", .upstream = "m", .api_key = "", .timeouts = {}, .incarnation = {}};
  if (dialect == 0) return make_openai_backend(client, Kind::kOpenAi, options, fixed_location("http://b"));
  if (dialect == 1) return make_ollama_backend(client, options, fixed_location("http://b"));
  return make_anthropic_backend(client, options, fixed_location("http://b"));
}

// The answer as JSON, or the error that it ended with.
Task<std::string> read_answer(Context& ctx, Backend& backend, bool completes) {
  const json::Object chat{{"messages", json::Array{json::Object{{"role", "user"}, {"content", "x"}}}}};
  const json::Object prompt{{"prompt", "x"}};
  auto stream = completes ? co_await backend.complete(ctx, prompt) : co_await backend.chat(ctx, chat);
  if (!stream) co_return stream.error().message();
  std::string text;
  for (;;) {
    auto delta = co_await (*stream)->next(ctx);
    if (!delta) co_return text + "|" + delta.error().message();
    if (!*delta) co_return text + "|end";
    text += (*delta)->content + (*delta)->reasoning + (*delta)->refusal + (*delta)->finish_reason;
    // A call that the backend gave no id gets a new one each time.
    for (const auto& call : (*delta)->tool_calls) text += call.name + call.arguments;
    std::string choices;
    (*delta)->choices.append_to(choices);
    CHECK(json::parse(choices));
  }
}

std::string answer_to(std::string_view bytes, size_t piece, int dialect, bool completes) {
  OneAnswer client(bytes, piece);
  const auto backend = backend_of(client, dialect);
  boost::asio::io_context loop(1);
  Context ctx(loop.get_executor());
  std::optional<std::string> answer;
  boost::asio::co_spawn(loop, read_answer(ctx, *backend, completes), [&](std::exception_ptr failure, std::string text) {
    if (failure) std::rethrow_exception(failure);
    answer = std::move(text);
  });
  loop.run();
  CHECK(answer);
  return *answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const int dialect = data[0] % 3;
  const bool completes = data[0] / 3 % 2 == 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = answer_to(bytes, size, dialect, completes);
  CHECK(whole == answer_to(bytes, 1 + data[1] % 64, dialect, completes));
  return 0;
}
