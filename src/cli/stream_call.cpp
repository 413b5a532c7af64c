#include "cli/stream_call.h"

#include <cstdlib>

#include "cli/app.h"
#include "cli/call.h"
#include "cli/server_file.h"
#include "net/client.h"

namespace promethean::cli {

namespace {

constexpr std::chrono::minutes kDeadline{10};
constexpr size_t kMaxError = 1 << 20;

using Read = base::Result<void>;

// `client`, `call` and `on_bytes` outlive it, as in the one below.
async::Task<Read> call_server(async::Context& ctx, http::Client& client, std::string address, std::string token,
                              const StreamCall& call, const OnBytes& on_bytes) {
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.url = "http://" + address + call.path;
  request.headers = call.headers;
  request.headers.set("content-type", "application/json");
  if (!token.empty()) request.headers.set("authorization", "Bearer " + token);
  request.body = call.body;
  auto response = co_await client.send(ctx, std::move(request));
  if (!response) co_return base::fail(std::move(response).error());
  if ((*response)->status != 200) {
    auto text = co_await http::read_body(ctx, **response, kMaxError);
    co_return base::fail(error_of_answer({(*response)->status, text ? *text : ""}));
  }
  for (;;) {
    auto chunk = co_await (*response)->next(ctx);
    if (!chunk) co_return base::fail(std::move(chunk).error());
    if (*chunk == nullptr) co_return Read();
    if (auto fed = on_bytes(**chunk); !fed) co_return fed;
  }
}

// The same request straight to the route table of an App in this process.
async::Task<Read> call_here(async::Context& ctx, const http::Router& router, const StreamCall& call,
                            const OnBytes& on_bytes) {
  const http::Route* route = nullptr;
  for (const auto& candidate : router.routes()) {
    if (candidate->path == call.path && candidate->method == http::Method::kPost) route = candidate.get();
  }
  if (route == nullptr) co_return base::fail(base::Code::kNotFound, "this program has no POST " + call.path);
  http::Request request;
  request.method = http::Method::kPost;
  request.path = call.path;
  request.headers = call.headers;
  request.body = call.body;
  auto response = co_await router.dispatch(ctx, *route, std::move(request));
  if (auto* text = std::get_if<std::string>(&response.body)) {
    if (response.status != 200) co_return base::fail(error_of_answer({response.status, *text}));
    co_return on_bytes(*text);
  }
  auto& stream = std::get<std::unique_ptr<http::BodyStream>>(response.body);
  for (;;) {
    auto chunk = co_await stream->next(ctx);
    if (!chunk) co_return base::fail(std::move(chunk).error());
    if (*chunk == nullptr) co_return Read();
    if (auto fed = on_bytes(**chunk); !fed) co_return fed;
  }
}

// Runs one task on a runtime of one core; Ctrl-C cancels it.
template <class Start>
Read run_task(async::Runtime& runtime, const base::Log& log, Start start,
              std::function<void(std::function<void()>)> cleanup) {
  Read read = base::fail(base::Code::kInternal, "the task did not end");
  async::Context ctx(runtime.core(0), base::steady_now() + kDeadline);
  const auto work = [&]() -> async::Task<void> {
    read = co_await start(ctx);
    cleanup([&runtime] { runtime.stop(); });
  };
  async::spawn(runtime.core(0), log, "ask", work());
  runtime.handle_signals([&ctx](int) { ctx.cancel(); });
  runtime.run();
  return read;
}

// For a server that was named: another machine gets only the token that was meant for it.
std::string token_for(const Config& config, const std::string& address) {
  const auto parsed = parse_address(address);
  if (parsed && is_loopback(parsed->host)) return find_token(config.server.state_dir).value_or("");
  const char* given = std::getenv("PROMETHEAN_TOKEN");
  return given != nullptr ? given : "";
}

Read ask_there(const std::string& address, const std::string& token, const StreamCall& call, const OnBytes& on_bytes) {
  const base::Log log;
  const auto client = net::make_client();
  async::Runtime runtime(1, log);
  const auto start = [&](async::Context& ctx) { return call_server(ctx, *client, address, token, call, on_bytes); };
  auto read = run_task(runtime, log, start, [](std::function<void()> done) { done(); });
  client->close();
  return read;
}

}  // namespace

base::Result<void> stream_call(const Invocation& invocation, const StreamCall& call, const OnBytes& on_bytes) {
  const Config& config = invocation.config;
  if (!call.server.empty()) return ask_there(call.server, token_for(config, call.server), call, on_bytes);
  if (const auto server = find_server(config.server.state_dir, config.server.root)) {
    const auto token = find_token(config.server.state_dir);
    auto read = ask_there(server->address, token.value_or(""), call, on_bytes);
    const bool nobody =
        !read && read.error().code() == base::Code::kUnavailable && read.error().message().starts_with("connecting");
    if (!nobody) return read;  // else the file names a server that does not answer: as if there were none
  }
  const base::Log log;
  std::unique_ptr<App> app;
  async::Runtime runtime(1, log);
  auto built = App::build(config, runtime, log);
  if (!built) return base::fail(std::move(built).error());
  app = std::move(*built);
  const App::Closing closing(*app);
  const auto start = [&](async::Context& ctx) { return call_here(ctx, app->router(), call, on_bytes); };
  return run_task(runtime, log, start, [&app](std::function<void()> done) { app->stop(std::move(done)); });
}

}  // namespace promethean::cli
