// The answer of a chat as an answer of the Responses API: deltas in, the API's server-sent events out, or in the end
// one response object.
//
//   ResponsesStream answer(stream_setup(body, translated, {.id = "resp_" + base::random_hex(16), ...}));
//   send(answer.begin());                                     // response.created, response.in_progress
//   while (nothing comes) send(answer.keep_alive());          // a comment would not reset the client's clock
//   for (each delta) send(answer.feed(delta));
//   send(failed ? answer.fail(error) : answer.finish(now));   // exactly one of both
//   store(answer.response());
//
// Every item is added, filled and done in this order, except for what was cut off: a call whose arguments are not whole
// is never done, because clients run a call as soon as it is. It is in the response object then, as incomplete.
// Arguments that the model ended but that are no JSON are done as they are: the client tells the model.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "llm/dialect/custom_input.h"
#include "llm/dialect/responses_object.h"
#include "llm/dialect/responses_request.h"

namespace promethean::llm::responses {

struct StreamSetup {
  json::Object response;                        // in its first form, from response_object
  ToolTable tools;                              // what the model's tools are to the client
  std::set<std::string, std::less<>> call_ids;  // taken already
  bool compaction = false;                      // the text becomes one compaction item
  bool summaries = false;  // reasoning as summaries, which the client asked for; else as the raw text that it is
  bool events = true;      // false: only response() is wanted
  RetrievalContext retrieval_context;  // a member of the last response object
};
StreamSetup stream_setup(const json::Value& request, const Translated& translated, const ResponseName& name);

// Not thread-safe. Each method returns the events that it brings about, ready to be sent; after the end it returns
// none.
class ResponsesStream {
 public:
  explicit ResponsesStream(StreamSetup setup) : setup_(std::move(setup)) {}

  std::string begin();  // before anything else; the other methods do it when nobody did
  std::string keep_alive();
  std::string feed(const Delta& delta);
  std::string finish(int64_t completed_at);  // the backend ended properly; Unix seconds
  std::string fail(const base::Error& error);

  // A member of the last response object; known only when the backend has begun to answer.
  void set_retrieval_context(RetrievalContext context) { setup_.retrieval_context = std::move(context); }

  const json::Object& response() const { return setup_.response; }  // whole after finish or fail
  json::Object take_response() { return std::move(setup_.response); }

 private:
  // A call of the model's. It becomes an item when its name is known.
  struct Call {
    std::string id;
    std::string name;
    std::string arguments;
    CustomInput input;  // of a custom tool, read from the arguments
    std::optional<size_t> item;
  };

  void event(std::string_view type, json::Object members);
  void item_event(std::string_view type, size_t item, json::Object members);  // of a place within an item
  void response_event(std::string_view type);
  std::string sent() { return std::exchange(out_, {}); }

  size_t add(OutputItem item);
  void done(size_t item, std::string_view status);
  OutputItem& talk(OutputItem::Kind kind);  // the open message or reasoning; another one is closed first
  void close_talk(std::string_view status);
  void close_text(size_t item);

  void text(const Delta& delta);
  void reasoning(const std::string& text);
  void refusal(const std::string& text);
  void piece(const ToolCallPiece& piece);
  void open_call(Call& call);
  void grow_call(Call& call, std::string_view arguments);
  void close_call(Call& call, bool cut);
  std::string new_call_id(const std::string& wish);

  void compaction_item();
  void end(std::string_view status);
  json::Array output() const;

  StreamSetup setup_;
  std::string out_;  // events that are not sent yet
  int64_t sequence_ = 0;
  bool begun_ = false, ended_ = false;
  std::vector<OutputItem> items_;
  std::optional<size_t> talk_;  // the message or reasoning that still grows
  std::string blank_;           // white space that begins a message only if text follows
  json::Array blank_logprobs_;  // of its tokens
  std::vector<Call> calls_;
  std::map<int64_t, size_t> call_at_;  // index of the backend -> calls_
  std::string compacted_;
  std::string finish_reason_;
  std::optional<Usage> usage_;
};

}  // namespace promethean::llm::responses
