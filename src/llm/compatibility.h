// What becomes of each field of a request at each kind of backend: one table an endpoint, from which requests are
// checked and put together, and docs/compatibility.md is written.
//
// The rule: what changes the shape or the meaning of an answer is refused where a backend cannot do it (n, logprobs);
// what only tunes it is ignored there (seed, penalties). Fields that the table does not know are accepted and go
// nowhere.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::llm {

enum class Kind { kLocal, kOpenAi, kOllama, kAnthropic };
inline constexpr Kind kKinds[] = {Kind::kLocal, Kind::kOpenAi, Kind::kOllama, Kind::kAnthropic};
std::string_view kind_name(Kind kind);  // as in the model table: "local", "openai", ...

// What a backend is asked for; each has a request of its own.
enum class Endpoint { kChat, kCompletions, kEmbeddings, kResponses };

enum class Support {
  kSent,        // as it is
  kTranslated,  // under another name or in another form
  kIgnored,
  kRefused,  // 400, unless its value says what happens anyway
};

struct Field {
  std::string_view name;
  Support by_kind[4];  // in the order of kKinds
  std::string_view note;
  Support at(Kind kind) const { return by_kind[static_cast<size_t>(kind)]; }
};
std::span<const Field> fields_of(Endpoint endpoint);

// kInvalidArgument naming the first field that a backend of this kind refuses.
std::optional<base::Error> check_support(const json::Object& body, Kind kind, Endpoint endpoint = Endpoint::kChat);

// As JSON: the fields of `body` that go to a backend of this kind as they are, null ones count as not given; then those
// of `own`, which are none of the former.
std::string sent_body(const json::Object& body, Kind kind, Endpoint endpoint, const json::Object& own);

// The tables as Markdown: the whole of docs/compatibility.md.
std::string compatibility_page();

}  // namespace promethean::llm
