// The model table: which name a client may ask for, and who answers to it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/chat.h"

namespace promethean::llm {

// Slots: how many answers of one model run at once. Those over the limit are refused at once: a client that is told
// "busy, try again" is better off than one that hangs. Threads: any.
class Slots {
 public:
  explicit Slots(int64_t limit) : limit_(limit) {}

  // Holds one slot while it lives.
  class Held {
   public:
    explicit Held(std::shared_ptr<Slots> slots) : slots_(std::move(slots)) {}
    Held(Held&&) = default;
    ~Held() {
      if (slots_) slots_->used_.fetch_sub(1);
    }

   private:
    std::shared_ptr<Slots> slots_;
  };
  static std::optional<Held> take(std::shared_ptr<Slots> slots);

 private:
  const int64_t limit_;
  std::atomic<int64_t> used_{0};
};

struct Model {
  std::string name;
  std::string owner;                  // "local", "ollama", "openai": the backend's kind, shown as owned_by
  int64_t context = 0;                // tokens; 0: not known
  bool retrieval = true;              // default for requests that do not say
  bool grounded = false;              // places come word for word from the citations, the model adds a sentence to each
  std::vector<std::string> fallback;  // tried in order when the backend is unavailable before its first token
  std::shared_ptr<Backend> backend;
  std::shared_ptr<Slots> slots;  // null: no limit
};

// Immutable once built; the first entry is the default model.
class ModelTable {
 public:
  ModelTable(std::vector<Model> models, bool unknown_gets_default);

  // The model for a client's `name`; an empty name means the default. kNotFound otherwise, unless unknown names get the
  // default.
  base::Result<const Model*> find(std::string_view name) const;
  const std::vector<Model>& list() const { return models_; }
  int64_t created() const { return created_; }  // unix seconds, shown in /v1/models

  // Asks `model`, then its fallbacks while they are unavailable or busy; `used` says who answered. kRateLimited when
  // all slots of the model are taken. The slot is held until the stream is destroyed.
  struct Started {
    const Model* used = nullptr;
    std::unique_ptr<ChatStream> stream;
  };
  Task<base::Result<Started>> chat(Context& ctx, const Model& model, json::Object body) const;

 private:
  std::vector<Model> models_;
  bool unknown_gets_default_;
  int64_t created_;
};

}  // namespace promethean::llm
