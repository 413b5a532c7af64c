// What the files of this dialect share: reading members, refusing them by name, and ids.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "json/json.h"

namespace promethean::llm::responses {

inline std::string_view text_at(const json::Value& value, std::string_view key) {
  return json::string_at(value, key).value_or("");
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
