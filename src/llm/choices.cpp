#include "llm/choices.h"

#include <utility>

#include "base/check.h"

namespace promethean::llm {

Choices Choices::of_text(std::string text) {
  Choices choices;
  choices.text_ = std::move(text);
  return choices;
}

void Choices::insert(std::string_view more, size_t from_end) {
  CHECK(from_end < text_.size());
  text_.insert(text_.size() - from_end, more);
}

json::Array& Choices::values() {
  if (!text_.empty()) {
    auto parsed = json::parse(std::exchange(text_, {}));
    CHECK(parsed && parsed->is_array());
    values_ = std::move(parsed->get_array());
  }
  return values_;
}

void Choices::append_to(std::string& out) const {
  if (text_.empty()) return json::append(out, values_);
  out += text_;
}

}  // namespace promethean::llm
