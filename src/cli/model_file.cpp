#include "cli/model_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/fd.h"
#include "base/strings.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static constexpr std::string_view kDefaultModel = "SmolLM2-135M-Instruct.Q4_1.gguf";

std::vector<std::string> model_file_candidates(const std::string& executable) {
  const std::filesystem::path dir = std::filesystem::path(executable).parent_path();
  const std::vector<std::filesystem::path> places = {
      dir / "models" / kDefaultModel,                      // unpacked beside the program
      dir / "../assets/smollm2" / kDefaultModel,           // build/<preset>/promethean
      dir / "../share/promethean/models" / kDefaultModel,  // installed
      dir / "../lib/promethean/models" / kDefaultModel,
  };
  std::vector<std::string> candidates;
  for (const auto& place : places) candidates.push_back(place.lexically_normal().string());
  return candidates;
}

base::Result<std::string> find_model_file(const Config& config) {
  if (!config.model.path.empty()) {
    if (access(config.model.path.c_str(), F_OK) == 0) return config.model.path;
    return fail(base::errno_error(errno, fmt::format("the model file {}", config.model.path)));
  }
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto candidates = model_file_candidates(executable.string());
  for (const auto& candidate : candidates) {
    if (access(candidate.c_str(), F_OK) == 0) return candidate;
  }
  return fail(Code::kNotFound, fmt::format("no model file; looked for {}", base::join(candidates, ", ")),
              "run `make build`, which fetches it, or name a GGUF file with --model");
}

// GGUF begins with these four bytes (ggml/docs/gguf.md, "File Structure").
base::Result<void> check_model_file(const std::string& path) {
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(base::errno_error(errno, fmt::format("the model file {}", path)));
  char magic[4] = {};
  const ssize_t got = pread(file.get(), magic, sizeof magic, 0);
  if (got < 0) return fail(base::errno_error(errno, fmt::format("the model file {}", path)));
  if (std::string_view(magic, static_cast<size_t>(got)) == "GGUF") return {};
  return fail(Code::kInvalidArgument, fmt::format("{} is no GGUF file", path),
              "convert the model to GGUF, or name another file");
}

}  // namespace promethean::cli
