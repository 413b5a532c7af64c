// Pump: a question that is asked, and its answer read, by a task of its own, so that whoever sends the answer on can do
// something else while nothing comes (tell the client that we are at it). At most kAhead deltas are read ahead.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <variant>

#include "api/question.h"
#include "async/channel.h"

namespace promethean::api {

// Who answers, once that is known; then its deltas.
struct Started {
  const llm::Model* used = nullptr;
  std::optional<json::Object> retrieval_context;
};
using Piece = std::variant<Started, llm::Delta>;

class Pump {
 public:
  enum class State { kPiece, kQuiet, kEnd };
  struct Next {
    State state = State::kEnd;
    std::optional<Piece> piece;  // kPiece
  };

  // Begins to ask, on the core of `ctx` and with its deadline and trace. `services` outlives the runtime's tasks.
  Pump(Services& services, Context& ctx, Question question);
  Pump(Pump&&) = default;
  ~Pump();  // stops asking; the backend's connection is closed in the same turn of the loop

  // Waits for the next piece: Started first, then deltas; kQuiet when there was none for `patience`; kEnd after the
  // answer's proper end. The answer's error, or that of `ctx`.
  Task<base::Result<Next>> next(Context& ctx, std::chrono::milliseconds patience);

 private:
  static constexpr size_t kAhead = 256;
  struct Shared;
  static Task<void> run(Services& services, std::shared_ptr<Shared> shared, Question question);
  std::shared_ptr<Shared> shared_;
};

}  // namespace promethean::api
