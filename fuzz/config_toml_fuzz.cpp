// The configuration file: any bytes are either settings or an error; nothing else happens. Both degrees of trust.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/config_sources.h"

namespace cli = promethean::cli;

static void check(std::string_view text, cli::Trust trust) {
  const auto file = cli::read_toml(text, "fuzz.toml", trust);
  if (!file) {
    if (file.error().message().find("fuzz.toml") == std::string::npos) std::abort();  // every error names the file
    return;
  }
  cli::Config config;
  for (const auto& setting : file->settings) {
    if (trust == cli::Trust::kRepository && !setting.key->repository) std::abort();
    if (setting.key->secret) std::abort();
    if (setting.key->type != cli::Type::kNotUsed) (void)setting.key->set(*setting.key, config, setting.value);
  }
  if (trust == cli::Trust::kRepository && !file->models.empty()) std::abort();
  config.origins["model.ollama_url"] = config.origins["model.default"] = config.origins["server.embedded_model"] = {};
  (void)cli::resolve_models(file->models, {}, config);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, cli::Trust::kUser);
  check(text, cli::Trust::kRepository);
  return 0;
}
