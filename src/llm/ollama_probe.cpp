#include "llm/ollama_probe.h"

namespace promethean::llm {

namespace {
constexpr std::chrono::milliseconds kPatience{500};
constexpr std::chrono::minutes kEvery{1};
constexpr size_t kMaxBody = 1 << 20;
}  // namespace

OllamaProbe::OllamaProbe(async::Executor core, http::Client& client, std::string url, base::Log log) {
  async::spawn(core, log, "ollama probe", watch(core, client, std::move(url), state_));
}

std::vector<std::string> OllamaProbe::models() const {
  const std::lock_guard lock(state_->mutex);
  return state_->models;
}

async::Task<void> OllamaProbe::watch(async::Executor core, http::Client& client, std::string url,
                                     std::shared_ptr<State> state) {
  for (;;) {
    {
      async::Context look(core, base::steady_now() + kPatience);
      auto found = co_await ollama_models(look, client, url);
      const std::lock_guard lock(state->mutex);
      state->models = std::move(found);
    }
    async::Context pause(core);
    auto slept = co_await async::sleep_for(pause, kEvery);
    if (!slept) co_return;
  }
}

async::Task<std::vector<std::string>> ollama_models(async::Context& ctx, http::Client& client, std::string url) {
  std::vector<std::string> names;
  http::ClientRequest request;
  request.url = url + "/api/tags";
  request.idempotent = true;
  auto response = co_await client.send(ctx, std::move(request));
  if (!response || (*response)->status != 200) co_return names;
  auto body = co_await http::read_body(ctx, **response, kMaxBody);
  if (!body) co_return names;
  const auto parsed = json::parse(*body);
  const json::Array* models = parsed ? json::array_at(*parsed, "models") : nullptr;
  if (models == nullptr) co_return names;
  for (const auto& model : *models) {
    if (const auto name = json::string_at(model, "name")) names.emplace_back(*name);
  }
  co_return names;
}

}  // namespace promethean::llm
