// Scored tokens as JSON, in the forms of OpenAI's two APIs. Source: OpenAI API reference, "The chat completion object"
// (choices[].logprobs) and "The completion object".
#pragma once

#include <vector>

#include "json/json.h"
#include "llm/local/engine.h"

namespace promethean::llm::local {

// {"content":[{"token":…,"logprob":…,"bytes":[…],"top_logprobs":[…]}],"refusal":null}
json::Object chat_logprobs(const std::vector<TokenScore>& tokens);

// {"tokens":[…],"token_logprobs":[…],"top_logprobs":[{…}],"text_offset":[…]}. `offset`: characters of the answer's text
// before the first of the tokens; it becomes those before the one that comes next.
json::Object completion_logprobs(const std::vector<TokenScore>& tokens, size_t& offset);

}  // namespace promethean::llm::local
