// One configurable field as data: its name, its text for people, and how a value gets into the struct and out again.
//
// Key<Config> describes the sections, Key<ModelConfig> a [[models]] entry. The default of a key is what the struct's
// initialiser says; nothing states it twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/error.h"
#include "cli/config.h"

namespace promethean::cli {

using Value = std::variant<std::string, int64_t, bool, std::vector<std::string>, json::Object>;

enum class Type { kText, kNumber, kSwitch, kList, kChoice, kAddress, kUrl, kTable, kNotUsed };

// An older environment variable that sets a key. `read` turns its text into the key's; null: they are the same.
struct Alias {
  std::string_view name;
  base::Result<std::string> (*read)(std::string_view text) = nullptr;
};

// What a value of `type` looks like in words: "a whole number".
std::string_view type_words(Type type);

// Text of a variable or a flag -> a value. kInvalidArgument says what was expected, without quoting the text.
base::Result<Value> value_from_text(Type type, std::string_view text);

// A value as TOML: `"text"`, `12`, `true`, `["a", "b"]`.
std::string to_toml(const Value& value);

template <class T>
struct Key {
  std::string_view section;  // "" in a [[models]] entry
  std::string_view name;
  Type type = Type::kNotUsed;
  Value (*get)(const Key&, const T&) = nullptr;
  base::Result<void> (*set)(const Key&, T&, const Value&) = nullptr;
  int64_t min = 0;  // kNumber
  int64_t max = 0;
  std::vector<std::string_view> choices;      // kChoice, in the order of the enum
  std::vector<std::string_view> unsupported;  // choices that a later version will know
  std::vector<Alias> aliases;
  std::string_view doc;
  bool repository = false;  // the file in the root may set it
  bool secret = false;      // from the environment only, never shown
};

namespace detail {

base::Result<void> check_range(std::string_view name, int64_t value, int64_t min, int64_t max);
base::Result<size_t> check_choice(std::string_view name, const std::string& text,
                                  const std::vector<std::string_view>& choices,
                                  const std::vector<std::string_view>& unsupported);
base::Result<Address> check_address(const std::string& text);
base::Result<std::string> check_url(const std::string& text);  // without trailing slashes
base::Result<void> wrong_type(Type expected);

template <class Field>
constexpr Type type_of() {
  if constexpr (std::is_same_v<Field, std::string>) return Type::kText;
  if constexpr (std::is_same_v<Field, bool>) return Type::kSwitch;
  if constexpr (std::is_same_v<Field, std::vector<std::string>>) return Type::kList;
  if constexpr (std::is_same_v<Field, Address>) return Type::kAddress;
  if constexpr (std::is_same_v<Field, json::Object>) return Type::kTable;
  if constexpr (std::is_enum_v<Field>) return Type::kChoice;
  return Type::kNumber;
}

template <class T, auto... Path>
Value get(const Key<T>& key, const T& object) {
  const auto& field = (object.*....*Path);
  using Field = std::remove_cvref_t<decltype(field)>;
  if constexpr (std::is_enum_v<Field>)
    return std::string(key.choices[static_cast<size_t>(field)]);
  else if constexpr (std::is_same_v<Field, Address>)
    return to_string(field);
  else if constexpr (type_of<Field>() == Type::kNumber)
    return static_cast<int64_t>(field);
  else
    return field;
}

template <class T, auto... Path>
base::Result<void> set(const Key<T>& key, T& object, const Value& value) {
  auto& field = (object.*....*Path);
  using Field = std::remove_cvref_t<decltype(field)>;
  using Stored = std::conditional_t<
      type_of<Field>() == Type::kNumber, int64_t,
      std::conditional_t<std::is_enum_v<Field> || std::is_same_v<Field, Address>, std::string, Field>>;
  const auto* stored = std::get_if<Stored>(&value);
  if (stored == nullptr) return wrong_type(key.type);
  if constexpr (type_of<Field>() == Type::kNumber) {
    if (auto ok = check_range(key.name, *stored, key.min, key.max); !ok) return ok;
    field = static_cast<Field>(*stored);
  } else if constexpr (std::is_enum_v<Field>) {
    auto index = check_choice(key.name, *stored, key.choices, key.unsupported);
    if (!index) return base::fail(std::move(index).error());
    field = static_cast<Field>(*index);
  } else if constexpr (std::is_same_v<Field, Address>) {
    auto address = check_address(*stored);
    if (!address) return base::fail(std::move(address).error());
    field = *std::move(address);
  } else if constexpr (std::is_same_v<Field, std::string>) {
    if (key.type == Type::kUrl) {
      auto url = check_url(*stored);
      if (!url) return base::fail(std::move(url).error());
      field = *std::move(url);
    } else {
      field = *stored;
    }
  } else {
    field = *stored;
  }
  return {};
}

}  // namespace detail

// The key of the field that `Path` leads to: field<Config, &Config::server, &ServerConfig::cores>("server", "cores").
template <class T, auto... Path>
Key<T> field(std::string_view section, std::string_view name) {
  using Field = std::remove_cvref_t<decltype((std::declval<T&>().*....*Path))>;
  Key<T> key;
  key.section = section;
  key.name = name;
  key.type = detail::type_of<Field>();
  key.get = detail::get<T, Path...>;
  key.set = detail::set<T, Path...>;
  return key;
}

}  // namespace promethean::cli
