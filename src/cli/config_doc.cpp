#include "cli/config_doc.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/config_keys.h"

namespace promethean::cli {

namespace {

constexpr std::string_view kHead = R"(# Configuration

Values come from five places; the later ones win:

1. the defaults below;
2. `promethean.toml` in the root. It is part of a repository and therefore not trusted: it may set `[index]` and
   `[retrieval]`, and anything else in it is refused by name;
3. the file named with `--config`, else `$XDG_CONFIG_HOME/promethean/promethean.toml` (usually
   `~/.config/promethean/promethean.toml`);
4. the environment: `PROMETHEAN_<SECTION>_<KEY>`, or one of the older names in the tables. An empty variable counts as
   absent; lists are separated by commas; switches take `true` and `false`;
5. flags (`promethean COMMAND --help`).

An unknown key or a bad value is an error that names the place and the nearest valid key. `promethean doctor --json`
shows which values are not the defaults and where they were set. Secrets have no place in a file: they are given by
variables only, and are never printed. Relative paths start at the working directory, `~/` at the home directory.
)";

constexpr std::string_view kModels = R"(
## `[[models]]`

One entry for each model that clients may ask for, in your own file only. The first is the default model. Without any
entry there is one, the local model; a file with entries keeps it as the last one unless `[server] embedded_model =
false`. A client's `model` is looked up by `name`; an unlisted name is 404 `model_not_found`, unless
`[server] unknown_model = "default"`.

```toml
[[models]]
name = "gemma3:latest"
backend = "ollama"
url = "http://127.0.0.1:11434"
fallback = ["smollm2"]
```

| key | default | meaning |
|---|---|---|
)";

constexpr std::string_view kNotUsed = R"(
## Known, not used yet

These names belong to parts that come with later versions. Setting one is no error; it has no effect.

| key | variables | meaning |
|---|---|---|
)";

// A cell of a table: a bar would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

template <class T>
std::string meaning(const Key<T>& key) {
  std::string text(key.doc);
  if (!key.choices.empty()) {
    std::vector<std::string> words;
    for (const auto choice : key.choices) words.push_back(fmt::format("`{}`", choice));
    text += fmt::format(" One of {}.", base::join(words, ", "));
  }
  if (key.type == Type::kNumber) text += fmt::format(" {} to {}.", key.min, key.max);
  return cell(text);
}

std::string variables(const Key<Config>& key) {
  std::string text = fmt::format("`{}`", env_name(key));
  for (const auto& alias : key.aliases) text += fmt::format(", `{}`", alias.name);
  return text;
}

std::string section_title(std::string_view section) {
  const bool open = section == "index" || section == "retrieval";
  return fmt::format("\n## `[{}]`\n\n{}| key | default | variables | meaning |\n|---|---|---|---|\n", section,
                     open ? "The file in the root may set these.\n\n" : "");
}

std::string key_row(const Key<Config>& key) {
  static const Config defaults;
  const std::string value = key.secret ? "(variable only)" : fmt::format("`{}`", to_toml(key.get(key, defaults)));
  return fmt::format("| `{}` | {} | {} | {} |\n", key.name, value, variables(key), meaning(key));
}

std::string model_row(const Key<ModelConfig>& key) {
  static const ModelConfig defaults;
  const bool required = key.name == "name" || key.name == "backend";
  const std::string value = required ? "(required)" : fmt::format("`{}`", to_toml(key.get(key, defaults)));
  return fmt::format("| `{}` | {} | {} |\n", key.name, value, meaning(key));
}

}  // namespace

std::string configuration_doc() {
  std::string out(kHead);
  std::string later(kNotUsed);
  std::string_view section;
  for (const auto& key : config_keys()) {
    if (key.type == Type::kNotUsed) {
      later += fmt::format("| `{}` | {} | {} |\n", dotted(key), variables(key), meaning(key));
      continue;
    }
    if (key.section != section) out += section_title(section = key.section);
    out += key_row(key);
  }
  out += kModels;
  for (const auto& key : model_keys()) out += model_row(key);
  out += "\n## Other variables\n\n| variable | meaning |\n|---|---|\n";
  for (const auto& other : other_environment_names()) out += fmt::format("| `{}` | {} |\n", other.name, other.doc);
  out += "| `NO_COLOR` | Not empty: no colour, even on a terminal. |\n";
  return out + later;
}

}  // namespace promethean::cli
