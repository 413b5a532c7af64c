#include "api/question.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/recording.h"
#include "base/strings.h"
#include "context/cited.h"
#include "context/excerpts.h"
#include "context/grounded.h"
#include "llm/chat_request.h"
#include "llm/errands.h"

namespace promethean::api {

namespace {

constexpr int64_t kAnswerReserve = 1024;  // tokens kept free for the answer when the request does not say

bool has_items(const json::Object& body, std::string_view key) {
  const json::Array* list = json::array_at(body, key);
  return list != nullptr && !list->empty();
}

bool wants_format(const json::Object& body) {
  const json::Value* format = json::given(body, "response_format");
  return format != nullptr && json::string_at(*format, "type").value_or("text") != "text";
}

// Reads an object like the member `retrieval` of a request, which the schemas have checked.
void read_retrieval(const json::Object& wish, Question& question) {
  context::RetrievalOptions& options = question.retrieval;
  options.enabled = json::bool_at(wish, "enabled").value_or(true);
  question.retrieval_asked = options.enabled;
  if (const auto n = json::int_at(wish, "max_citations")) options.max_citations = static_cast<size_t>(*n);
  if (const auto n = json::int_at(wish, "max_tokens")) options.max_tokens = *n;
  if (const auto kind = json::string_at(wish, "kind"))
    options.kind = search::parse_kind(*kind).value_or(search::Kind::kAll);
}

constexpr std::string_view kRetrievalHeader = "x-promethean-retrieval";

std::unexpected<base::Error> bad_header(std::string_view part) {
  return base::bad_field(std::string(kRetrievalHeader), fmt::format("'{}' says nothing of retrieval", part),
                         "on, off, or a list like max_citations=4, max_tokens=800, kind=code");
}

// The header's list as the object that a body would have.
base::Result<json::Object> parse_header(std::string_view value) {
  json::Object wish;
  for (const std::string_view item : base::split(value, ',')) {
    const std::string_view part = base::trim(item);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      const bool on = part == "on" || part == "true";
      if (!on && part != "off" && part != "false") return bad_header(part);
      wish["enabled"] = on;
      continue;
    }
    const std::string_view key = base::trim(part.substr(0, equals));
    const std::string_view text = base::trim(part.substr(equals + 1));
    const auto limit = key == "max_citations" ? llm::kMaxCitations : key == "max_tokens" ? llm::kMaxExcerptTokens : -1;
    if (key == "kind" && search::parse_kind(text)) {
      wish["kind"] = text;
    } else if (const auto number = base::parse_int(text); number && *number >= 0 && *number <= limit) {
      wish[key] = *number;
    } else {
      return bad_header(part);
    }
  }
  return wish;
}

// Excerpts may fill what the conversation and the answer leave of the model's context.
Task<base::Result<int64_t>> room_for_excerpts(Context& ctx, const Question& question,
                                              const context::CountTokens& count) {
  if (question.model->context == 0) co_return question.retrieval.max_tokens;
  std::string text = json::write(question.body.at("messages"));
  auto prompt = co_await count(ctx, std::move(text));
  if (!prompt) co_return base::fail(std::move(prompt).error());
  int64_t reserve = kAnswerReserve;
  for (const std::string_view key : {"max_tokens", "max_completion_tokens"})
    reserve = json::int_at(question.body, key).value_or(reserve);
  co_return std::min(question.retrieval.max_tokens, question.model->context - *prompt - reserve);
}

// A model that needs grounding answers plainly when a form is asked of it: excerpts would only confuse it.
bool wants_retrieval(const Question& question, const std::string& text) {
  if (question.retrieval.max_citations == 0 || question.turn != Turn::kPerson) return false;
  if (question.model->grounded && (has_items(question.body, "tools") || wants_format(question.body))) return false;
  return !base::trim(text).empty();
}

// What is put together from citations is one answer, and no model chose its words.
std::optional<base::Error> refused_when_grounded(const json::Object& body) {
  const auto refused = [](std::string field, std::string message) {
    return base::Error(base::Code::kInvalidArgument, std::move(message),
                       "send retrieval: {\"enabled\": false} to ask the model alone")
        .with_field(std::move(field));
  };
  if (json::int_at(body, "n").value_or(1) != 1)
    return refused("n", "an answer that is grounded in the repository is one answer");
  if (json::bool_at(body, "logprobs") != true) return std::nullopt;
  const bool alternatives = json::int_at(body, "top_logprobs").value_or(0) > 0;
  return refused(alternatives ? "top_logprobs" : "logprobs",
                 "an answer that is grounded in the repository has no log probabilities");
}

Task<base::Result<Asked>> ask_plainly(Services& services, Context& ctx, Question question) {
  if (question.recording != nullptr) question.recording->asks(question.body.at("messages").as_array());
  auto started =
      co_await services.models.chat(ctx, *question.model, std::move(question.body), std::move(question.caller));
  if (!started) co_return base::fail(std::move(started).error());
  co_return Asked{started->used, std::move(started->stream), nullptr};
}

// Puts the excerpts of earlier turns back where they stood (not of the last one when it gets its own), unless the
// conversation might then no longer fit the model.
void put_back(context::ExcerptMemory& memory, Question& question, const std::vector<context::UserTurn>& turns,
              bool retrieves) {
  json::Array& messages = question.body.at("messages").as_array();
  std::vector<std::pair<size_t, std::shared_ptr<const std::string>>> blocks;
  size_t bytes = 0;
  for (const auto& turn : turns) {
    if (retrieves && &turn == &turns.back()) break;
    auto block = memory.find(turn.key);
    if (!block) continue;
    bytes += block->size();
    blocks.emplace_back(turn.message, std::move(block));
  }
  if (blocks.empty()) return;
  const int64_t context = question.model->context;
  const int64_t tokens = llm::estimate_tokens(json::write(messages)) + static_cast<int64_t>(bytes) / 3;
  if (context > 0 && tokens + kAnswerReserve > context) return;
  for (const auto& [message, block] : blocks) context::put_before_text(messages[message].as_object(), *block);
}

// What can be found for `text` within the model's context. Where nothing can be asked, and the request did not insist,
// an empty retrieval that says why.
Task<base::Result<context::Retrieval>> retrieve(Services& services, Context& ctx, Question& question,
                                                std::string text) {
  const llm::Model& model = *question.model;
  const context::CountTokens count = [&services, &model](Context& c, std::string t) {
    return count_tokens(services, c, model, std::move(t));
  };
  if (!model.grounded) {
    auto room = co_await room_for_excerpts(ctx, question, count);
    if (!room) co_return base::fail(std::move(room).error());
    question.retrieval.max_tokens = *room;
  }
  auto found = co_await services.retriever.retrieve(ctx, std::move(text), question.retrieval, count);
  if (found || ctx.done()) co_return found;
  if (question.retrieval_asked)
    co_return base::fail(found.error().with_hint("send retrieval: {\"enabled\": false} to ask the model alone"));
  services.log.warn("answered without excerpts", {{"model", model.name}, {"why", found.error().message()}});
  context::Retrieval nothing;
  nothing.missing.push_back(found.error().message());
  co_return nothing;
}

}  // namespace

void drop_idle_limit(json::Object& chat, const llm::Model& model) {
  const auto limit = json::int_at(chat, "max_tokens");
  if (!limit || model.context == 0) return;
  if (*limit > model.context - llm::least_tokens(chat)) chat.erase("max_tokens");
}

base::Result<Question> make_question(const Services& services, http::Request& request, const llm::Model& model) {
  Question question;
  question.model = &model;
  question.retrieval = services.retrieval;
  question.retrieval.enabled = question.retrieval.enabled && model.retrieval;
  if (const auto header = request.headers.get(kRetrievalHeader)) {
    const auto wish = parse_header(*header);
    if (!wish) return base::fail(wish.error());
    read_retrieval(*wish, question);
  }
  if (const json::Object* wish = json::object_at(request.json, "retrieval")) read_retrieval(*wish, question);
  question.caller = request.principal.id;
  question.session = session_of(request);
  question.recording = begin_recording(services, request);
  return question;
}

Task<base::Result<int64_t>> count_tokens(Services& services, Context& ctx, const llm::Model& model, std::string text) {
  const int64_t estimate = llm::estimate_tokens(text);
  auto count = co_await model.backend->count_tokens(ctx, std::move(text));
  if (count) co_return *count;
  if (ctx.done()) co_return base::fail(ctx.error());
  services.log.warn("token count estimated", {{"model", model.name}, {"why", count.error().message()}});
  co_return estimate;
}

Turn turn_of(const json::Array& messages) {
  const auto role = messages.empty() ? std::nullopt : json::string_at(messages.back(), "role");
  if (role == "tool" || role == "function") return Turn::kToolResult;
  std::string instructions;
  for (const auto& message : messages) {
    const auto from = json::string_at(message, "role");
    if (from == "system" || from == "developer") instructions += context::text_of(message);
  }
  const std::string last = messages.empty() ? "" : context::text_of(messages.back());
  return llm::is_errand(instructions, last) ? Turn::kMachine : Turn::kPerson;
}

static Task<base::Result<Asked>> ask_with_excerpts(Services& services, Context& ctx, Question question) {
  const llm::Model& model = *question.model;
  json::Array& messages = question.body.at("messages").as_array();
  const auto turns = context::user_turns(messages, question.caller + '\n' + model.name);
  const std::string text = turns.empty() ? "" : context::text_of(messages[turns.back().message]);
  const bool retrieves = wants_retrieval(question, text);
  if (!model.grounded) put_back(services.excerpts, question, turns, retrieves);
  if (!retrieves) {
    auto asked = co_await ask_plainly(services, ctx, std::move(question));
    co_return asked;
  }

  if (model.grounded) {
    if (auto refused = refused_when_grounded(question.body)) co_return base::fail(*std::move(refused));
  }
  auto found = co_await retrieve(services, ctx, question, text);
  if (!found) co_return base::fail(std::move(found).error());
  auto told = std::make_shared<json::Object>(found->to_json());
  (*told)["grounded"] = model.grounded;

  if (model.grounded) {
    context::GroundedOptions options;
    options.question = text;
    options.caller = std::move(question.caller);
    options.larger_models = services.larger_models();
    auto stream = context::make_grounded_answer(model, std::move(found->citations), std::move(options));
    co_return Asked{&model, std::move(stream), std::move(told)};
  }
  if (!found->citations.empty()) {
    std::string block = context::render_excerpts(found->citations);
    context::put_before_text(messages[turns.back().message].as_object(), block);
    services.excerpts.remember(turns.back().key, std::move(block));
  }
  auto asked = co_await ask_plainly(services, ctx, std::move(question));
  if (!asked) co_return asked;
  asked->stream = context::check_citations(std::move(asked->stream), services.retriever.source(), told);
  asked->retrieval_context = std::move(told);
  co_return asked;
}

// Not a coroutine: most questions take the plain way, and each frame on it is kept until the first token.
static Task<base::Result<Asked>> begin_answer(Services& services, Context& ctx, Question question) {
  const bool plain = !question.retrieval.enabled || question.turn == Turn::kMachine;
  return plain ? ask_plainly(services, ctx, std::move(question))
               : ask_with_excerpts(services, ctx, std::move(question));
}

static Task<base::Result<Asked>> continue_session(Services& services, Context& ctx, Question question) {
  auto turn = co_await join_session(services, ctx, question);
  if (!turn) co_return base::fail(std::move(turn).error());
  if (*turn != nullptr && question.recording != nullptr)
    question.recording->continues((*turn)->stored.id, question.body.at("messages").as_array());
  auto asked = co_await begin_answer(services, ctx, std::move(question));
  if (asked && *turn != nullptr) asked->stream = kept(std::move(asked->stream), std::move(*turn));
  co_return asked;
}

Task<base::Result<Asked>> ask_question(Services& services, Context& ctx, Question question) {
  const auto recording = question.recording;
  if (recording != nullptr) recording->begins(ctx);
  auto start = question.session ? continue_session(services, ctx, std::move(question))
                                : begin_answer(services, ctx, std::move(question));
  auto asked = co_await std::move(start);
  if (recording != nullptr && asked) recording->finds(asked->retrieval_context);
  look_on(recording, asked);
  co_return asked;
}

}  // namespace promethean::api
