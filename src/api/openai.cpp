// Routes of the OpenAI family and their texts. The handlers themselves are in chat.cpp and completions.cpp.
#include "api/chat.h"
#include "api/completions.h"
#include "api/dialect_schemas.h"
#include "api/services.h"
#include "llm/chat_request.h"

namespace promethean::api {

namespace {

json::Object describe(const llm::Model& model, int64_t created) {
  json::Object out{{"id", model.name},
                   {"object", "model"},
                   {"created", created},
                   {"owned_by", llm::kind_name(model.backend->kind())}};
  if (model.context > 0) out["context_window"] = model.context;
  return out;
}

http::Route chat_route(Services& services) {
  http::Route route;
  route.method = http::Method::kPost;
  route.path = "/v1/chat/completions";
  route.operation_id = "createChatCompletion";
  route.family = http::Family::kOpenAi;
  route.limits.deadline = std::chrono::minutes(10);
  route.limits.max_body = services.max_body;
  route.summary = "Answer a conversation about this repository";
  route.description =
      "OpenAI's chat completions. The last user message is answered with cited excerpts of the repository; "
      "`retrieval_context` in the answer lists them, and what the model cited wrongly. Send `retrieval: {\"enabled\": "
      "false}` to ask the model alone.";
  route.request_schema = llm::kChatRequestSchema;
  route.response_schema = kChatAnswer;
  route.streams = true;
  route.handler = [&services](Context& ctx, http::Request& request) { return handle_chat(services, ctx, request); };
  return route;
}

http::Route models_route(Services& services) {
  http::Route route;
  route.path = "/v1/models";
  route.operation_id = "listModels";
  route.family = http::Family::kOpenAi;
  route.summary = "List the models that can be asked";
  route.description = "For the names that `model` may have in requests; the first is the default model.";
  route.response_schema = kModelsAnswer;
  route.handler = [&services](Context&, http::Request&) -> Task<http::Response> {
    json::Array data;
    for (const auto& model : services.models.list()) data.emplace_back(describe(model, services.models.created()));
    const json::Value body = json::Object{{"object", "list"}, {"data", std::move(data)}};
    co_return http::Response::json(200, body);
  };
  return route;
}

http::Route model_route(Services& services) {
  http::Route route;
  route.path = "/v1/models/{model*}";  // names may have slashes
  route.operation_id = "getModel";
  route.family = http::Family::kOpenAi;
  route.summary = "Describe one model";
  route.description = "To ask whether a model is there, and how much context it has.";
  route.parameters = kModelParameter;
  route.response_schema = kModelAnswer;
  route.handler = [&services](Context&, http::Request& request) -> Task<http::Response> {
    const auto model = services.models.find(request.param("model"));
    if (!model || (*model)->name != request.param("model")) {
      const base::Error error = model ? base::Error(base::Code::kNotFound, "the model does not exist") : model.error();
      co_return http::error_response(http::Family::kOpenAi, error, "model");
    }
    const json::Value body = describe(**model, services.models.created());
    co_return http::Response::json(200, body);
  };
  return route;
}

}  // namespace

base::Result<void> add_openai_routes(http::Router& router, Services& services) {
  for (auto make : {chat_route, completions_route, embeddings_route, models_route, model_route}) {
    if (auto added = router.add(make(services)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
