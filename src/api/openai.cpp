// Routes of the OpenAI family and their texts. The chat handler itself is in chat.cpp.
#include "api/chat.h"
#include "api/services.h"

namespace promethean::api {

namespace {

// What is checked here gives an error that names the field; everything else of the dialect is accepted, and the fields
// in chat.cpp's list go on to the backend. OpenAI API reference, "Create chat completion".
constexpr std::string_view kChatSchema = R"({
  "type": "object",
  "required": ["messages"],
  "properties": {
    "model": {"type": "string", "maxLength": 256},
    "messages": {
      "type": "array", "minItems": 1, "maxItems": 4096,
      "items": {
        "type": "object", "required": ["role"],
        "properties": {
          "role": {"enum": ["system", "developer", "user", "assistant", "tool", "function"]},
          "content": {
            "type": ["string", "array", "null"],
            "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}, "text": {"type": "string"}}}
          },
          "name": {"type": ["string", "null"]},
          "tool_call_id": {"type": ["string", "null"]},
          "tool_calls": {"type": ["array", "null"]}
        }
      }
    },
    "stream": {"type": ["boolean", "null"]},
    "stream_options": {"type": ["object", "null"], "properties": {"include_usage": {"type": ["boolean", "null"]}}},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "max_tokens": {"type": ["integer", "null"], "minimum": 1},
    "max_completion_tokens": {"type": ["integer", "null"], "minimum": 1},
    "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
    "seed": {"type": ["integer", "null"]},
    "stop": {"type": ["string", "array", "null"], "maxItems": 16, "items": {"type": "string"}},
    "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "tools": {"type": ["array", "null"], "items": {"type": "object", "required": ["type"]}},
    "tool_choice": {"type": ["string", "object", "null"]},
    "response_format": {"type": ["object", "null"]},
    "retrieval": {
      "type": ["object", "null"],
      "properties": {
        "enabled": {"type": "boolean"},
        "max_citations": {"type": "integer", "minimum": 0, "maximum": 50},
        "max_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000},
        "kind": {"enum": ["all", "code", "docs", "tests"]}
      }
    }
  }
})";

json::Object describe(const llm::Model& model, int64_t created) {
  json::Object out{{"id", model.name}, {"object", "model"}, {"created", created}, {"owned_by", model.owner}};
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
      "`retrieval_context` in the answer lists them. Send `retrieval: {\"enabled\": false}` to ask the model alone.";
  route.request_schema = kChatSchema;
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
  for (auto make : {chat_route, models_route, model_route}) {
    if (auto added = router.add(make(services)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
