// Keeps secrets out of text that leaves the process. log.h exposes redact() for values; this is the rule for names.
#pragma once

#include <string_view>

namespace promethean::base {

// True for names of credentials however they are written: token, API_KEY, x-api-key, Set-Cookie, db_password. False for
// counts such as prompt_tokens.
bool names_secret(std::string_view key);

inline constexpr std::string_view kRedacted = "[redacted]";

}  // namespace promethean::base
