#include "api/session.h"

#include <algorithm>

#include "api/question.h"
#include "base/clock.h"
#include "llm/history.h"

namespace promethean::api {

namespace {

constexpr size_t kMaxWaiting = 16;      // requests of one session
constexpr int64_t kMostSessions = 100;  // of one owner
constexpr llm::HistoryLimits kKept{.messages = 200, .bytes = 2 << 20};
constexpr int64_t kAnswerReserve = 1024;  // tokens kept free for the answer when the request does not say
constexpr int64_t kExcerptShare = 4;      // of the context, excerpts get this part at most before history does
constexpr int kTries = 4;                 // of making a history fit

bool is_session_id(std::string_view id) {
  constexpr size_t kLongest = 128;
  const auto fine = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
           c == ':' || c == '-';
  };
  return !id.empty() && id.size() <= kLongest && std::ranges::all_of(id, fine);
}

// The instructions of a conversation, which stand first, and the rest.
struct Parts {
  json::Array instructions;
  json::Array messages;
};

Parts parts_of(json::Array conversation) {
  Parts parts;
  for (auto& message : conversation) {
    json::Array& part = llm::is_instruction(message) ? parts.instructions : parts.messages;
    part.push_back(std::move(message));
  }
  return parts;
}

json::Array joined(const json::Array& first, const json::Array& second) {
  json::Array out = first;
  out.insert(out.end(), second.begin(), second.end());
  return out;
}

Task<base::Result<storage::StoredSession>> load(Services& services, Context& ctx, std::string id, std::string owner) {
  auto stored = co_await services.store.session(ctx, id, owner);
  if (stored || stored.error().code() != base::Code::kNotFound) co_return stored;
  storage::StoredSession fresh;
  fresh.id = std::move(id);
  fresh.owner = std::move(owner);
  fresh.created_ms = base::unix_millis(base::wall_now());
  co_return fresh;
}

// Tokens that a conversation may have, so that excerpts and an answer still find room; 0: not known.
int64_t budget_of(const Question& question) {
  const int64_t context = question.model->context;
  if (context == 0) return 0;
  int64_t reserve = kAnswerReserve;
  for (const std::string_view key : {"max_tokens", "max_completion_tokens"})
    reserve = json::int_at(question.body, key).value_or(reserve);
  if (question.retrieval.enabled) reserve += std::min(question.retrieval.max_tokens, context / kExcerptShare);
  return std::max<int64_t>(context - reserve, 1);
}

// Shortens the history (`fresh` messages at the end are the request's) until the model's own count says that it fits,
// or nothing of it is left: what then is too long is the request's own.
Task<base::Result<void>> fit(Services& services, Context& ctx, const Question& question,
                             const json::Array& instructions, json::Array& messages, size_t fresh) {
  const int64_t budget = budget_of(question);
  for (int tries = 0; budget > 0 && messages.size() > fresh && tries < kTries; ++tries) {
    const size_t before = messages.size();
    std::string text = json::write(joined(instructions, messages));
    const size_t bytes = text.size();
    auto tokens = co_await count_tokens(services, ctx, *question.model, std::move(text));
    if (!tokens) co_return base::fail(std::move(tokens).error());
    if (*tokens <= budget) co_return base::Result<void>();
    const double share = static_cast<double>(budget) / static_cast<double>(*tokens);
    const size_t head = json::write(instructions).size();
    const auto goal = static_cast<size_t>(static_cast<double>(bytes) * share);
    const bool last = tries + 1 == kTries;
    llm::shorten(messages, messages.size() - fresh, {.bytes = last || goal <= head ? 1 : goal - head});
    if (messages.size() == before) break;
  }
  co_return base::Result<void>();
}

// What a conversation keeps of an answer. Thoughts are no part of it: backends refuse to read them again.
std::optional<json::Value> said(const llm::Answer& answer) {
  if (answer.choices.empty()) return std::nullopt;
  const json::Object* message = json::object_at(answer.choices.front(), "message");
  if (message == nullptr) return std::nullopt;
  json::Object kept;
  for (const std::string_view key : {"role", "content", "tool_calls", "refusal"}) {
    const json::Value* value = json::find(*message, key);
    if (value != nullptr && (!value->is_null() || key == "content")) kept[key] = *value;
  }
  return json::Value(std::move(kept));
}

class KeptStream final : public llm::ChatStream {
 public:
  KeptStream(std::unique_ptr<llm::ChatStream> inner, std::unique_ptr<SessionTurn> turn)
      : inner_(std::move(inner)), turn_(std::move(turn)) {}

  Task<base::Result<std::optional<llm::Delta>>> next(Context& ctx) override {
    auto delta = co_await inner_->next(ctx);
    if (turn_ == nullptr) co_return delta;
    if (!delta) {
      turn_.reset();
    } else if (*delta) {
      answer_.add(**delta);
    } else {
      const auto turn = std::move(turn_);
      co_await keep(ctx, *turn);
    }
    co_return delta;
  }

  bool is_ready() const override { return inner_->is_ready(); }

 private:
  // A store that is away does not spoil an answer that is there.
  Task<void> keep(Context& ctx, SessionTurn& turn) {
    auto message = said(answer_.answer());
    if (message) turn.messages.push_back(std::move(*message));
    Parts parts = parts_of(std::move(turn.messages));
    llm::HistoryLimits limits = kKept;
    limits.messages -= std::min(parts.instructions.size(), limits.messages - 1);
    llm::shorten(parts.messages, parts.messages.size(), limits);
    const json::Array whole = joined(parts.instructions, parts.messages);
    turn.stored.used_ms = base::unix_millis(base::wall_now());
    turn.stored.count = static_cast<int64_t>(whole.size());
    turn.stored.messages = json::write(whole);
    const std::string id = turn.stored.id;
    auto done = co_await turn.services.store.put_session(ctx, std::move(turn.stored), kMostSessions);
    if (!done) turn.services.log.warn("a session was not kept", {{"session", id}, {"why", done.error().message()}});
  }

  std::unique_ptr<llm::ChatStream> inner_;
  std::unique_ptr<SessionTurn> turn_;
  llm::AnswerBuilder answer_;
};

}  // namespace

Task<base::Result<llm::Admission::Ticket>> SessionTurns::enter(Context& ctx, std::string owner, std::string id) {
  std::shared_ptr<llm::Admission> turns;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(sessions_, [](const auto& entry) { return entry.second.expired(); });
    auto& known = sessions_[{std::move(owner), id}];
    turns = known.lock();
    if (turns == nullptr) known = turns = std::make_shared<llm::Admission>(id, 1, kMaxWaiting);
  }
  auto ticket = co_await turns->enter(ctx, {});
  if (!ticket && ticket.error().code() == base::Code::kRateLimited) {
    co_return base::fail(base::Error(base::Code::kRateLimited, "too many requests of session '" + id + "' wait",
                                     "send the next one when the answer is there")
                             .with_retry_after(ticket.error().retry_after()));
  }
  co_return ticket;
}

std::optional<std::string> session_of(const http::Request& request) {
  auto id = request.headers.get("x-promethean-session");
  if (!id) id = json::string_at(request.json, "session_id");
  return id ? std::optional<std::string>(*id) : std::nullopt;
}

Task<base::Result<std::unique_ptr<SessionTurn>>> join_session(Services& services, Context& ctx, Question& question) {
  if (!question.session) co_return nullptr;
  const std::string id = *question.session;
  if (!is_session_id(id)) co_return base::bad_field("session_id", "an id of a session is 1 to 128 of [A-Za-z0-9._:-]");
  auto ticket = co_await services.sessions.enter(ctx, question.caller, id);
  if (!ticket) co_return base::fail(std::move(ticket).error());
  auto stored = co_await load(services, ctx, id, question.caller);
  if (!stored) co_return base::fail(std::move(stored).error());

  Parts history;
  if (const auto kept = json::parse(stored->messages); kept && kept->is_array()) history = parts_of(kept->as_array());
  json::Array& own = question.body.at("messages").as_array();
  if (json::write(own).size() > kKept.bytes) {
    co_return base::fail(
        base::Error(base::Code::kTooLarge, "the messages are more than a session keeps", "send them without session_id")
            .with_field("messages"));
  }
  Parts fresh = parts_of(std::move(own));
  if (fresh.instructions.empty()) fresh.instructions = std::move(history.instructions);
  if (llm::goes_on_from(fresh.messages, history.messages)) history.messages.clear();  // the client keeps it, too
  json::Array all = joined(history.messages, fresh.messages);
  auto turn =
      std::make_unique<SessionTurn>(services, std::move(*ticket), std::move(*stored), joined(fresh.instructions, all));
  llm::drop_unanswered_calls(all);
  auto fitted = co_await fit(services, ctx, question, fresh.instructions, all, fresh.messages.size());
  if (!fitted) co_return base::fail(std::move(fitted).error());
  question.body["messages"] = joined(fresh.instructions, all);
  co_return turn;
}

std::unique_ptr<llm::ChatStream> kept(std::unique_ptr<llm::ChatStream> stream, std::unique_ptr<SessionTurn> turn) {
  return std::make_unique<KeptStream>(std::move(stream), std::move(turn));
}

}  // namespace promethean::api
