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

Task<base::Result<ModelTable::Started>> ModelTable::chat(Context& ctx, const Model& model, json::Object body) const {
  auto stream = co_await model.backend->chat(ctx, body);
  if (stream) co_return Started{&model, std::move(*stream)};
  base::Error first = std::move(stream).error();
  for (const auto& name : model.fallback) {
    if (first.code() != base::Code::kUnavailable || ctx.done()) break;
    const auto next = find(name);
    if (!next) continue;
    auto other = co_await (*next)->backend->chat(ctx, body);
    if (other) co_return Started{*next, std::move(*other)};
  }
  co_return base::fail(std::move(first));
}

}  // namespace promethean::llm
