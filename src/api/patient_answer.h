// An answer that is asked for and read by a task of its own, so that whoever sends it can tell its client now and then
// that it is still coming. Nothing is read ahead: each next() asks for one delta.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "api/question.h"

namespace promethean::api {

class PatientAnswer {
 public:
  // `services` outlives the process's requests; `client` outlives this and stops the model when it is cancelled.
  PatientAnswer(Services& services, Context& client, Question question);
  PatientAnswer(const PatientAnswer&) = delete;
  PatientAnswer& operator=(const PatientAnswer&) = delete;
  ~PatientAnswer();  // stops the model

  // A delta, nullopt at the answer's proper end, or the error of asking or of reading.
  using Step = base::Result<std::optional<llm::Delta>>;

  // The next step; nullopt when it takes longer than `patience`: it goes on, and a later call waits for it.
  Task<std::optional<Step>> next(Context& ctx, std::chrono::milliseconds patience);

  // What ask_question() gave; there once a step was a delta.
  Asked& asked();

 private:
  struct State;
  static Task<void> take_step(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
  Context::Hook client_left_;
};

}  // namespace promethean::api
