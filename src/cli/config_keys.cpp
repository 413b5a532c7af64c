#include "cli/config_keys.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::cli {

namespace {

constexpr int64_t kMega = 1 << 20;
constexpr int64_t kGiga = 1 << 30;

// The older PORT says only the port. It listens on the loopback: who wants more says so with `listen`.
base::Result<std::string> read_port(std::string_view text) {
  const auto port = base::parse_int(text);
  if (!port || *port < 0 || *port > 65535) {
    return base::fail(base::Code::kInvalidArgument, "expected a port, 0 to 65535");
  }
  return "127.0.0.1:" + std::to_string(*port);
}

base::Result<std::string> read_auth_enabled(std::string_view text) {
  auto on = value_from_text(Type::kSwitch, text);
  if (!on) return base::fail(std::move(on).error());
  return std::string(std::get<bool>(*on) ? "token" : "none");
}

base::Result<std::string> read_auth_mode(std::string_view text) {
  return std::string(base::iequals(text, "static") ? "token" : text);
}

base::Result<std::string> read_log_level(std::string_view text) {
  return std::string(base::iequals(text, "warning") ? "warn" : text);
}

// The builder of one row: KeyRow(field<...>("s", "k")).doc("...").alias("X").
struct Row {
  Key<Config> key;
  Row doc(std::string_view text) && {
    key.doc = text;
    return std::move(*this);
  }
  Row range(int64_t min, int64_t max) && {
    key.min = min;
    key.max = max;
    return std::move(*this);
  }
  Row choices(std::vector<std::string_view> names, std::vector<std::string_view> later = {}) && {
    key.choices = std::move(names);
    key.unsupported = std::move(later);
    return std::move(*this);
  }
  Row alias(std::string_view name, base::Result<std::string> (*read)(std::string_view) = nullptr) && {
    key.aliases.push_back({name, read});
    return std::move(*this);
  }
  Row url() && {
    key.type = Type::kUrl;
    return std::move(*this);
  }
  Row repository() && {
    key.repository = true;
    return std::move(*this);
  }
  Row secret() && {
    key.secret = true;
    return std::move(*this);
  }
};

template <auto Outer, auto Inner>
Row row(std::string_view section, std::string_view name) {
  return Row{field<Config, Outer, Inner>(section, name)};
}

// A name that environments of today already carry; the part that reads it comes with a later version.
Row not_used(std::string_view section, std::string_view name) {
  Row row;
  row.key.section = section;
  row.key.name = name;
  return row;
}

template <auto Inner>
Row server(std::string_view name) {
  return row<&Config::server, Inner>("server", name);
}
template <auto Inner>
Row model(std::string_view name) {
  return row<&Config::model, Inner>("model", name);
}
template <auto Inner>
Row log(std::string_view name) {
  return row<&Config::log, Inner>("log", name);
}

using S = ServerConfig;
using M = LocalModelConfig;
using L = base::LogOptions;

std::vector<Row> server_rows() {
  return {
      server<&S::root>("root").alias("ROOT_PATH").doc("The directory that is indexed and served."),
      server<&S::listen>("listen")
          .alias("PORT", read_port)
          .doc("Where to listen. Port 0 picks a free one. The older `PORT=N` means `127.0.0.1:N`."),
      server<&S::state_dir>("state_dir")
          .alias("PROMETHEAN_STATE_DIR")
          .doc("Index, tokens and the like. Empty: `$XDG_STATE_HOME/promethean`, else `~/.local/state/promethean`."),
      server<&S::public_base_url>("public_base_url")
          .url()
          .alias("PUBLIC_BASE_URL")
          .doc("The URL by which clients reach the server through a proxy; its host is an allowed one, and "
               "`/openapi.json` names it."),
      server<&S::allowed_hosts>("allowed_hosts")
          .doc("Names a request's `Host` may carry, beside the loopback ones and those of `listen` and "
               "`public_base_url`."),
      server<&S::allowed_origins>("allowed_origins")
          .doc("Web pages (`https://app.example`) that may call the server from a browser."),
      server<&S::upstream_ca_file>("upstream_ca_file")
          .doc("Certificates (PEM) to trust beside the system's when a model's `url` is `https://`: a private CA's, "
               "or the backend's own."),
      server<&S::max_body_bytes>("max_body_bytes").range(1024, kGiga).doc("Largest request body; over it: 413."),
      server<&S::drain_seconds>("drain_seconds")
          .range(0, 3600)
          .doc("How long running requests may take after SIGTERM before they are cut."),
      server<&S::cores>("cores").range(0, 1024).doc("Event loops. 0: one per processor."),
      server<&S::rate_per_second>("rate_per_second").range(1, 1'000'000).doc("Requests a second of one caller."),
      server<&S::rate_burst>("rate_burst").range(1, 1'000'000).doc("Requests of one caller that may come at once."),
      server<&S::embedded_model>("embedded_model").doc("Keep the local model beside those of `[[models]]`."),
      server<&S::unknown_model>("unknown_model")
          .choices({"not_found", "default"})
          .doc("What a request for an unlisted model gets: 404 `model_not_found`, or the default model's answer."),
      server<&S::openapi_public>("openapi_public")
          .alias("OPENAPI_PUBLIC")
          .doc("Whether `/openapi.json`, `/v1/openapi.json`, `/docs` and `/llms.txt` need no token."),
  };
}

std::vector<Row> auth_rows() {
  return {
      row<&Config::auth, &AuthConfig::mode>("auth", "mode")
          .choices({"token", "none"}, {"jwt"})
          .alias("AUTH_MODE", read_auth_mode)
          .alias("AUTH_ENABLED", read_auth_enabled)
          .doc("`token`: a bearer token with scopes. `none`: everybody may do everything, on a loopback address only. "
               "The older `AUTH_MODE=static` and `AUTH_ENABLED=true` mean `token`, `AUTH_ENABLED=false` means `none`."),
      row<&Config::auth, &AuthConfig::tokens>("auth", "tokens")
          .secret()
          .alias("AUTH_TOKENS")
          .alias("AUTH_TOKEN")
          .doc("Tokens that are accepted with all scopes, separated by commas."),
      row<&Config::auth, &AuthConfig::cookie>("auth", "cookie")
          .alias("AUTH_COOKIE")
          .doc("Name of a cookie that may carry the token. Empty: cookies are not looked at."),
      not_used("auth", "jwt_secret").secret().alias("AUTH_JWT_SECRET").doc("Key of signed tokens."),
      not_used("auth", "jwt_issuer").alias("AUTH_JWT_ISSUER").doc("Issuer that a signed token must name."),
      not_used("auth", "jwt_audience").alias("AUTH_JWT_AUDIENCE").doc("Audience that a signed token must name."),
      not_used("auth", "jwks_url").alias("AUTH_JWKS_URL").doc("Where the issuer's public keys lie."),
  };
}

std::vector<Row> log_rows() {
  return {
      log<&L::level>("level")
          .choices({"trace", "debug", "info", "warn", "error", "off"})
          .alias("CC_LOG_LEVEL", read_log_level)
          .alias("LOG_LEVEL", read_log_level)
          .doc("The least level that is written."),
      log<&L::json>("json").alias("LOG_JSON").doc("JSON lines instead of text for people."),
      log<&L::time>("time")
          .choices({"iso", "millis", "none"})
          .doc("How a line says when: ISO 8601 in UTC, milliseconds since 1970, or not at all."),
      log<&L::file>("file").alias("LOG_FILE").doc("A file to write to instead of stderr."),
      log<&L::rotate_bytes>("rotate_bytes").range(4096, 64 * kGiga).doc("Size at which the file is rotated."),
      log<&L::rotate_keep>("rotate_keep").range(1, 100).doc("Rotated files that are kept."),
  };
}

std::vector<Row> index_rows() {
  return {
      row<&Config::index, &IndexConfig::exclude_globs>("index", "exclude_globs")
          .repository()
          .alias("EXCLUDE_GLOBS")
          .doc("Files to leave out beside those that `.gitignore` and `.ignore` name, in gitignore's syntax."),
      row<&Config::index, &IndexConfig::max_file_bytes>("index", "max_file_bytes")
          .repository()
          .range(1, 64 * kMega)
          .doc("Larger files are left out, and counted."),
      row<&Config::retrieval, &RetrievalConfig::enabled>("retrieval", "enabled")
          .repository()
          .doc("Add excerpts of the repository to chat requests. A model or a request may override it."),
      row<&Config::retrieval, &RetrievalConfig::max_citations>("retrieval", "max_citations")
          .repository()
          .range(1, 64)
          .doc("Excerpts that are added at most."),
      row<&Config::retrieval, &RetrievalConfig::max_tokens>("retrieval", "max_tokens")
          .repository()
          .range(64, 1'000'000)
          .doc("Tokens that all excerpts together may take."),
  };
}

std::vector<Row> model_rows() {
  return {
      model<&M::path>("path").doc("GGUF file of the local model. Empty: the one that came with the program."),
      model<&M::name>("name").doc(
          "What clients call the local model. Empty: `smollm2`, or the file's name if `path` is set."),
      model<&M::default_name>("default")
          .alias("LLM_MODEL")
          .doc("The model that answers when a request names none. Empty: the first of the table."),
      model<&M::ollama_url>("ollama_url")
          .url()
          .alias("OLLAMA_BASE_URL")
          .doc("An Ollama to use when no `[[models]]` is written: the model `default` (else `gemma3:latest`) is asked "
               "there."),
      model<&M::context>("context").range(512, 1 << 20).doc("Context of the local model, in tokens."),
      model<&M::threads>("threads").range(0, 1024).doc("Threads of the local model. 0: by what is free."),
      model<&M::idle_unload_minutes>("idle_unload_minutes")
          .range(0, 100'000)
          .doc("The local model is unloaded after so long without a request. 0: never."),
      model<&M::queue>("queue").range(0, 4096).doc("Requests that may wait for the local model; more get 429."),
      model<&M::grounded>("grounded")
          .doc("Whether the local model's answers are composed from the citations word for word. Right for small "
               "models."),
  };
}

std::vector<Row> storage_rows() {
  return {
      row<&Config::storage, &StorageConfig::responses_days>("storage", "responses_days")
          .range(1, 36'500)
          .doc("How long answers of `/v1/responses` are kept for `previous_response_id`; `store: false` keeps none."),
      row<&Config::storage, &StorageConfig::session_days>("storage", "session_days")
          .range(1, 36'500)
          .doc("How long a session (`session_id`) is kept after its last request. Of one credential's sessions the 100 "
               "last used are kept, of each the last 200 messages or 2 MiB."),
  };
}

std::vector<Row> artifact_rows() {
  using A = ArtifactConfig;
  return {
      row<&Config::artifacts, &A::mode>("artifacts", "mode")
          .choices({"off", "metadata", "full"})
          .doc("What is written down of each exchange. `metadata`: a JSON line in `exchanges.jsonl`, without any text "
               "of question or answer. `full`: a Markdown file with the texts, too, which `promethean replay` can ask "
               "again; secrets that can be recognized are redacted."),
      row<&Config::artifacts, &A::directory>("artifacts", "directory")
          .doc("The folder for it. Empty: `docs` in the state directory. Not inside of the root, where it would be "
               "indexed."),
      row<&Config::artifacts, &A::days>("artifacts", "days").range(1, 36'500).doc("How long it is kept."),
      row<&Config::artifacts, &A::max_bytes>("artifacts", "max_bytes")
          .range(64 << 10, 1024 * kGiga)
          .doc("The size of the folder at which the oldest files go."),
  };
}

// EXEC_SHELL is a switch in the original.
base::Result<std::string> read_shell(std::string_view text) {
  if (text.starts_with('/')) return std::string(text);
  const auto on = value_from_text(Type::kSwitch, text);
  if (!on) return base::fail(base::Code::kInvalidArgument, "expected true, false or the path of a shell");
  return std::string(std::get<bool>(*on) ? "/bin/sh" : "");
}

std::vector<Row> exec_rows() {
  using E = ExecConfig;
  return {
      row<&Config::exec, &E::enabled>("exec", "enabled")
          .alias("EXEC_ENABLED")
          .doc("Allow `POST /exec/run` to callers with the scope `exec`. Commands run as the server's user."),
      row<&Config::exec, &E::shell>("exec", "shell")
          .alias("EXEC_SHELL", read_shell)
          .doc("A shell (`/bin/sh`) that commands given as one text go through. Empty: they are taken apart into words "
               "and nothing is expanded. The older `EXEC_SHELL=true` means `/bin/sh`."),
      row<&Config::exec, &E::max_output_bytes>("exec", "max_output_bytes")
          .range(1024, 64 * kMega)
          .alias("EXEC_MAX_OUTPUT_BYTES")
          .doc("Bytes that are kept of each of a command's two outputs: the last ones."),
  };
}

std::vector<Row> later_rows() {
  return {
      not_used("agents", "state_dir").alias("AGENT_STATE_DIR").doc("Where agents keep their logs."),
      not_used("agents", "restore_on_start").alias("AGENT_RESTORE_ON_START").doc("Show the agents of the last run."),
      not_used("agents", "codex_bin").alias("CODEX_BIN").doc("The coding agent's program."),
      not_used("queue", "broker_url").alias("BROKER_URL").doc("The task broker to join."),
      not_used("bridge", "url").alias("SMARTGPT_URL").doc("A retrieval service elsewhere; this server has its own."),
      not_used("bridge", "token").secret().alias("SMARTGPT_TOKEN").doc("The token of that service."),
  };
}

template <auto Member>
Key<ModelConfig> entry(std::string_view name, std::string_view doc) {
  auto key = field<ModelConfig, Member>("", name);
  key.doc = doc;
  return key;
}

}  // namespace

const std::vector<Key<Config>>& config_keys() {
  static const std::vector<Key<Config>> keys = [] {
    std::vector<Key<Config>> all;
    for (auto rows : {server_rows(), auth_rows(), log_rows(), index_rows(), model_rows(), storage_rows(),
                      artifact_rows(), exec_rows(), later_rows()}) {
      for (auto& row : rows) all.push_back(std::move(row.key));
    }
    return all;
  }();
  return keys;
}

const std::vector<Key<ModelConfig>>& model_keys() {
  using E = ModelConfig;
  static const std::vector<Key<ModelConfig>> keys = [] {
    std::vector<Key<ModelConfig>> all = {
        entry<&E::name>("name", "What a client asks for. Required; the first entry is the default model."),
        entry<&E::backend>("backend", "Who answers. Required. `local` is the model of `[model]`."),
        entry<&E::url>("url", "Where the backend is. Default for `ollama`: `http://127.0.0.1:11434`."),
        entry<&E::upstream>("upstream", "The backend's own name for the model. Default: `name`."),
        entry<&E::api_key_env>("api_key_env", "The environment variable that holds the key. Empty: no key is sent."),
        entry<&E::context>("context", "Context in tokens. 0: what the backend reports."),
        entry<&E::max_concurrency>("max_concurrency", "Requests that run at once."),
        entry<&E::max_waiting>("max_waiting",
                               "Requests that may wait for a place; more get 429. Fair between callers."),
        entry<&E::retries>("retries", "Tries again, with back-off, while nothing was answered yet."),
        entry<&E::connect_timeout_seconds>("connect_timeout_seconds", "Until the backend takes the connection."),
        entry<&E::first_token_timeout_seconds>("first_token_timeout_seconds",
                                               "Until the first token, retries included. `local`: 300."),
        entry<&E::idle_timeout_seconds>("idle_timeout_seconds", "Between two tokens."),
        entry<&E::total_timeout_seconds>("total_timeout_seconds", "Until the end of the answer."),
        entry<&E::parameters>("parameters",
                              "Fields of requests that do not bring them: `{ temperature = 0.2, seed = 7 }`."),
        entry<&E::fallback>("fallback", "Models to try, in order, when this one is away."),
        entry<&E::retrieval>("retrieval", "Add excerpts of the repository. Default: `[retrieval] enabled`."),
        entry<&E::grounded>("grounded", "Answers are composed from the citations. Default: only for `local`."),
    };
    for (auto& key : all) {
      if (key.name == "backend") key.choices = {"local", "openai", "ollama", "anthropic"}, key.unsupported = {"queue"};
      if (key.name == "url") key.type = Type::kUrl;
      if (key.name == "context") key.max = 100'000'000;
      if (key.name == "max_concurrency") key.min = 1, key.max = 10'000;
      if (key.name == "max_waiting") key.max = 100'000;
      if (key.name == "retries") key.max = 10;
      if (key.name.ends_with("_seconds")) key.min = 1, key.max = 86'400;
    }
    return all;
  }();
  return keys;
}

const Key<Config>* find_key(std::string_view section, std::string_view name) {
  const auto& keys = config_keys();
  const auto found = std::ranges::find_if(
      keys, [section, name](const auto& key) { return key.section == section && key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

const Key<Config>* find_key(std::string_view dotted_name) {
  const size_t dot = dotted_name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  return find_key(dotted_name.substr(0, dot), dotted_name.substr(dot + 1));
}

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& key : config_keys()) {
    if (std::ranges::find(names, key.section) == names.end()) names.emplace_back(key.section);
  }
  return names;
}

std::string env_name(const Key<Config>& key) {
  std::string name = "PROMETHEAN_";
  for (const char c : std::string(key.section).append("_").append(key.name)) {
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return name;
}

const std::vector<EnvironmentName>& other_environment_names() {
  static const std::vector<EnvironmentName> names = {
      {"PROMETHEAN_TOKEN", "The token that `search`, `grep`, `symbols` and `ask` show to a running server."},
      {"OPENAI_API_KEY", "Read only by a `[[models]]` entry that names it in `api_key_env`."},
      {"ANTHROPIC_API_KEY", "Read only by a `[[models]]` entry that names it in `api_key_env`."},
  };
  return names;
}

}  // namespace promethean::cli
