#include "api/ollama_models.h"

#include <limits>

#include "api/dialect_schemas.h"
#include "api/ollama_answers.h"
#include "api/ollama_lines.h"
#include "base/clock.h"
#include "base/hash.h"
#include "llm/dialect/ollama_request.h"

namespace promethean::api {

namespace {

// The version of Ollama whose API this is. Clients look whether it is new enough: Codex wants 0.13.4 for /v1/responses.
constexpr std::string_view kSpokenVersion = "0.13.5";
constexpr std::chrono::seconds kShowPatience{3};

std::string created_at(const Services& services) {
  return base::iso8601(base::WallTime(std::chrono::seconds(services.models.created())));
}

// What a table knows of a model: who answers. Sizes and kinds of weights are not in it.
json::Object details_of(const llm::Model& model) {
  const std::string_view family = llm::kind_name(model.backend->kind());
  return {{"parent_model", ""},   {"format", ""},
          {"family", family},     {"families", json::Array{family}},
          {"parameter_size", ""}, {"quantization_level", ""}};
}

// Clients show the first digits of the digest, and take models with the same one for one model.
json::Object entry_of(const llm::Model& model) {
  return {{"name", model.name},
          {"model", model.name},
          {"size", 0},
          {"digest", base::sha256_hex(model.name)},
          {"details", details_of(model)}};
}

// A model of ours runs once its process was started; those of others are taken to run.
bool runs(const llm::Model& model) {
  return model.backend->kind() != llm::Kind::kLocal || model.backend->incarnation() != 0;
}

// What each kind of backend can do with any model that it is likely to have.
json::Array capabilities_of(llm::Kind kind) {
  json::Array out{"completion"};
  if (kind != llm::Kind::kLocal) out.emplace_back("tools");
  if (kind == llm::Kind::kAnthropic) out.insert(out.end(), {"vision", "thinking"});
  return out;
}

// As the backend says it where it does; the context is the table's, since longer prompts are refused.
json::Object shown(const llm::Model& model, json::Object said) {
  json::Object out{{"modelfile", ""}, {"parameters", ""}, {"template", ""}, {"details", details_of(model)}};
  out["capabilities"] = capabilities_of(model.backend->kind());
  for (const std::string_view key : {"license", "parameters", "template", "system", "details", "capabilities"}) {
    if (const json::Value* value = said.if_contains(key); value != nullptr && !value->is_null()) out[key] = *value;
  }
  const json::Object* info = json::object_at(said, "model_info");
  json::Object model_info = info == nullptr ? json::Object() : *info;
  if (!json::string_at(model_info, "general.architecture"))
    model_info["general.architecture"] = llm::kind_name(model.backend->kind());
  if (model.context > 0) {
    const std::string family(*json::string_at(model_info, "general.architecture"));
    model_info[family + ".context_length"] = model.context;
  }
  out["model_info"] = std::move(model_info);
  return out;
}

// Older clients say `name`.
std::string_view named(const json::Value& request) {
  return json::string_at(request, "model").value_or(json::string_at(request, "name").value_or(""));
}

Task<http::Response> handle_show(Services& services, Context& ctx, http::Request& request) {
  const auto model = find_tagged(services, named(request.json));
  if (!model) co_return ollama_error(model.error());
  Context limited(ctx, base::steady_now() + kShowPatience);
  auto said = co_await (*model)->backend->describe(limited);
  if (ctx.done()) co_return ollama_error(ctx.error());
  json::Object body = shown(**model, said ? std::move(*said) : json::Object());  // a list is shown without those away
  body["modified_at"] = created_at(services);
  const json::Value whole(std::move(body));
  co_return http::Response::json(200, whole);
}

// As Ollama does, a stream tells of its failure in its one line: Codex shows what is there, and of a status nothing.
http::Response pull(const Services& services, const json::Value& request) {
  const auto model = find_tagged(services, named(request));
  const bool stream = llm::ollama::wants_stream(request);
  if (!model && !stream) return ollama_error(model.error());
  const json::Value line =
      model ? json::Value(json::Object{{"status", "success"}}) : http::error_body(http::Family::kOllama, model.error());
  return stream ? http::Response::text(200, json::write(line) + "\n", std::string(kNdjson))
                : http::Response::json(200, line);
}

http::Route list_route(std::string path, std::string id, std::string summary) {
  http::Route route;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.family = http::Family::kOllama;
  route.summary = std::move(summary);
  return route;
}

}  // namespace

http::Route tags_route(Services& services) {
  http::Route route = list_route("/api/tags", "listTags", "List the models that can be asked, in Ollama's dialect");
  route.description = "For the names that `model` may have in requests of this dialect.";
  route.response_schema = kOllamaListAnswer;
  route.handler = [&services](Context&, http::Request&) -> Task<http::Response> {
    json::Array models;
    for (const auto& model : services.models.list()) {
      json::Object entry = entry_of(model);
      entry["modified_at"] = created_at(services);
      models.emplace_back(std::move(entry));
    }
    const json::Value body = json::Object{{"models", std::move(models)}};
    co_return http::Response::json(200, body);
  };
  return route;
}

http::Route running_route(Services& services) {
  http::Route route = list_route("/api/ps", "listRunning", "List the models that answer without being loaded first");
  route.description = "To see whether the next answer has to wait for the local model to be loaded.";
  route.response_schema = kOllamaListAnswer;
  route.handler = [&services](Context&, http::Request&) -> Task<http::Response> {
    // Nothing here expires them: the latest time that Ollama's clients can read.
    const std::string never = base::iso8601(base::WallTime::max());
    json::Array models;
    for (const auto& model : services.models.list()) {
      if (!runs(model)) continue;
      json::Object entry = entry_of(model);
      entry["expires_at"] = never;
      entry["size_vram"] = 0;
      if (model.context > 0) entry["context_length"] = model.context;
      models.emplace_back(std::move(entry));
    }
    const json::Value body = json::Object{{"models", std::move(models)}};
    co_return http::Response::json(200, body);
  };
  return route;
}

http::Route show_route(Services& services) {
  http::Route route = list_route("/api/show", "showModel", "Describe one model, in Ollama's dialect");
  route.method = http::Method::kPost;
  route.description =
      "What the model's backend says of it where that is Ollama, else what the model table knows. The context length "
      "is the table's.";
  route.response_schema = kOllamaShowAnswer;
  route.request_schema = llm::ollama::kNameSchema;
  route.handler = [&services](Context& ctx, http::Request& request) { return handle_show(services, ctx, request); };
  return route;
}

http::Route pull_route(Services& services) {
  http::Route route = list_route("/api/pull", "pullModel", "Say whether a model is there; nothing is ever fetched");
  route.method = http::Method::kPost;
  route.description = "Succeeds at once for a model of the table. Others are put into the table, in promethean.toml.";
  route.response_schema = kOllamaStatusAnswer;
  route.streams = true;
  route.request_schema = llm::ollama::kNameSchema;
  route.handler = [&services](Context&, http::Request& request) -> Task<http::Response> {
    co_return pull(services, request.json);
  };
  return route;
}

http::Route api_version_route(Services&) {
  http::Route route = list_route("/api/version", "getOllamaVersion", "Say which version of Ollama's API this is");
  route.description = "Clients of Ollama ask for it before anything else.";
  route.response_schema = kOllamaVersionAnswer;
  route.scope = http::Scope::kNone;
  route.limits.rate_cost = 0;
  route.handler = [](Context&, http::Request&) -> Task<http::Response> {
    const json::Value body = json::Object{{"version", kSpokenVersion}};
    co_return http::Response::json(200, body);
  };
  return route;
}

}  // namespace promethean::api
