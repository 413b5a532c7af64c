#include "cli/call.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "async/runtime.h"
#include "base/log.h"
#include "http/auth.h"
#include "net/client.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr size_t kMaxAnswer = 64 << 20;

using Outcome = std::optional<base::Result<CallAnswer>>;

static http::ClientRequest client_request(const CallRequest& request) {
  http::ClientRequest out;
  out.method = request.method;
  out.url = request.url;
  out.body = request.body;
  out.idempotent = true;  // every call of the command line only reads
  out.timeouts.connect = request.connect_within;
  out.timeouts.first_byte = request.deadline;
  out.timeouts.idle = request.deadline;
  if (!request.token.empty()) out.headers.set("authorization", "Bearer " + request.token);
  if (!request.body.empty()) out.headers.set("content-type", "application/json");
  return out;
}

// `ctx`, `client` and `outcome` live in call(), which waits for this task.
static async::Task<void> perform(async::Context& ctx, http::Client& client, http::ClientRequest request,
                                 Outcome& outcome) {
  auto response = co_await client.send(ctx, std::move(request));
  if (!response) {
    outcome.emplace(fail(std::move(response).error()));
    co_return;
  }
  auto body = co_await http::read_body(ctx, **response, kMaxAnswer);
  if (!body) {
    outcome.emplace(fail(std::move(body).error()));
    co_return;
  }
  outcome.emplace(CallAnswer{(*response)->status, *std::move(body)});
}

base::Result<CallAnswer> call(const CallRequest& request) {
  async::asio::io_context loop(1);
  Outcome outcome;
  {
    const auto client = net::make_client();
    async::Context ctx(loop.get_executor(), base::steady_now() + request.deadline);
    async::spawn(loop.get_executor(), base::Log(), "call", perform(ctx, *client, client_request(request), outcome));
    while (!outcome && loop.run_one() > 0) {
    }
    client->close();
  }
  if (!outcome) return fail(Code::kInternal, "the call ended without an answer");
  return *std::move(outcome);
}

base::Result<std::string> find_token(const std::string& state_dir) {
  const char* given = std::getenv("PROMETHEAN_TOKEN");
  if (given != nullptr && *given != '\0') return std::string(given);
  return http::TokenStore(state_dir).read_first();
}

static Code code_of(std::string_view name, int status) {
  constexpr Code kCodes[] = {Code::kInvalidArgument,  Code::kUnauthenticated, Code::kPermissionDenied, Code::kNotFound,
                             Code::kConflict,         Code::kTooLarge,        Code::kRateLimited,      Code::kCancelled,
                             Code::kDeadlineExceeded, Code::kUnavailable,     Code::kUnsupported,      Code::kInternal};
  for (const Code code : kCodes) {
    if (base::code_name(code) == name) return code;
  }
  for (const Code code : kCodes) {
    if (base::http_status(code) == status) return code;
  }
  return Code::kInternal;
}

static std::string hint_for(Code code, std::string_view given) {
  if (!given.empty()) return std::string(given);
  if (code == Code::kUnauthenticated) return "set PROMETHEAN_TOKEN, or make one with `promethean token create`";
  if (code == Code::kPermissionDenied) return "the token lacks a scope; see `promethean token list`";
  return {};
}

base::Error error_of_answer(const CallAnswer& answer) {
  const std::string plain = fmt::format("the server answered with status {}", answer.status);
  auto document = json::parse(answer.body);
  if (!document) return {code_of("", answer.status), plain};
  const auto* inner = json::find(*document, "error");
  const json::Value& error = inner != nullptr && inner->is_object() ? *inner : *document;
  const Code code = code_of(json::string_at(error, "code").value_or(""), answer.status);
  auto message = json::string_at(error, "message");
  if (!message) message = json::string_at(error, "error");
  if (!message) return {code, plain};
  const std::string hint = hint_for(code, json::string_at(error, "hint").value_or(""));
  // For clients that show one text only, the server's message ends with the hint; here it has a line of its own.
  if (!hint.empty() && message->ends_with("; " + hint)) message->remove_suffix(hint.size() + 2);
  return {code, std::string(*message), hint};
}

base::Result<json::Value> post_json(const RunningServer& server, const std::string& token, const std::string& path,
                                    const json::Value& body) {
  const CallRequest request{.method = http::Method::kPost,
                            .url = "http://" + server.address + path,
                            .token = token,
                            .body = json::write(body)};
  auto answer = call(request);
  if (!answer) return fail(std::move(answer).error());
  if (answer->status >= 300) return fail(error_of_answer(*answer));
  auto document = json::parse(answer->body);
  if (!document) return fail(document.error().wrap("the server's answer"));
  return document;
}

}  // namespace promethean::cli
