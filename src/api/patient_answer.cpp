#include "api/patient_answer.h"

#include <utility>

#include "async/channel.h"
#include "async/runtime.h"

namespace promethean::api {

// Shared with the task that takes a step, which may outlive the client's request by the moment that it needs to notice.
// Hence a Context of its own, and the stream goes before it.
struct PatientAnswer::State {
  State(Services& s, Context& client, Question q)
      : services(s),
        ctx(client.core(), client.deadline()),
        question(std::move(q)),
        steps(std::make_shared<async::Channel<Step>>(client.core(), 1)) {
    ctx.trace = client.trace;
  }

  Services& services;
  Context ctx;
  Question question;
  std::optional<Asked> asked;
  std::shared_ptr<async::Channel<Step>> steps;
  bool under_way = false;
};

PatientAnswer::PatientAnswer(Services& services, Context& client, Question question)
    : state_(std::make_shared<State>(services, client, std::move(question))),
      client_left_(client.on_cancel([state = state_, &client] { state->ctx.cancel(client.error().code()); })) {}

PatientAnswer::~PatientAnswer() {
  state_->ctx.cancel();
}

Asked& PatientAnswer::asked() {
  return *state_->asked;
}

Task<void> PatientAnswer::take_step(std::shared_ptr<State> state) {
  if (!state->asked) {
    auto asked = co_await ask_question(state->services, state->ctx, std::move(state->question));
    if (!asked) {
      state->steps->push(base::fail(std::move(asked).error()));
      co_return;
    }
    state->asked = std::move(*asked);
  }
  auto delta = co_await state->asked->stream->next(state->ctx);
  state->steps->push(std::move(delta));
}

Task<std::optional<PatientAnswer::Step>> PatientAnswer::next(Context& ctx, std::chrono::milliseconds patience) {
  if (!std::exchange(state_->under_way, true)) {
    async::spawn(ctx.core(), state_->services.log, "answer", take_step(state_));
  }
  Context waiting(ctx, base::steady_now() + patience);
  auto step = co_await state_->steps->pop(waiting);
  if (!step) {
    if (!ctx.done()) co_return std::nullopt;
    co_return Step(base::fail(ctx.error()));
  }
  state_->under_way = false;
  co_return std::move(**step);
}

}  // namespace promethean::api
