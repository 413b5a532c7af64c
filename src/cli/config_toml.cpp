// The only file that knows toml++.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "base/strings.h"
#include "cli/config_keys.h"
#include "cli/config_sources.h"

namespace promethean::cli {

using base::Code;
using base::fail;

namespace {

constexpr std::string_view kHint = "docs/configuration.md lists every key";

// Reads one parsed document. Members live as long as read_toml's frame.
class Reader {
 public:
  Reader(const std::string& name, Trust trust) : name_(name), trust_(trust) {}

  base::Result<TomlFile> read(const toml::table& document);

 private:
  std::string place(const toml::source_region& source) const { return fmt::format("{}:{}", name_, source.begin.line); }
  base::Result<void> section(std::string_view name, const toml::key& key, const toml::node& node);
  base::Result<void> setting(std::string_view section, const toml::key& key, const toml::node& node);
  base::Result<void> models(const toml::key& key, const toml::node& node);
  base::Result<void> model_field(ModelEntry& entry, const toml::key& key, const toml::node& node);

  const std::string& name_;
  Trust trust_;
  TomlFile file_;
};

base::Result<std::vector<std::string>> texts_of(const toml::array& array) {
  std::vector<std::string> texts;
  for (const auto& item : array) {
    const auto text = item.value_exact<std::string>();
    if (!text) return fail(detail::wrong_type(Type::kList).error());
    texts.push_back(*text);
  }
  return texts;
}

base::Result<Value> json_of(const toml::table& table) {
  std::ostringstream text;
  text << toml::json_formatter(table);
  auto parsed = json::parse(text.str());
  if (!parsed) return fail(std::move(parsed).error());
  return Value(std::move(parsed->as_object()));
}

base::Result<Value> value_of(Type type, const toml::node& node) {
  if (type == Type::kNotUsed) return Value(std::string());
  if (const auto text = node.value_exact<std::string>()) return Value(*text);
  if (const auto number = node.value_exact<int64_t>()) return Value(*number);
  if (const auto on = node.value_exact<bool>()) return Value(*on);
  if (const auto* array = node.as_array()) {
    auto texts = texts_of(*array);
    if (!texts) return fail(std::move(texts).error());
    return Value(*std::move(texts));
  }
  if (const auto* table = node.as_table(); table != nullptr && type == Type::kTable) return json_of(*table);
  return fail(detail::wrong_type(type).error());
}

base::Result<TomlFile> Reader::read(const toml::table& document) {
  for (const auto& [key, node] : document) {
    auto done = section(key.str(), key, node);
    if (!done) return fail(std::move(done).error());
  }
  return std::move(file_);
}

base::Result<void> Reader::section(std::string_view name, const toml::key& key, const toml::node& node) {
  const std::string where = place(key.source());
  auto known = section_names();
  known.emplace_back("models");
  if (std::ranges::find(known, name) == known.end()) {
    return fail(Code::kInvalidArgument, fmt::format("{}: unknown section [{}]{}", where, name, suggestion(name, known)),
                std::string(kHint));
  }
  if (trust_ == Trust::kRepository && name != "index" && name != "retrieval") {
    return fail(
        Code::kInvalidArgument,
        fmt::format("{}: [{}] may not be set by the file of a repository, only [index] and [retrieval]", where, name),
        "move it to your own file (--config FILE or ~/.config/promethean/promethean.toml)");
  }
  if (name == "models") return models(key, node);

  const auto* table = node.as_table();
  if (table == nullptr) {
    return fail(Code::kInvalidArgument, fmt::format("{}: {} is a section", where, name),
                fmt::format("write [{}] on a line of its own", name));
  }
  for (const auto& [inner, value] : *table) {
    auto done = setting(name, inner, value);
    if (!done) return done;
  }
  return {};
}

base::Result<void> Reader::setting(std::string_view section, const toml::key& key, const toml::node& node) {
  const std::string where = place(key.source());
  const std::string full = fmt::format("{}.{}", section, key.str());
  const auto* known = find_key(section, key.str());
  if (known == nullptr) {
    std::vector<std::string> names;
    for (const auto& candidate : config_keys()) {
      if (candidate.section == section) names.push_back(dotted(candidate));
    }
    return fail(Code::kInvalidArgument, fmt::format("{}: unknown key {}{}", where, full, suggestion(full, names)),
                std::string(kHint));
  }
  if (known->secret) {
    return fail(Code::kInvalidArgument, fmt::format("{}: {} is a secret and does not belong into a file", where, full),
                fmt::format("set the variable {}", env_name(*known)));
  }
  auto value = value_of(known->type, node);
  if (!value) return fail(value.error().wrap(fmt::format("{}: {}", where, full)));

  const auto source = trust_ == Trust::kUser ? Origin::Source::kUserFile : Origin::Source::kRootFile;
  file_.settings.push_back({known, *std::move(value), {source, where}});
  return {};
}

base::Result<void> Reader::models(const toml::key& key, const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) {
    return fail(Code::kInvalidArgument, fmt::format("{}: models is a list of tables", place(key.source())),
                "write [[models]] above each model");
  }
  for (const auto& item : *array) {
    const auto* table = item.as_table();
    if (table == nullptr) {
      return fail(Code::kInvalidArgument, fmt::format("{}: a model is a table", place(item.source())),
                  "write [[models]] above each model");
    }
    ModelEntry entry{.where = place(item.source())};
    for (const auto& [inner, value] : *table) {
      auto done = model_field(entry, inner, value);
      if (!done) return done;
    }
    file_.models.push_back(std::move(entry));
  }
  return {};
}

base::Result<void> Reader::model_field(ModelEntry& entry, const toml::key& key, const toml::node& node) {
  const std::string where = place(key.source());
  std::vector<std::string> names;
  for (const auto& candidate : model_keys()) {
    names.emplace_back(candidate.name);
    if (candidate.name != key.str()) continue;
    auto value = value_of(candidate.type, node);
    if (!value) return fail(value.error().wrap(fmt::format("{}: {}", where, key.str())));
    entry.fields.push_back({&candidate, *std::move(value), where});
    return {};
  }
  return fail(Code::kInvalidArgument,
              fmt::format("{}: unknown key {} of a model{}", where, key.str(), suggestion(key.str(), names)),
              std::string(kHint));
}

}  // namespace

base::Result<TomlFile> read_toml(std::string_view text, const std::string& name, Trust trust) {
  if (text.size() > kMaxConfigBytes) {
    return fail(Code::kTooLarge, fmt::format("{} has more than {}", name, base::human_bytes(kMaxConfigBytes)));
  }
  try {
    const toml::table document = toml::parse(text);
    return Reader(name, trust).read(document);
  } catch (const toml::parse_error& error) {
    return fail(Code::kInvalidArgument,
                fmt::format("{}:{}:{}: {}", name, error.source().begin.line, error.source().begin.column,
                            base::sanitize_utf8(error.description())),
                "the file is TOML: key = \"value\" lines under [section] lines");
  }
}

}  // namespace promethean::cli
