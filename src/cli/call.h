// One HTTP call that blocks until its answer is in: how the command line talks to a running server.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "cli/options.h"
#include "cli/server_file.h"
#include "http/message.h"
#include "json/json.h"

namespace promethean::cli {

struct CallRequest {
  http::Method method = http::Method::kGet;
  std::string url;
  std::string token;  // empty: no credential is sent
  std::string body;   // JSON; empty: none
  std::chrono::milliseconds connect_within{1'000};
  std::chrono::milliseconds deadline{60'000};
};

struct CallAnswer {
  int status = 0;
  std::string body;
};

// kUnavailable when nobody answers, kDeadlineExceeded, kTooLarge over 64 MiB. Any status is an answer.
base::Result<CallAnswer> call(const CallRequest& request);

// PROMETHEAN_TOKEN, else the first token of the state directory. kNotFound when there is neither.
base::Result<std::string> find_token(const std::string& state_dir);

// POSTs `body` and gives the answer's document. An error of the server comes back as that Error.
base::Result<json::Value> post_json(const RunningServer& server, const std::string& token, const std::string& path,
                                    const json::Value& body);

// What an answer that is no success says went wrong; knows {"ok":false,...} and {"error":{...}}.
base::Error error_of_answer(const CallAnswer& answer);

}  // namespace promethean::cli
