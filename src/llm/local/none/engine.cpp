// What a build without llama.cpp (-DPROMETHEAN_LOCAL_MODEL=OFF) has instead of it.
#include "llm/local/engine.h"

namespace promethean::llm::local {

base::Result<std::unique_ptr<Engine>> load_engine(const EngineOptions&) {
  return base::fail(base::Code::kUnsupported, "this program was built without a local model",
                    "build with -DPROMETHEAN_LOCAL_MODEL=ON, or use another backend in the model table");
}

}  // namespace promethean::llm::local
