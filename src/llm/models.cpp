#include "llm/models.h"

#include <algorithm>
#include <deque>
#include <random>

#include "base/check.h"
#include "base/clock.h"
#include "base/strings.h"

namespace promethean::llm {

ModelTable::ModelTable(std::vector<Model> models, bool unknown_gets_default)
    : models_(std::move(models)),
      unknown_gets_default_(unknown_gets_default),
      created_(base::unix_seconds(base::wall_now())) {
  CHECK(!models_.empty());
}

base::Result<const Model*> ModelTable::find(std::string_view name) const {
  if (name.empty()) return &models_.front();
  const auto found = std::ranges::find(models_, name, &Model::name);
  if (found != models_.end()) return &*found;
  if (unknown_gets_default_) return &models_.front();
  std::vector<std::string> names;
  for (const auto& model : models_) names.push_back(model.name);
  return base::fail(base::Error(base::Code::kNotFound, "the model '" + std::string(name) + "' does not exist",
                                "ask for one of: " + base::join(names, ", "))
                        .with_field("model"));
}

namespace {

using std::chrono::milliseconds;

constexpr int64_t kBytesPerToken = 4;

size_t text_bytes(const json::Value& value) {
  if (value.is_string()) return value.as_string().size();
  size_t bytes = 0;
  if (value.is_array()) {
    for (const auto& item : value.as_array()) bytes += text_bytes(item);
  } else if (value.is_object()) {
    // An image is not read as text.
    if (json::find(value, "image_url") != nullptr || json::find(value, "input_audio") != nullptr) return 0;
    for (const auto& member : value.as_object()) bytes += text_bytes(member.value());
  }
  return bytes;
}

// The stream behind what was read of it already; holds the caller's place.
class StartedStream final : public ChatStream {
 public:
  StartedStream(std::unique_ptr<ChatStream> inner, std::deque<Delta> read, std::optional<Admission::Ticket> ticket,
                base::SteadyTime end)
      : ticket_(std::move(ticket)), inner_(std::move(inner)), read_(std::move(read)), end_(end) {}

  Task<base::Result<std::optional<Delta>>> next(Context& ctx) override {
    if (!read_.empty()) {
      std::optional<Delta> delta(std::move(read_.front()));
      read_.pop_front();
      return ready(std::move(delta));
    }
    if (base::steady_now() >= end_) return too_late();
    return inner_->next(ctx);
  }

 private:
  static Task<base::Result<std::optional<Delta>>> ready(std::optional<Delta> delta) { co_return delta; }
  static Task<base::Result<std::optional<Delta>>> too_late() {
    co_return base::fail(base::Code::kDeadlineExceeded, "the answer took longer than this model may");
  }

  std::optional<Admission::Ticket> ticket_;
  std::unique_ptr<ChatStream> inner_;
  std::deque<Delta> read_;
  base::SteadyTime end_;
};

bool may_pass(const base::Error& error, const RetryPolicy& policy) {
  if (error.code() == base::Code::kUnavailable) return error.retry_after() <= policy.longest_wait;
  return error.code() == base::Code::kRateLimited && error.retry_after().count() > 0 &&
         error.retry_after() <= policy.longest_wait;
}

bool is_away(base::Code code) {
  return code == base::Code::kUnavailable || code == base::Code::kDeadlineExceeded ||
         code == base::Code::kPermissionDenied;
}

milliseconds pause_before(int retry, const RetryPolicy& policy, const base::Error& error) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto step = policy.pause * (1 << std::min(retry, 10));
  const auto varied = step / 2 + milliseconds(std::uniform_int_distribution<int64_t>(0, step.count() / 2)(random));
  return std::max(varied, error.retry_after());
}

// Whether a client that got this delta has got a part of the answer: the first chunk of many backends only names the
// role.
bool says_something(const Delta& delta) {
  if (!delta.content.empty() || !delta.reasoning.empty() || !delta.refusal.empty() || !delta.tool_calls.empty() ||
      !delta.finish_reason.empty())
    return true;
  return std::ranges::any_of(delta.choices, [](const json::Value& choice) {
    const json::Value* piece = json::find(choice, "delta");
    return json::string_at(choice, "finish_reason").has_value() ||
           (piece != nullptr && !json::string_at(*piece, "content").value_or("").empty());
  });
}

struct Begun {
  std::unique_ptr<ChatStream> stream;
  std::deque<Delta> read;  // up to the first that says something
};

// One try. An answer that says nothing is no answer.
Task<base::Result<Begun>> begin(Context& ctx, const Model& model, const json::Object& request) {
  auto stream = co_await model.backend->chat(ctx, request);
  if (!stream) co_return base::fail(std::move(stream).error());
  Begun begun{std::move(*stream), {}};
  do {
    auto delta = co_await begun.stream->next(ctx);
    if (!delta) co_return base::fail(std::move(delta).error());
    if (!*delta) co_return base::fail(base::Code::kUnavailable, "model " + model.name + " answered nothing");
    begun.read.push_back(std::move(**delta));
  } while (!says_something(begun.read.back()));
  co_return begun;
}

Task<base::Result<Begun>> begin_with_retries(Context& ctx, const Model& model, const json::Object& request) {
  for (int retry = 0;; ++retry) {
    auto begun = co_await begin(ctx, model, request);
    if (begun || ctx.done() || retry >= model.retry.retries || !may_pass(begun.error(), model.retry)) co_return begun;
    const auto pause = pause_before(retry, model.retry, begun.error());
    if (auto slept = co_await async::sleep_for(ctx, pause); !slept) co_return begun;
  }
}

// Tells the breaker how it went.
void judge(Breaker& breaker, const base::Result<Begun>& begun, const Context& ctx) {
  if (begun) return breaker.succeeded();
  if (ctx.done() || !is_away(begun.error().code())) return breaker.gave_up();
  breaker.failed(base::steady_now());
}

json::Object with_defaults(json::Object request, const json::Object& parameters) {
  for (const auto& [key, value] : parameters) {
    const json::Value* given = request.if_contains(key);
    if (given == nullptr || given->is_null()) request[key] = value;
  }
  return request;
}

}  // namespace

Task<base::Result<std::unique_ptr<ChatStream>>> ask(Context& ctx, const Model& model, json::Object request,
                                                    std::string caller) {
  request = with_defaults(std::move(request), model.parameters);
  if (auto refused = check_support(request, model.backend->kind())) co_return base::fail(std::move(*refused));
  if (const int64_t least = least_tokens(request); model.context > 0 && least > model.context) {
    co_return base::fail(base::Error(base::Code::kTooLarge,
                                     "the prompt has about " + std::to_string(least) + " tokens; model " + model.name +
                                         " takes " + std::to_string(model.context),
                                     "shorten the conversation, or choose a model with a larger context")
                             .with_field("messages"));
  }
  if (auto open = model.breaker->admit(model.name, base::steady_now()); !open) co_return base::fail(open.error());
  std::optional<Admission::Ticket> ticket;
  if (model.admission != nullptr) {
    auto entered = co_await model.admission->enter(ctx, std::move(caller));
    if (!entered) {
      model.breaker->gave_up();
      co_return base::fail(std::move(entered).error());
    }
    ticket.emplace(std::move(*entered));
  }
  const auto began = base::steady_now();
  Context stage(ctx, began + model.timeouts.first_token);
  auto begun = co_await begin_with_retries(stage, model, request);
  judge(*model.breaker, begun, ctx);
  if (!begun) {
    // A client that shows a good token of ours must not read that it is not allowed in.
    if (begun.error().code() == base::Code::kPermissionDenied)
      co_return base::fail(base::Code::kUnavailable, begun.error().message(), begun.error().hint());
    if (!ctx.done() && begun.error().code() == base::Code::kDeadlineExceeded)
      co_return base::fail(base::Code::kDeadlineExceeded, "model " + model.name + ": the first token took too long");
    co_return base::fail(std::move(begun).error());
  }
  co_return std::make_unique<StartedStream>(std::move(begun->stream), std::move(begun->read), std::move(ticket),
                                            began + model.timeouts.total);
}

int64_t least_tokens(const json::Object& request) {
  size_t bytes = 0;
  for (const std::string_view key : {"messages", "tools"}) {
    if (const json::Value* part = request.if_contains(key)) bytes += text_bytes(*part);
  }
  return static_cast<int64_t>(bytes) / kBytesPerToken;
}

Task<base::Result<ModelTable::Started>> ModelTable::chat(Context& ctx, const Model& model, json::Object request,
                                                         std::string caller) const {
  auto stream = co_await ask(ctx, model, request, caller);
  if (stream) co_return Started{&model, std::move(*stream)};
  base::Error first = std::move(stream).error();
  for (const auto& name : model.fallback) {
    if ((!is_away(first.code()) && first.code() != base::Code::kRateLimited) || ctx.done()) break;
    const auto next = find(name);
    if (!next) continue;
    auto other = co_await ask(ctx, **next, request, caller);
    if (other) co_return Started{*next, std::move(*other)};
  }
  co_return base::fail(std::move(first));
}

}  // namespace promethean::llm
