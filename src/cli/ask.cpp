// promethean ask: one question, its cited answer streamed to the terminal. Through the server of this root when one
// runs, else by the same parts in this process.
#include "cli/answer_reader.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/stream_call.h"

namespace promethean::cli {

static json::Object question_body(const AskOptions& options) {
  json::Object body{{"messages", json::Array{json::Object{{"role", "user"}, {"content", options.question}}}},
                    {"stream", true}};
  if (!options.model.empty()) body["model"] = options.model;
  if (options.citations > 0) body["retrieval"] = json::Object{{"max_citations", options.citations}};
  return body;
}

Exit run_ask(const Invocation& invocation, const AskOptions& options) {
  const auto show = [&invocation](std::string_view text) {
    if (invocation.json) return;
    print(printable(text));
    std::fflush(stdout);
  };
  StreamCall call;
  call.path = "/v1/chat/completions";
  call.body = json::write(question_body(options));
  auto reader = AnswerReader::of(call.path, show);
  if (!reader) return base::fail(std::move(reader).error());
  auto read = stream_call(invocation, call, [&reader](std::string_view bytes) { return reader->feed(bytes); });
  if (!read) return base::fail(std::move(read).error());
  const auto answer = reader->finish();
  if (!answer) return base::fail(answer.error());
  if (invocation.json) {
    print_json(
        {{"ok", true}, {"answer", answer->text}, {"model", answer->model}, {"retrieval_context", answer->retrieval}});
  }
  return kExitDone;
}

}  // namespace promethean::cli
