#include "cli/config_field.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "json/json.h"

namespace promethean::cli {

using base::Code;
using base::fail;

std::string_view type_words(Type type) {
  switch (type) {
    case Type::kText:
      return "text";
    case Type::kNumber:
      return "a whole number";
    case Type::kSwitch:
      return "true or false";
    case Type::kList:
      return "a list of texts";
    case Type::kChoice:
      return "one of the listed words";
    case Type::kAddress:
      return "HOST:PORT";
    case Type::kUrl:
      return "a URL";
    case Type::kTable:
      return "a table";
    case Type::kNotUsed:
      return "anything";
  }
  return "";
}

static std::optional<bool> parse_switch(std::string_view text) {
  const std::string word = base::to_lower(text);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off") return false;
  return std::nullopt;
}

// Commas separate, but not those in {a,b} of a glob.
static std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  int depth = 0;
  const auto take = [&items, &item] {
    if (const auto trimmed = base::trim(item); !trimmed.empty()) items.emplace_back(trimmed);
    item.clear();
  };
  for (const char c : text) {
    if (c == '{') ++depth;
    if (c == '}' && depth > 0) --depth;
    if (c == ',' && depth == 0)
      take();
    else
      item += c;
  }
  take();
  return items;
}

base::Result<Value> value_from_text(Type type, std::string_view text) {
  if (type == Type::kNumber) {
    if (auto number = base::parse_int(base::trim(text))) return Value(*number);
    return fail(detail::wrong_type(type).error());
  }
  if (type == Type::kSwitch) {
    if (auto on = parse_switch(base::trim(text))) return Value(*on);
    return fail(detail::wrong_type(type).error());
  }
  if (type == Type::kList) return Value(split_list(text));
  return Value(std::string(text));
}

std::string to_toml(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json::quote(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* on = std::get_if<bool>(&value)) return *on ? "true" : "false";
  std::vector<std::string> items;
  if (const auto* table = std::get_if<json::Object>(&value)) {
    for (const auto& [key, member] : *table)
      items.push_back(fmt::format("{} = {}", std::string_view(key), json::write(member)));
    return items.empty() ? "{}" : "{ " + base::join(items, ", ") + " }";
  }
  for (const auto& item : std::get<std::vector<std::string>>(value)) items.push_back(json::quote(item));
  return "[" + base::join(items, ", ") + "]";
}

namespace detail {

base::Result<void> wrong_type(Type expected) {
  return fail(Code::kInvalidArgument, fmt::format("expected {}", type_words(expected)));
}

base::Result<void> check_range(std::string_view name, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return {};
  return fail(Code::kInvalidArgument, fmt::format("{} is out of range", value),
              fmt::format("{} takes {} to {}", name, min, max));
}

base::Result<size_t> check_choice(std::string_view name, const std::string& text,
                                  const std::vector<std::string_view>& choices,
                                  const std::vector<std::string_view>& unsupported) {
  const std::string word = base::to_lower(text);
  std::vector<std::string> names(choices.begin(), choices.end());
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == word) return i;
  }
  for (const auto later : unsupported) {
    if (later != word) continue;
    return fail(Code::kUnsupported, fmt::format("\"{}\" is not supported by this version", word),
                fmt::format("use {}", base::join(names, " or ")));
  }
  const auto near = base::nearest(word, names);
  return fail(Code::kInvalidArgument,
              fmt::format("{} is no value of {}{}", json::quote(text), name,
                          near ? fmt::format(", did you mean \"{}\"?", *near) : ""),
              fmt::format("use {}", base::join(names, ", ")));
}

base::Result<Address> check_address(const std::string& text) {
  if (auto address = parse_address(text)) return *std::move(address);
  return fail(Code::kInvalidArgument, fmt::format("{} is no HOST:PORT", json::quote(text)),
              "write it like \"127.0.0.1:3210\" or \"[::1]:0\"; port 0 picks a free one");
}

base::Result<std::string> check_url(const std::string& text) {
  if (text.empty()) return std::string();
  // First, so that a password is never quoted by the message below.
  if (text.find('@') != std::string::npos) {
    return fail(Code::kInvalidArgument, "a URL may not carry a user or a password",
                "name a variable that holds the key with api_key_env");
  }
  const bool known = text.starts_with("http://") || text.starts_with("https://");
  const size_t host = text.find("://") + 3;
  if (!known || host >= text.size() || text[host] == '/' || text.find_first_of(" \t\r\n\"<>") != std::string::npos) {
    return fail(Code::kInvalidArgument, fmt::format("{} is no URL", json::quote(text)),
                "write it like \"http://127.0.0.1:11434\"");
  }
  std::string url = text;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace detail
}  // namespace promethean::cli
