// The choices array of one chunk of an answer, as values or still as the text that a backend wrote. Most chunks only
// pass through to a client of the same dialect; nothing is made of their text then.
#pragma once

#include <string>

#include "json/json.h"

namespace promethean::llm {

// As a json::Array to whoever looks into it, which parses the text once. Threads: one at a time, even for reading.
class Choices {
 public:
  Choices() = default;
  Choices(json::Array values) : values_(std::move(values)) {}
  // `text` is JSON, and an array with something in it; the caller has checked that.
  static Choices of_text(std::string text);

  // Puts `more` into the text that of_text() was given, `from_end` bytes before its end; it stays JSON.
  void insert(std::string_view more, size_t from_end);

  bool empty() const { return text_.empty() && values_.empty(); }
  json::Array& values();
  const json::Array& values() const { return const_cast<Choices*>(this)->values(); }
  void append_to(std::string& out) const;  // as JSON

  auto begin() { return values().begin(); }
  auto end() { return values().end(); }
  auto begin() const { return values().begin(); }
  auto end() const { return values().end(); }
  json::Value& operator[](size_t at) { return values()[at]; }
  const json::Value& operator[](size_t at) const { return values()[at]; }
  json::Value& front() { return values().front(); }
  const json::Value& front() const { return values().front(); }

 private:
  std::string text_;  // empty: `values_` says it
  json::Array values_;
};

}  // namespace promethean::llm
