#include "llm/dialect/custom_input.h"

#include <utility>

#include "json/json.h"

namespace promethean::llm::responses {

namespace {

constexpr std::string_view kStart = R"({"input":")";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_utf8(std::string& out, uint32_t point) {
  const auto byte = [&out](uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
  }
  byte(0x80 | (point & 0x3F));
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

std::string CustomInput::feed(std::string_view arguments) {
  const size_t before = text_.size();
  arguments_ += arguments;
  for (const char c : arguments) step(c);
  return text_.substr(before);
}

void CustomInput::step(char c) {
  switch (state_) {
    case State::kBefore:
      return before(c);
    case State::kEscape:
      return escape(c);
    case State::kHex:
      return hex_digit(c);
    case State::kText:
      break;
    case State::kDone:
    case State::kOtherForm:
      return;
  }
  if (c == '\\') {
    state_ = State::kEscape;
    return;
  }
  if (surrogate_ != 0) code_unit(0);
  if (c == '"') {
    state_ = State::kDone;
  } else {
    text_ += c;
  }
}

void CustomInput::before(char c) {
  constexpr size_t kKeyEnd = 8;  // of {"input": blanks may stand before the key and behind it, not in it
  if (is_blank(c) && (matched_ <= 1 || matched_ >= kKeyEnd)) return;
  if (c != kStart[matched_]) {
    state_ = State::kOtherForm;
  } else if (++matched_ == kStart.size()) {
    state_ = State::kText;
  }
}

void CustomInput::escape(char c) {
  state_ = State::kText;
  if (c == 'u') {
    state_ = State::kHex;
    unit_ = 0;
    digits_ = 0;
    return;
  }
  if (surrogate_ != 0) code_unit(0);
  constexpr std::string_view kNames = "bfnrt";
  constexpr std::string_view kMeanings = "\b\f\n\r\t";
  const size_t at = kNames.find(c);
  text_ += at == std::string_view::npos ? c : kMeanings[at];
}

void CustomInput::hex_digit(char c) {
  const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  if (!letter && !(c >= '0' && c <= '9')) {
    state_ = State::kOtherForm;  // no JSON
    return;
  }
  unit_ = unit_ << 4 | static_cast<uint32_t>(letter ? (c | 0x20) - 'a' + 10 : c - '0');
  if (++digits_ < 4) return;
  state_ = State::kText;
  code_unit(unit_);
}

// One unit of UTF-16. 0 with a surrogate waiting also stands for "no second half came".
void CustomInput::code_unit(uint32_t unit) {
  const bool second_half = unit >= 0xDC00 && unit < 0xE000;
  if (surrogate_ != 0) {
    const uint32_t first = std::exchange(surrogate_, 0);
    if (second_half) return append_utf8(text_, 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00));
    text_ += kReplacement;
    if (unit == 0) return;
  }
  if (unit >= 0xD800 && unit < 0xDC00) {
    surrogate_ = unit;
  } else if (second_half) {
    text_ += kReplacement;
  } else {
    append_utf8(text_, unit);
  }
}

std::string CustomInput::finish() const {
  const auto parsed = json::parse(arguments_);
  if (!parsed) return arguments_;
  if (state_ == State::kDone) return text_;
  if (parsed->is_string()) return std::string(parsed->get_string());
  if (const auto input = json::string_at(*parsed, "input")) return std::string(*input);
  const json::Object* object = parsed->if_object();
  const bool one_string = object != nullptr && object->size() == 1 && object->begin()->value().is_string();
  return one_string ? std::string(object->begin()->value().get_string()) : arguments_;
}

}  // namespace promethean::llm::responses
