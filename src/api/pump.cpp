#include "api/pump.h"

#include "async/runtime.h"

namespace promethean::api {

// The task may outlive the request that began it by the turn in which it learns that it is cancelled.
struct Pump::Shared {
  Shared(Context& parent)
      : ctx(parent.core(), parent.deadline()),
        pieces(std::make_shared<async::Channel<Piece>>(parent.core(), kAhead + 1)),
        taken(std::make_shared<async::Channel<bool>>(parent.core(), kAhead + 1)) {
    ctx.trace = parent.trace;
  }
  Context ctx;
  std::shared_ptr<async::Channel<Piece>> pieces;
  std::shared_ptr<async::Channel<bool>> taken;  // one for each piece that was taken out
  size_t ahead = 0;
};

Pump::Pump(Services& services, Context& ctx, Question question) : shared_(std::make_shared<Shared>(ctx)) {
  async::spawn(ctx.core(), services.log, "answer a question", run(services, shared_, std::move(question)));
}

Pump::~Pump() {
  if (shared_ != nullptr) shared_->ctx.cancel();
}

Task<void> Pump::run(Services& services, std::shared_ptr<Shared> shared, Question question) {
  auto asked = co_await ask_question(services, shared->ctx, std::move(question));
  if (!asked) {
    shared->pieces->close(asked.error());
    co_return;
  }
  shared->pieces->push(Started{asked->used, std::move(asked->retrieval_context)});
  for (;;) {
    while (shared->ahead >= kAhead) {
      if (auto one = co_await shared->taken->pop(shared->ctx); !one) co_return;
      --shared->ahead;
    }
    auto delta = co_await asked->stream->next(shared->ctx);
    if (!delta) {
      shared->pieces->close(delta.error());
      co_return;
    }
    if (!*delta) break;
    ++shared->ahead;
    shared->pieces->push(std::move(**delta));
  }
  shared->pieces->close();
}

Task<base::Result<Pump::Next>> Pump::next(Context& ctx, std::chrono::milliseconds patience) {
  Context wait(ctx, base::steady_now() + patience);
  auto piece = co_await shared_->pieces->pop(wait);
  if (!piece) {
    const bool quiet = piece.error().code() == base::Code::kDeadlineExceeded && wait.done() && !ctx.done();
    if (quiet && !shared_->pieces->closed()) co_return Next{State::kQuiet, std::nullopt};
    if (quiet) co_return co_await next(ctx, patience);
    co_return base::fail(std::move(piece).error());
  }
  if (!*piece) co_return Next{State::kEnd, std::nullopt};
  if (std::holds_alternative<llm::Delta>(**piece)) shared_->taken->push(true);
  co_return Next{State::kPiece, std::move(*piece)};
}

}  // namespace promethean::api
