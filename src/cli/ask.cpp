// promethean ask: one question, its cited answer streamed to the terminal. Through the server of this root when one
// runs, else by the same parts in this process.
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "cli/app.h"
#include "cli/call.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/server_file.h"
#include "http/sse.h"
#include "net/client.h"

namespace promethean::cli {

namespace {

constexpr std::chrono::minutes kDeadline{10};

json::Object question_body(const AskOptions& options) {
  json::Object body{{"messages", json::Array{json::Object{{"role", "user"}, {"content", options.question}}}},
                    {"stream", true}};
  if (!options.model.empty()) body["model"] = options.model;
  if (options.citations > 0) body["retrieval"] = json::Object{{"max_citations", options.citations}};
  return body;
}

// Reads the events of an answer: prints the text as it comes (unless JSON is wanted), keeps what --json reports.
class AnswerReader {
 public:
  explicit AnswerReader(bool json) : json_(json) {}

  base::Result<void> feed(std::string_view bytes) {
    auto fed = parser_.feed(bytes, [this](const http::SseEvent& event) { take(event.data); });
    if (!fed) return fed;
    if (error_) return base::fail(*error_);
    return {};
  }

  Exit finish() const {
    if (!done_) return base::fail(base::Code::kUnavailable, "the answer broke off");
    if (json_)
      print_json(json::Object{{"ok", true}, {"answer", text_}, {"model", model_}, {"retrieval_context", context_}});
    return kExitDone;
  }

 private:
  void take(std::string_view data) {
    if (data == "[DONE]") {
      done_ = true;
      return;
    }
    const auto chunk = json::parse(data);
    if (!chunk) return;
    if (const json::Value* error = json::find(*chunk, "error")) {
      error_ = base::Error(base::Code::kUnavailable,
                           std::string(json::string_at(*error, "message").value_or("the answer failed")));
      return;
    }
    if (const auto model = json::string_at(*chunk, "model")) model_ = *model;
    if (const json::Value* context = json::find(*chunk, "retrieval_context")) context_ = *context;
    const json::Array* choices = json::array_at(*chunk, "choices");
    if (choices == nullptr || choices->empty()) return;
    const json::Value* delta = json::find(choices->front(), "delta");
    const auto content = delta != nullptr ? json::string_at(*delta, "content") : std::nullopt;
    if (!content) return;
    text_ += *content;
    if (json_) return;
    print(printable(*content));
    std::fflush(stdout);
  }

  bool json_;
  http::SseParser parser_;
  std::string text_;
  std::string model_;
  json::Value context_;
  bool done_ = false;
  std::optional<base::Error> error_;
};

base::Error answer_error(int status, const std::string& body) {
  return error_of_answer({status, body});
}

async::Task<Exit> ask_server(async::Context& ctx, http::Client& client, std::string address, std::string token,
                             const AskOptions& options, AnswerReader& reader) {
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.url = "http://" + address + "/v1/chat/completions";
  request.headers.add("content-type", "application/json");
  if (!token.empty()) request.headers.add("authorization", "Bearer " + token);
  const json::Value body = question_body(options);
  request.body = json::write(body);
  auto response = co_await client.send(ctx, std::move(request));
  if (!response) co_return base::fail(std::move(response).error());
  if ((*response)->status != 200) {
    auto text = co_await http::read_body(ctx, **response, 1 << 20);
    co_return base::fail(answer_error((*response)->status, text ? *text : ""));
  }
  for (;;) {
    auto chunk = co_await (*response)->next(ctx);
    if (!chunk) co_return base::fail(std::move(chunk).error());
    if (*chunk == nullptr) break;
    if (auto fed = reader.feed(**chunk); !fed) co_return base::fail(std::move(fed).error());
  }
  co_return reader.finish();
}

// The same request straight to the route table of an App in this process.
async::Task<Exit> ask_here(async::Context& ctx, const http::Router& router, const AskOptions& options,
                           AnswerReader& reader) {
  const http::Route* route = nullptr;
  for (const auto& candidate : router.routes()) {
    if (candidate->operation_id == "createChatCompletion") route = candidate.get();
  }
  http::Request request;
  request.method = http::Method::kPost;
  request.path = route->path;
  const json::Value body = question_body(options);
  request.body = json::write(body);
  auto response = co_await router.dispatch(ctx, *route, std::move(request));
  if (auto* text = std::get_if<std::string>(&response.body)) co_return base::fail(answer_error(response.status, *text));
  auto& stream = std::get<std::unique_ptr<http::BodyStream>>(response.body);
  for (;;) {
    auto chunk = co_await stream->next(ctx);
    if (!chunk) co_return base::fail(std::move(chunk).error());
    if (*chunk == nullptr) break;
    if (auto fed = reader.feed(**chunk); !fed) co_return base::fail(std::move(fed).error());
  }
  co_return reader.finish();
}

// Runs one task on a runtime of one core; Ctrl-C cancels it.
template <class Start>
Exit run_task(async::Runtime& runtime, const base::Log& log, Start start,
              std::function<void(std::function<void()>)> cleanup) {
  Exit exit = base::fail(base::Code::kInternal, "the task did not end");
  async::Context ctx(runtime.core(0), base::steady_now() + kDeadline);
  const auto work = [&]() -> async::Task<void> {
    exit = co_await start(ctx);
    cleanup([&runtime] { runtime.stop(); });
  };
  async::spawn(runtime.core(0), log, "ask", work());
  runtime.handle_signals([&ctx](int) { ctx.cancel(); });
  runtime.run();
  return exit;
}

}  // namespace

Exit run_ask(const Invocation& invocation, const AskOptions& options) {
  const Config& config = invocation.config;
  AnswerReader reader(invocation.json);
  const base::Log log;
  if (const auto server = find_server(config.server.state_dir, config.server.root)) {
    const auto token = find_token(config.server.state_dir);
    const auto client = net::make_client();
    async::Runtime runtime(1, log);
    const auto start = [&](async::Context& ctx) {
      return ask_server(ctx, *client, server->address, token.value_or(""), options, reader);
    };
    auto asked = run_task(runtime, log, start, [](std::function<void()> done) { done(); });
    client->close();
    const bool nobody =
        !asked && asked.error().code() == base::Code::kUnavailable && asked.error().message().starts_with("connecting");
    if (!nobody) return asked;  // else the file names a server that does not answer: as if there were none
  }
  std::unique_ptr<App> app;
  async::Runtime runtime(1, log);
  auto built = App::build(config, runtime, log);
  if (!built) return base::fail(std::move(built).error());
  app = std::move(*built);
  const App::Closing closing(*app);
  const auto start = [&](async::Context& ctx) { return ask_here(ctx, app->router(), options, reader); };
  auto asked = run_task(runtime, log, start, [&app](std::function<void()> done) { app->stop(std::move(done)); });
  return asked;
}

}  // namespace promethean::cli
