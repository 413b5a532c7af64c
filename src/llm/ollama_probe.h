// OllamaProbe: which models an Ollama on this machine has. Only to name them to people; nothing is ever asked of them
// unless the model table says so.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "async/runtime.h"
#include "http/client.h"

namespace promethean::llm {

class OllamaProbe {
 public:
  // Looks every minute, on `core`, until the runtime stops. `client` outlives the runtime's tasks.
  OllamaProbe(async::Executor core, http::Client& client, std::string url, base::Log log);

  std::vector<std::string> models() const;  // any thread; as of the last look

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::string> models;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
  static async::Task<void> watch(async::Executor core, http::Client& client, std::string url,
                                 std::shared_ptr<State> state);
};

// GET /api/tags; an empty list when nobody answers within half a second.
async::Task<std::vector<std::string>> ollama_models(async::Context& ctx, http::Client& client, std::string url);

}  // namespace promethean::llm
