#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/strings.h"
#include "cli/config_keys.h"
#include "cli/config_sources.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr std::string_view kEmbeddedName = "smollm2";
static constexpr std::string_view kOllamaUrl = "http://127.0.0.1:11434";
static constexpr std::string_view kAnthropicUrl = "https://api.anthropic.com";
static constexpr std::string_view kOllamaModel = "gemma3:latest";

static std::unexpected<base::Error> refuse(const ModelConfig& model, std::string_view what, std::string hint = {}) {
  return fail(Code::kInvalidArgument, fmt::format("{}: {}", model.where, what), std::move(hint));
}

static base::Result<void> set_field(const ModelEntry::Field& entry, ModelConfig& model) {
  auto done = entry.key->set(*entry.key, model, entry.value);
  if (!done) return fail(done.error().wrap(fmt::format("{}: {}", entry.where, entry.key->name)));
  return {};
}

static bool has_field(const ModelEntry& entry, std::string_view name) {
  return std::ranges::any_of(entry.fields, [name](const auto& field) { return field.key->name == name; });
}

// The entry's defaults depend on its backend, so that one is read first.
static base::Result<ModelConfig> read_entry(const ModelEntry& entry, const Config& config) {
  ModelConfig model{.where = entry.where};
  for (const auto required : {"name", "backend"}) {
    if (!has_field(entry, required)) return refuse(model, fmt::format("a model needs a {}", required));
  }
  for (const auto& field : entry.fields) {
    if (field.key->name != "backend") continue;
    auto done = set_field(field, model);
    if (!done) return fail(std::move(done).error());
  }
  const bool local = model.backend == llm::Kind::kLocal;
  model.retrieval = config.retrieval.enabled;
  model.grounded = local && config.model.grounded;
  if (local)
    model.context = config.model.context, model.max_concurrency = 1, model.max_waiting = config.model.queue,
    model.first_token_timeout_seconds = 300;
  if (model.backend == llm::Kind::kOllama) model.url = kOllamaUrl;
  if (model.backend == llm::Kind::kAnthropic) model.url = kAnthropicUrl;
  for (const auto& field : entry.fields) {
    auto done = set_field(field, model);
    if (!done) return fail(std::move(done).error());
  }
  if (model.upstream.empty()) model.upstream = model.name;
  return model;
}

static bool is_variable_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }) &&
         !std::isdigit(static_cast<unsigned char>(name.front()));
}

static base::Result<void> check_entry(const ModelConfig& model) {
  if (base::trim(model.name).empty()) return refuse(model, "the name of a model may not be empty");
  const bool local = model.backend == llm::Kind::kLocal;
  if (local && !model.url.empty()) return refuse(model, "the local model takes no url", "its file is [model] path");
  if (!local && model.url.empty()) {
    return refuse(model, fmt::format("the backend {} needs a url", llm::kind_name(model.backend)),
                  "url = \"http://HOST:PORT\"");
  }
  if (!model.api_key_env.empty() && !is_variable_name(model.api_key_env)) {
    // Not quoted: people paste the key itself here.
    return refuse(model, "api_key_env is not the name of a variable", "write the variable's name, not the key");
  }
  return {};
}

static std::vector<std::string> names_of(const std::vector<ModelConfig>& models) {
  std::vector<std::string> names;
  for (const auto& model : models) names.push_back(model.name);
  return names;
}

static base::Result<void> check_unique(const std::vector<ModelConfig>& models) {
  for (size_t i = 0; i < models.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (models[i].name == models[k].name) {
        return refuse(models[i],
                      fmt::format("a second model named \"{}\", the first is at {}", models[i].name, models[k].where),
                      "give each a name of its own; [model] name renames the local one");
      }
      if (models[i].backend == llm::Kind::kLocal && models[k].backend == llm::Kind::kLocal) {
        return refuse(models[i], fmt::format("a second local model, the first is at {}", models[k].where),
                      "one model file is loaded at a time; run the other by an Ollama");
      }
    }
  }
  return {};
}

static base::Result<void> check_fallbacks(const std::vector<ModelConfig>& models) {
  const auto names = names_of(models);
  for (const auto& model : models) {
    for (const auto& name : model.fallback) {
      if (name == model.name) return refuse(model, fmt::format("\"{}\" cannot be its own fallback", name));
      if (std::ranges::find(names, name) != names.end()) continue;
      return refuse(model, fmt::format("the fallback \"{}\" is no model{}", name, suggestion(name, names)));
    }
  }
  return {};
}

static ModelConfig embedded_model(const Config& config) {
  std::string name = config.model.name;
  if (name.empty()) {
    name = config.model.path.empty() ? std::string(kEmbeddedName)
                                     : std::filesystem::path(config.model.path).stem().string();
  }
  return {.name = name,
          .upstream = name,
          .context = config.model.context,
          .max_concurrency = 1,
          .max_waiting = config.model.queue,
          .first_token_timeout_seconds = 300,
          .retrieval = config.retrieval.enabled,
          .grounded = config.model.grounded,
          .where = "the local model"};
}

static ModelConfig asked_ollama(const Config& config) {
  const std::string name = config.model.default_name.empty() ? std::string(kOllamaModel) : config.model.default_name;
  return {.name = name,
          .backend = llm::Kind::kOllama,
          .url = config.model.ollama_url,
          .upstream = name,
          .retrieval = config.retrieval.enabled,
          .where = config.origins.at("model.ollama_url").where};
}

static base::Result<void> put_default_first(Config& config) {
  const std::string& wanted = config.model.default_name;
  if (wanted.empty()) return {};
  const auto found = std::ranges::find(config.models, wanted, &ModelConfig::name);
  if (found == config.models.end()) {
    return fail(Code::kInvalidArgument,
                fmt::format("{}: \"{}\" is no model{}", config.origins.at("model.default").where, wanted,
                            suggestion(wanted, names_of(config.models))),
                "add a [[models]] entry for it, or set OLLAMA_BASE_URL if an Ollama has it");
  }
  std::rotate(config.models.begin(), found, found + 1);
  return {};
}

static void warn_missing_keys(const Surroundings& around, Config& config) {
  for (const auto& model : config.models) {
    if (model.api_key_env.empty() || around.environment.contains(model.api_key_env)) continue;
    config.warnings.push_back(fmt::format("{}: the variable {} is not set, \"{}\" is called without a key", model.where,
                                          model.api_key_env, model.name));
  }
}

base::Result<void> resolve_models(const std::vector<ModelEntry>& entries, const Surroundings& around, Config& config) {
  config.models.clear();
  for (const auto& entry : entries) {
    auto model = read_entry(entry, config);
    if (!model) return fail(std::move(model).error());
    config.models.push_back(*std::move(model));
  }
  if (entries.empty() && !config.model.ollama_url.empty()) config.models.push_back(asked_ollama(config));
  if (!entries.empty() && !config.model.ollama_url.empty()) {
    config.warnings.push_back(
        fmt::format("{} has no effect, since [[models]] is written", config.origins.at("model.ollama_url").where));
  }
  const bool has_local =
      std::ranges::any_of(config.models, [](const auto& m) { return m.backend == llm::Kind::kLocal; });
  if (config.server.embedded_model && !has_local) config.models.push_back(embedded_model(config));
  if (config.models.empty()) {
    return fail(Code::kInvalidArgument,
                fmt::format("{}: no model is left", config.origins.at("server.embedded_model").where),
                "add a [[models]] entry, or leave out server.embedded_model = false");
  }
  for (const auto& model : config.models) {
    auto done = check_entry(model);
    if (!done) return done;
  }
  auto unique = check_unique(config.models);
  if (!unique) return unique;
  auto fallbacks = check_fallbacks(config.models);
  if (!fallbacks) return fallbacks;
  warn_missing_keys(around, config);
  return put_default_first(config);
}

}  // namespace promethean::cli
