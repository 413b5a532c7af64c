// JSON: Boost.JSON's value as the one document type, with our limits and errors.
//
//   auto body = json::parse(text);                      // Result<Value>; depth and size limited
//   std::string_view model = json::string_at(*body, "model").value_or("");
//   std::string out = json::write({{"ok", true}, {"count", 3}});
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace promethean::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

inline constexpr size_t kMaxDepth = 64;
inline constexpr size_t kMaxText = 64 << 20;  // bytes

// kInvalidArgument with line and column (both from 1, columns in bytes) for malformed text, trailing bytes, invalid
// UTF-8, or more than kMaxDepth levels; also for a number that no double can hold. kTooLarge over kMaxText.
// Of equal keys the last counts.
base::Result<Value> parse(std::string_view text);

// Compact. Always JSON (RFC 8259): what JSON cannot say becomes null (NaN, infinity) or U+FFFD (invalid UTF-8).
std::string write(const Value& value);
void append(std::string& out, const Value& value);  // as write(), behind what `out` has
void append(std::string& out, const Array& array);  // (an Array or Object given as a Value is copied)
void append(std::string& out, const Object& object);
std::string write_pretty(const Value& value);  // two-space indent, for people
std::string quote(std::string_view text);      // one JSON string; invalid UTF-8 becomes U+FFFD

// Members by name: nullopt / nullptr when `value` is no object, has no such member, or it is of another type.
// 3.0 is an int too, and every number is a number.
//
// Whose: a Value or an Object, by reference. (Taking only Values would copy every Object that is passed, and hand out
// pointers into the copy.)
struct Whose {
  const Object* object;  // null: not an object
  Whose(const Value& value) : object(value.if_object()) {}
  Whose(const Object& value) : object(&value) {}
};
const Value* find(Whose whose, std::string_view key);
const Value* given(Whose whose, std::string_view key);  // as find(), but null counts as not there
std::optional<std::string_view> string_at(Whose whose, std::string_view key);
std::optional<int64_t> int_at(Whose whose, std::string_view key);
std::optional<double> number_at(Whose whose, std::string_view key);
std::optional<bool> bool_at(Whose whose, std::string_view key);
const Array* array_at(Whose whose, std::string_view key);
const Object* object_at(Whose whose, std::string_view key);

}  // namespace promethean::json
