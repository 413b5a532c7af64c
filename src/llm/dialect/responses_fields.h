// What the files of this dialect share: reading members, refusing them by name, and ids.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "json/json.h"

namespace promethean::llm::responses {

// A member that is there and not null.
inline const json::Value* given(const json::Value& value, std::string_view key) {
  const json::Value* member = json::find(value, key);
  return member != nullptr && !member->is_null() ? member : nullptr;
}

inline std::string_view text_at(const json::Value& value, std::string_view key) {
  return json::string_at(value, key).value_or("");
}

inline std::unexpected<base::Error> wrong(std::string field, std::string message, std::string hint = {}) {
  return base::fail(
      base::Error(base::Code::kInvalidArgument, std::move(message), std::move(hint)).with_field(std::move(field)));
}

// `text` in a new paragraph after what `whole` has.
inline void append_paragraph(std::string& whole, std::string_view text) {
  if (text.empty()) return;
  if (!whole.empty()) whole += "\n\n";
  whole += text;
}

// Ids of the items of one request: one look into the kernel's random numbers for all of them.
class Ids {
 public:
  std::string make(std::string_view prefix) { return fmt::format("{}_{}{:04x}", prefix, seed_, next_++); }

 private:
  std::string seed_ = base::random_hex(12);
  int next_ = 0;
};

}  // namespace promethean::llm::responses
