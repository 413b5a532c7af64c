// A question put to a model: what the handlers of all dialects share. They turn their requests into the chat form, ask
// here, and turn the stream of deltas into answers of their own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/services.h"

namespace promethean::api {

class Recording;

// Who set the turn off. Retrieval is for questions of people: the other kinds would only be disturbed by excerpts.
enum class Turn { kPerson, kToolResult, kMachine };

struct Question {
  json::Object body;  // a validated request in the chat form
  const llm::Model* model = nullptr;
  context::RetrievalOptions retrieval;
  bool retrieval_asked = false;          // by the request itself: then it is an error when nothing can be retrieved
  Turn turn = Turn::kPerson;             // counts only where something is retrieved
  std::string caller;                    // who shares the model with others
  std::optional<std::string> session;    // that it continues
  std::shared_ptr<Recording> recording;  // null: not written down
};

struct Asked {
  const llm::Model* used = nullptr;  // who answers
  std::unique_ptr<llm::ChatStream> stream;
  llm::RetrievalContext retrieval_context;  // of the answer; null when retrieval was off
};

// The question of a request to `model`, still without its body. What the request says of retrieval counts before the
// model's default: the member `retrieval` of its JSON, then the header x-promethean-retrieval, which is "on", "off" or
// a list like "max_citations=4, max_tokens=800, kind=code". Once it is asked it is written down, and the answer has the
// header x-promethean-exchange. kInvalidArgument about the header.
base::Result<Question> make_question(const Services& services, http::Request& request, const llm::Model& model);

// Tokens of a text by the model's own count; an estimate from above when it cannot be asked, since a count is no reason
// to fail. Fails only when `ctx` is done.
Task<base::Result<int64_t>> count_tokens(Services& services, Context& ctx, const llm::Model& model, std::string text);

// Whose turn a conversation in the chat form has come to. One that ends with the outcome of a tool call goes on by
// itself.
Turn turn_of(const json::Array& messages);

// Takes out a `max_tokens` that the model's context cannot hold: clients ask for all that a large model can write,
// 128,000 tokens and more. It limits nothing; sent on, some backends refuse it, and it leaves no room for excerpts.
void drop_idle_limit(json::Object& chat, const llm::Model& model);

// An error in OpenAI's shape.
inline http::Response openai_error(const base::Error& error) {
  return http::error_response(http::Family::kOpenAi, error);
}

// Retrieves, budgets, and starts the answer. Errors as llm::ModelTable::chat; kUnavailable when the request asked for
// retrieval and no part of it could be had (else the answer's retrieval_context says so).
Task<base::Result<Asked>> ask_question(Services& services, Context& ctx, Question question);

}  // namespace promethean::api
