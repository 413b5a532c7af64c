#include "llm/models.h"

#include <algorithm>
#include <functional>
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
constexpr int64_t kCompletionTokens = 16;  // OpenAI's limit for who gives none

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
  StartedStream(std::unique_ptr<ChatStream> inner, std::vector<Delta> read, std::optional<Admission::Ticket> ticket,
                base::SteadyTime end)
      : ticket_(std::move(ticket)), inner_(std::move(inner)), read_(std::move(read)), end_(end) {}

  Task<base::Result<std::optional<Delta>>> next(Context& ctx) override {
    if (taken_ < read_.size()) return ready(std::move(read_[taken_++]));
    if (!read_.empty()) read_ = {};
    if (base::steady_now() >= end_) return too_late();
    return inner_->next(ctx);
  }

  bool is_ready() const override { return taken_ < read_.size() || inner_->is_ready(); }

 private:
  static Task<base::Result<std::optional<Delta>>> ready(Delta delta) { co_return std::move(delta); }
  static Task<base::Result<std::optional<Delta>>> too_late() {
    co_return base::fail(base::Code::kDeadlineExceeded, "the answer took longer than this model may");
  }

  std::optional<Admission::Ticket> ticket_;
  std::unique_ptr<ChatStream> inner_;
  std::vector<Delta> read_;
  size_t taken_ = 0;  // of read_
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
  if (delta.is_plain) return false;
  return std::ranges::any_of(delta.choices, [](const json::Value& choice) {
    const json::Value* piece = json::find(choice, "delta");
    return json::string_at(choice, "finish_reason").has_value() ||
           !json::string_at(choice, "text").value_or("").empty() ||
           (piece != nullptr && !json::string_at(*piece, "content").value_or("").empty());
  });
}

struct Begun {
  std::unique_ptr<ChatStream> stream;
  std::vector<Delta> read;  // up to the first that says something
};

// One try. An answer that says nothing is no answer.
Task<base::Result<Begun>> begin(Context& ctx, const Model& model, const json::Object& request, Endpoint endpoint) {
  auto start = endpoint == Endpoint::kChat ? model.backend->chat(ctx, request) : model.backend->complete(ctx, request);
  auto stream = co_await std::move(start);
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

// Asks the backend once.
template <class T>
using Try = std::function<Task<base::Result<T>>(Context&)>;

// Tells the breaker how it went: nullptr, well.
void judge(Breaker& breaker, const base::Error* error, const Context& ctx) {
  if (error == nullptr) return breaker.succeeded();
  if (ctx.done() || !is_away(error->code())) return breaker.gave_up();
  breaker.failed(base::steady_now());
}

// How a client hears of it.
base::Error told(const base::Error& error, const Model& model, const Context& ctx) {
  // A client that shows a good token of ours must not read that it is not allowed in.
  if (error.code() == base::Code::kPermissionDenied)
    return base::Error(base::Code::kUnavailable, error.message(), error.hint());
  if (!ctx.done() && error.code() == base::Code::kDeadlineExceeded)
    return base::Error(base::Code::kDeadlineExceeded, "model " + model.name + ": the first token took too long");
  return error;
}

template <class T>
struct Passed {
  T value;
  std::optional<Admission::Ticket> ticket;
  base::SteadyTime began;  // when a place was free
};

// The way of every call: breaker, admission, the backend until `patience` is over.
template <class T>
Task<base::Result<Passed<T>>> pass(Context& ctx, const Model& model, std::string caller, milliseconds patience,
                                   const Try<T>& attempt) {
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
  Context stage(ctx, began + patience);
  auto got = co_await attempt(stage);
  for (int retry = 0; !got && !stage.done() && retry < model.retry.retries && may_pass(got.error(), model.retry);
       ++retry) {
    const auto pause = pause_before(retry, model.retry, got.error());
    if (auto slept = co_await async::sleep_for(stage, pause); !slept) break;
    got = co_await attempt(stage);
  }
  judge(*model.breaker, got ? nullptr : &got.error(), ctx);
  if (!got) co_return base::fail(told(got.error(), model, ctx));
  co_return Passed<T>{std::move(*got), std::move(ticket), began};
}

json::Object with_defaults(json::Object request, const json::Object& parameters) {
  for (const auto& [key, value] : parameters) {
    const json::Value* given = request.if_contains(key);
    if (given == nullptr || given->is_null()) request[key] = value;
  }
  return request;
}

// What a prompt that is too long came in.
std::string prompt_field(Endpoint endpoint) {
  return endpoint == Endpoint::kChat ? "messages" : endpoint == Endpoint::kCompletions ? "prompt" : "input";
}

base::Result<json::Object> prepare(const Model& model, json::Object request, Endpoint endpoint) {
  request = with_defaults(std::move(request), model.parameters);
  if (endpoint == Endpoint::kCompletions && !json::int_at(request, "max_tokens"))
    request["max_tokens"] = kCompletionTokens;
  if (auto refused = check_support(request, model.backend->kind(), endpoint)) return base::fail(std::move(*refused));
  const int64_t least = least_tokens(request);
  if (model.context == 0 || least <= model.context) return request;
  return base::fail(base::Error(base::Code::kTooLarge,
                                "the prompt has about " + std::to_string(least) + " tokens; model " + model.name +
                                    " takes " + std::to_string(model.context),
                                "shorten the conversation, or choose a model with a larger context")
                        .with_field(prompt_field(endpoint)));
}

// Backends' errors about the prompt name it as a chat has it.
base::Error about(const base::Error& error, Endpoint endpoint) {
  return error.field() == "messages" ? error.with_field(prompt_field(endpoint)) : error;
}

}  // namespace

Task<base::Result<std::unique_ptr<ChatStream>>> ask(Context& ctx, const Model& model, json::Object request,
                                                    std::string caller, Endpoint endpoint) {
  const auto prepared = prepare(model, std::move(request), endpoint);
  if (!prepared) co_return base::fail(prepared.error());
  const Try<Begun> attempt = [&model, &prepared, endpoint](Context& stage) {
    return begin(stage, model, *prepared, endpoint);
  };
  auto begun = co_await pass(ctx, model, std::move(caller), model.timeouts.first_token, attempt);
  if (!begun) co_return base::fail(about(begun.error(), endpoint));
  co_return std::make_unique<StartedStream>(std::move(begun->value.stream), std::move(begun->value.read),
                                            std::move(begun->ticket), begun->began + model.timeouts.total);
}

Task<base::Result<Embeddings>> embed(Context& ctx, const Model& model, json::Object request, std::string caller) {
  const auto prepared = prepare(model, std::move(request), Endpoint::kEmbeddings);
  if (!prepared) co_return base::fail(prepared.error());
  const Try<Embeddings> attempt = [&model, &prepared](Context& stage) {
    return model.backend->embed(stage, *prepared);
  };
  auto got = co_await pass(ctx, model, std::move(caller), model.timeouts.total, attempt);
  if (!got) co_return base::fail(about(got.error(), Endpoint::kEmbeddings));
  const size_t asked = prepared->at("input").as_array().size();
  if (got->value.vectors.size() != asked)
    co_return base::fail(base::Code::kUnavailable, "model " + model.name + " sent another number of embeddings");
  co_return std::move(got->value);
}

int64_t least_tokens(const json::Object& request) {
  size_t bytes = 0;
  for (const std::string_view key : {"messages", "tools", "prompt"}) {
    if (const json::Value* part = request.if_contains(key)) bytes += text_bytes(*part);
  }
  return static_cast<int64_t>(bytes) / kBytesPerToken;
}

Task<base::Result<ModelTable::Started>> ModelTable::chat(Context& ctx, const Model& model, json::Object request,
                                                         std::string caller, Endpoint endpoint) const {
  json::Object first_try = model.fallback.empty() ? std::move(request) : request;
  auto stream = co_await ask(ctx, model, std::move(first_try), caller, endpoint);
  if (stream) co_return Started{&model, std::move(*stream)};
  base::Error first = std::move(stream).error();
  for (const auto& name : model.fallback) {
    if ((!is_away(first.code()) && first.code() != base::Code::kRateLimited) || ctx.done()) break;
    const auto next = find(name);
    if (!next) continue;
    auto other = co_await ask(ctx, **next, request, caller, endpoint);
    if (other) co_return Started{*next, std::move(*other)};
  }
  co_return base::fail(std::move(first));
}

}  // namespace promethean::llm
