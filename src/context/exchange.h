// Exchange: one question with its answer as it is written down: a JSON line of facts and, with its texts, a Markdown
// file that people read and `promethean replay` asks again. Secrets are redacted in both, by field name and by form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "json/json.h"
#include "llm/chat.h"

namespace promethean::context {

// How an exchange ended. kFailed: nothing was answered; kCut: the answer broke off; kLeft: the client did not wait.
enum class ExchangeEnd { kDone, kFailed, kCut, kLeft };
std::string_view end_name(ExchangeEnd end);  // "done", "failed", "cut", "left"

// What only the Markdown file has.
struct ExchangeTexts {
  std::string request;       // the body as the client sent it: JSON
  json::Object headers;      // those of the request's that change its answer
  json::Array conversation;  // of a session: its messages and the request's, as they were put together
  json::Array prompt;        // messages as the model got them; empty: the answer was composed from the citations
  json::Array choices;       // of the answer: chat completion choices
  bool cut = false;          // the answer went on after what is kept of it
};

struct Exchange {
  std::string id;  // new_exchange_id(); also the name of its Markdown file
  base::WallTime started{};
  std::string endpoint;    // "/v1/chat/completions"
  std::string request_id;  // x-request-id
  std::string principal;   // names a credential, is none
  std::string session;     // empty: none
  std::string model_asked;
  std::string model;                      // who answered; empty: nobody
  std::optional<json::Object> retrieval;  // the answer's retrieval_context
  std::optional<llm::Usage> usage;
  std::string finish_reason;
  std::optional<int64_t> first_token_ms;
  int64_t total_ms = 0;
  ExchangeEnd end = ExchangeEnd::kLeft;
  std::optional<base::Error> error;
  std::optional<ExchangeTexts> texts;
};

// "20261125-001721-9f3c2a1b7d4e": UTC and 48 random bits, so that two processes never share one.
std::string new_exchange_id(base::WallTime now);
bool is_exchange_id(std::string_view text);

// The facts: {id,time,endpoint,request_id,principal,session?,model_asked,model,status,error?,finish_reason,retrieval?,
// usage?,first_token_ms?,total_ms,file?}. Of the retrieval its citations ({path,startLine,endLine,hash}) and numbers.
json::Object exchange_record(const Exchange& exchange);

// The Markdown file of an exchange with texts. No content can close the fence that it stands in.
std::string exchange_markdown(const Exchange& exchange, const json::Object& record);

// What replaying needs of such a file. `answer` is the first choice's text.
struct RecordedExchange {
  json::Object record;
  json::Object request;
  json::Object headers;
  json::Array conversation;
  std::string answer;
  json::Array tool_calls;
};
// kInvalidArgument when the text is no such file, or was changed so that it cannot be read.
base::Result<RecordedExchange> read_exchange_markdown(std::string_view text);

// `value` with every string redacted, and those whose key names a credential wholly.
json::Value redacted(json::Value value);

}  // namespace promethean::context
