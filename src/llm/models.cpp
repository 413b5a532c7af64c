#include "llm/models.h"

#include <algorithm>

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
  return base::fail(base::Code::kNotFound, "the model '" + std::string(name) + "' does not exist",
                    "ask for one of: " + base::join(names, ", "));
}

std::optional<Slots::Held> Slots::take(std::shared_ptr<Slots> slots) {
  if (slots->used_.fetch_add(1) < slots->limit_) return Held(std::move(slots));
  slots->used_.fetch_sub(1);
  return std::nullopt;
}

namespace {

// A stream that holds its model's slot.
class SlottedStream final : public ChatStream {
 public:
  SlottedStream(std::unique_ptr<ChatStream> inner, Slots::Held held)
      : held_(std::move(held)), inner_(std::move(inner)) {}
  Task<base::Result<std::optional<Delta>>> next(Context& ctx) override { return inner_->next(ctx); }

 private:
  Slots::Held held_;
  std::unique_ptr<ChatStream> inner_;
};

// `model` outlives the task.
Task<base::Result<std::unique_ptr<ChatStream>>> ask(Context& ctx, const Model& model, json::Object body) {
  if (model.slots == nullptr) {
    auto stream = co_await model.backend->chat(ctx, std::move(body));
    co_return stream;
  }
  auto held = Slots::take(model.slots);
  if (!held) {
    co_return base::fail(base::Code::kRateLimited, "model " + model.name + " is busy with other requests",
                         "try again shortly, or raise max_concurrency of this model");
  }
  auto stream = co_await model.backend->chat(ctx, std::move(body));
  if (!stream) co_return base::fail(std::move(stream).error());
  co_return std::make_unique<SlottedStream>(std::move(*stream), std::move(*held));
}

}  // namespace

Task<base::Result<ModelTable::Started>> ModelTable::chat(Context& ctx, const Model& model, json::Object body) const {
  auto stream = co_await ask(ctx, model, body);
  if (stream) co_return Started{&model, std::move(*stream)};
  base::Error first = std::move(stream).error();
  for (const auto& name : model.fallback) {
    const bool away = first.code() == base::Code::kUnavailable || first.code() == base::Code::kRateLimited;
    if (!away || ctx.done()) break;
    const auto next = find(name);
    if (!next) continue;
    auto other = co_await ask(ctx, **next, body);
    if (other) co_return Started{*next, std::move(*other)};
  }
  co_return base::fail(std::move(first));
}

}  // namespace promethean::llm
