#include "api/completions.h"

#include <algorithm>
#include <bit>

#include "api/chat_stream.h"
#include "api/dialect_schemas.h"
#include "api/question.h"
#include "api/recording.h"
#include "base/clock.h"
#include "base/hash.h"
#include "llm/completion.h"

namespace promethean::api {

namespace {

Task<http::Response> handle_completion(Services& services, Context& ctx, http::Request& request) {
  const auto model = services.models.find(json::string_at(request.json, "model").value_or(""));
  if (!model) co_return openai_error(model.error());
  ChatHead head;
  head.id = "cmpl-" + base::random_hex(12);
  head.object = "text_completion";
  head.created = base::unix_seconds(base::wall_now());
  head.include_usage = wants_usage(request.json);
  const auto recording = begin_recording(services, request, false);
  if (recording != nullptr) recording->begins(ctx);
  auto started = co_await llm::complete(ctx, services.models, **model, request.json.as_object(), request.principal.id);
  look_on(recording, started);
  if (!started) co_return openai_error(started.error());
  head.model = started->used->name;
  if (json::bool_at(request.json, "stream").value_or(false))
    co_return stream_chat(std::move(head), std::move(started->stream));

  auto answer = co_await llm::collect_completion(ctx, *started->stream);
  if (!answer) co_return openai_error(answer.error());
  const json::Value whole = json::Object{{"id", head.id},
                                         {"object", head.object},
                                         {"created", head.created},
                                         {"model", head.model},
                                         {"choices", std::move(answer->choices)},
                                         {"usage", answer->usage.to_json()}};
  co_return http::Response::json(200, whole);
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (size_t i = 0; i < 4; ++i) out += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

// OpenAI's base64 form: floats of 32 bits, the low byte first.
json::Value packed(const std::vector<double>& vector) {
  std::string bytes;
  bytes.reserve(vector.size() * 4);
  for (const double number : vector) {
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(number));
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 0xFF);
  }
  return json::Value(base64(bytes));
}

Task<http::Response> handle_embeddings(Services& services, Context& ctx, http::Request& request) {
  const auto model = services.models.find(json::string_at(request.json, "model").value_or(""));
  if (!model) co_return openai_error(model.error());
  json::Object body = request.json.as_object();
  auto inputs = llm::texts_of(body, "input", llm::kMaxInputs);
  if (!inputs) co_return openai_error(inputs.error());
  body["input"] = std::move(*inputs);
  const auto recording = begin_recording(services, request, false);
  if (recording != nullptr) recording->begins(ctx);
  auto got = co_await llm::embed(ctx, **model, std::move(body), request.principal.id);
  if (recording != nullptr) recording->embeds(**model, got);
  if (!got) co_return openai_error(got.error());

  const bool pack = json::string_at(request.json, "encoding_format") == "base64";
  json::Array data;
  for (const auto& vector : got->vectors) {
    json::Value embedding = pack ? packed(vector) : json::Array(vector.begin(), vector.end());
    data.push_back(json::Object{{"object", "embedding"}, {"index", data.size()}, {"embedding", std::move(embedding)}});
  }
  const json::Value whole = json::Object{
      {"object", "list"},
      {"data", std::move(data)},
      {"model", (*model)->name},
      {"usage", json::Object{{"prompt_tokens", got->prompt_tokens}, {"total_tokens", got->prompt_tokens}}}};
  co_return http::Response::json(200, whole);
}

}  // namespace

http::Route completions_route(Services& services) {
  http::Route route;
  route.method = http::Method::kPost;
  route.path = "/v1/completions";
  route.operation_id = "createCompletion";
  route.family = http::Family::kOpenAi;
  route.limits.deadline = std::chrono::minutes(10);
  route.limits.max_body = services.max_body;
  route.summary = "Complete a prompt";
  route.description =
      "OpenAI's legacy completions: the model continues the text as it is, without a chat template and without "
      "excerpts of the repository. docs/compatibility.md says which fields each backend takes.";
  route.request_schema = llm::kCompletionRequestSchema;
  route.response_schema = kCompletionAnswer;
  route.streams = true;
  route.handler = [&services](Context& ctx, http::Request& request) {
    return handle_completion(services, ctx, request);
  };
  return route;
}

http::Route embeddings_route(Services& services) {
  http::Route route;
  route.method = http::Method::kPost;
  route.path = "/v1/embeddings";
  route.operation_id = "createEmbedding";
  route.family = http::Family::kOpenAi;
  route.limits.deadline = std::chrono::minutes(10);
  route.limits.max_body = services.max_body;
  route.summary = "Turn texts into vectors";
  route.description =
      "OpenAI's embeddings, as numbers or base64. The local model gives the mean of its last hidden states, of length "
      "1.";
  route.request_schema = llm::kEmbeddingRequestSchema;
  route.response_schema = kEmbeddingsAnswer;
  route.handler = [&services](Context& ctx, http::Request& request) {
    return handle_embeddings(services, ctx, request);
  };
  return route;
}

}  // namespace promethean::api
