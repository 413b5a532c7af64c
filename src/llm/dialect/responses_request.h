// The body of OpenAI's "Create a model response" as a body of "Create chat completion", with what is needed to put the
// answer back into the first form. No I/O: earlier items come with the call.
//
//   auto translated = translate_request(body, history_of(previous_response_id), lookup);
//   if (!translated) ...                                     // kInvalidArgument, field() is "input[3].call_id"
//   auto stream = co_await backend.chat(ctx, translated->body);
//   ResponsesStream answer(stream_setup(body, *translated, name));                    // responses_stream.h
//
// Source: OpenAI API reference, "Create a model response"; the items and tools beyond it are those that Codex CLI
// sends.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "llm/dialect/responses_items.h"
#include "llm/dialect/responses_tools.h"

namespace promethean::llm::responses {

// JSON Schema of the body: types and bounds of what is read here. Fields that it does not know are accepted.
extern const std::string kResponsesRequestSchema;

struct Translated {
  json::Object body;                            // the chat: messages, tools, settings, stream; without a model
  json::Array items;                            // the input in its full form, to be stored; not the history
  ToolTable tools;                              // the names in `body`
  std::set<std::string, std::less<>> call_ids;  // of the whole conversation: a new call gets another
  // What tells a turn that a person waits for from one that a client makes for itself:
  bool compaction = false;             // the client wants a summary in one compaction item
  bool ends_with_tool_output = false;  // the model goes on with what it had asked for
  bool tools_empty = false;            // `tools` is there and empty, as when an agent asks for a title or a summary
};

// `body` satisfies the schema. `history` are the items of earlier turns, input and output, in the form of read_items.
// `lookup` finds stored items that the input only refers to.
base::Result<Translated> translate_request(const json::Value& body, const json::Array& history,
                                           const ItemLookup& lookup = {});

}  // namespace promethean::llm::responses
