// The response object of the Responses API, from its first form (in progress, nothing in it) to its last.
//
//   json::Object response = response_object(body, {.id = "resp_1", .model = "m", .created_at = now});
//   response["output"] = ...;  response["usage"] = usage_json(usage);
#pragma once

#include <string>
#include <vector>

#include "llm/chat.h"
#include "llm/dialect/responses_tools.h"

namespace promethean::llm::responses {

struct ResponseName {
  std::string id;  // "resp_...", random: the ids of its items are made from it
  std::string model;
  int64_t created_at = 0;  // Unix seconds
};

// Every member that the API names, as a client's parser wants them: what the request said, else the default, else null.
json::Object response_object(const json::Value& request, const ResponseName& name);

json::Object usage_json(const Usage& usage);                  // all three totals and both details
json::Object error_json(const base::Error& error);            // code and message, in the codes that clients act upon
json::Object deleted_response(std::string_view response_id);  // the answer to DELETE /v1/responses/{id}

// One item of the output while it grows.
struct OutputItem {
  enum class Kind { kMessage, kReasoning, kFunctionCall, kCustomCall };
  Kind kind = Kind::kMessage;
  std::string id;
  std::string status = "in_progress";  // then completed or incomplete
  std::string text;      // of the message, of the reasoning, the call's arguments, the custom tool's input
  std::string refusal;   // of a message; behind its text
  json::Array logprobs;  // of the text
  bool summary = false;  // the reasoning is given as a summary
  std::string call_id;
  ClientTool tool;

  json::Object to_json() const;
  json::Object begun() const;      // the same before anything was in it
  json::Object text_part() const;  // the part of `content` or `summary` that has the text
  json::Object refusal_part() const;
};

}  // namespace promethean::llm::responses
