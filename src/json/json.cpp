#include "json/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parser.hpp>
#include <cmath>

#include "base/strings.h"

namespace promethean::json {

namespace {
using boost::json::error;
using boost::system::error_code;

// What people read instead of Boost's wording. `offset` is where the parser stopped.
std::string reason(const error_code& ec, std::string_view text, size_t offset) {
  if (ec == error::incomplete) return "the text ends too early";
  if (ec == error::too_deep) return fmt::format("more than {} levels deep", kMaxDepth);
  if (ec == error::exponent_overflow) return "a number out of range";
  if (!base::is_valid_utf8(text)) return "invalid UTF-8";
  if (ec == error::extra_data) return "text after the end of the value";
  const char at = offset < text.size() ? text[offset] : '\0';
  if (at > ' ' && at <= '~') return fmt::format("unexpected '{}'", at);
  if (at > '\0' && at < ' ') return "a control character that must be escaped";
  return "not JSON";
}

std::string position(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

// The parser turns 1e999 into infinity, which could not be written again.
bool all_finite(const Value& value) {
  if (const double* number = value.if_double()) return std::isfinite(*number);
  if (const Array* array = value.if_array()) return std::ranges::all_of(*array, all_finite);
  if (const Object* object = value.if_object()) {
    return std::ranges::all_of(*object, [](const auto& member) { return all_finite(member.value()); });
  }
  return true;
}
}  // namespace

base::Result<Value> parse(std::string_view text) {
  if (text.size() > kMaxText) {
    return base::fail(base::Code::kTooLarge, fmt::format("JSON of more than {}", base::human_bytes(kMaxText)));
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  unsigned char scratch[2048];  // the values of a small document while it is read
  boost::json::parser parser({}, options, scratch);
  error_code ec;
  try {
    const size_t stopped = parser.write(text.data(), text.size(), ec);
    if (ec) {
      return base::fail(base::Code::kInvalidArgument,
                        fmt::format("{}: {}", position(text, stopped), reason(ec, text, stopped)));
    }
    Value value = parser.release();
    if (!all_finite(value)) return base::fail(base::Code::kInvalidArgument, "a number out of range");
    return value;
  } catch (const std::exception& e) {  // memory, or a string over Boost's own limit
    return base::fail(base::Code::kTooLarge, std::string("JSON could not be held: ") + e.what());
  }
}

const Value* find(Whose whose, std::string_view key) {
  return whose.object == nullptr ? nullptr : whose.object->if_contains(key);
}

const Value* given(Whose whose, std::string_view key) {
  const Value* member = find(whose, key);
  return member != nullptr && !member->is_null() ? member : nullptr;
}

std::optional<std::string_view> string_at(Whose whose, std::string_view key) {
  const Value* member = find(whose, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string_view(member->get_string());
}

std::optional<int64_t> int_at(Whose whose, std::string_view key) {
  constexpr double kExact = 9'007'199'254'740'992.0;  // 2^53: up to here a double holds every integer
  const Value* member = find(whose, key);
  if (member == nullptr) return std::nullopt;
  if (const int64_t* number = member->if_int64()) return *number;
  const double* number = member->if_double();
  if (number == nullptr || std::trunc(*number) != *number || std::abs(*number) > kExact) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::optional<double> number_at(Whose whose, std::string_view key) {
  const Value* member = find(whose, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  if (const double* number = member->if_double()) return *number;
  if (const uint64_t* number = member->if_uint64()) return static_cast<double>(*number);
  return static_cast<double>(member->get_int64());
}

std::optional<bool> bool_at(Whose whose, std::string_view key) {
  const Value* member = find(whose, key);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->get_bool();
}

const Array* array_at(Whose whose, std::string_view key) {
  const Value* member = find(whose, key);
  return member == nullptr ? nullptr : member->if_array();
}

const Object* object_at(Whose whose, std::string_view key) {
  const Value* member = find(whose, key);
  return member == nullptr ? nullptr : member->if_object();
}

}  // namespace promethean::json
