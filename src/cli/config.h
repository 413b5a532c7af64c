// Configuration: one plain struct, filled from five places. Later ones win:
//
//   defaults (the initialisers below) < promethean.toml in the root < the user's file < environment < flags
//
// The file in the root is part of a repository, thus untrusted: it may set [index] and [retrieval] and nothing else.
// Every key is one row of the table in config_keys.h; docs/configuration.md is made from that table.
//
// An unknown key or a bad value is kInvalidArgument that names the place (file:line, variable or flag) and the nearest
// valid key. Values of secrets never appear in messages, warnings or origins.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "json/json.h"
#include "llm/compatibility.h"

namespace promethean::cli {

struct Address {
  std::string host = "127.0.0.1";  // without brackets
  uint16_t port = 0;               // 0: a free one
};

enum class AuthMode { kToken, kNone };
enum class UnknownModel { kNotFound, kDefault };
// One [[models]] entry, checked: the name is unique, the fallbacks exist, `url` is set unless the backend is local.
struct ModelConfig {
  std::string name;  // what a client asks for
  llm::Kind backend = llm::Kind::kLocal;
  std::string url;          // http://host:port[/base], without a trailing slash; empty for the local model
  std::string upstream;     // the backend's own name for it
  std::string api_key_env;  // name of the variable that holds the key; empty: no key is sent
  int64_t context = 0;      // tokens; 0: what the backend reports
  int64_t max_concurrency = 4;
  int64_t max_waiting = 64;  // requests that wait for a place
  int64_t retries = 2;
  int64_t connect_timeout_seconds = 5;
  int64_t first_token_timeout_seconds = 120;
  int64_t idle_timeout_seconds = 120;
  int64_t total_timeout_seconds = 600;
  json::Object parameters;  // fields of requests that do not bring them
  std::vector<std::string> fallback;
  bool retrieval = true;  // a request may override it
  bool grounded = false;  // places come word for word from the citations
  std::string where;      // "FILE:LINE", a variable, or "the local model"; for messages
};

struct StorageConfig {
  int64_t responses_days = 30;  // how long answers of the Responses API are kept
  int64_t session_days = 30;    // how long sessions are kept after their last use
};

enum class ArtifactMode { kOff, kMetadata, kFull };

// Commands that clients may run.
struct ExecConfig {
  bool enabled = false;
  std::string shell;  // after load(): the shell's path; empty: none
  int64_t max_output_bytes = 2 << 20;
};

// Exchanges that are written down.
struct ArtifactConfig {
  ArtifactMode mode = ArtifactMode::kMetadata;
  std::string directory;  // after load(): absolute; default <state_dir>/docs
  int64_t days = 30;
  int64_t max_bytes = 512 << 20;
};

struct ServerConfig {
  std::string root = ".";  // after load(): absolute and canonical
  Address listen{.host = "127.0.0.1", .port = 3210};
  std::string state_dir;  // after load(): absolute; default $XDG_STATE_HOME/promethean
  std::string public_base_url;
  bool openapi_public = false;
  std::vector<std::string> allowed_hosts;    // beside the loopback names and those of listen and public_base_url
  std::vector<std::string> allowed_origins;  // beside the server's own
  std::string upstream_ca_file;              // PEM; trusted beside the system's roots when models are called by https
  int64_t max_body_bytes = 2 << 20;
  int64_t drain_seconds = 10;
  int64_t cores = 0;  // event loops; 0: one per processor
  int64_t rate_per_second = 200;
  int64_t rate_burst = 400;
  bool embedded_model = true;
  UnknownModel unknown_model = UnknownModel::kNotFound;
};

struct AuthConfig {
  AuthMode mode = AuthMode::kToken;
  std::vector<std::string> tokens;  // secret; accepted beside those of `promethean token`, with all scopes
  std::string cookie;               // name of a cookie that may carry the token; empty: none
};

// The local model, run by a child process.
struct LocalModelConfig {
  std::string path;                  // GGUF file; empty: the one that came with the program (model_file.h finds it)
  std::string name;                  // what clients call it; empty: "smollm2", or the file's name when `path` is set
  std::string default_name;          // which of the models answers when a request names none; empty: the first
  std::string ollama_url;            // asks for the Ollama there when no [[models]] is written
  int64_t context = 8192;            // tokens
  int64_t threads = 0;               // 0: by what is free
  int64_t idle_unload_minutes = 10;  // 0: never unloaded
  int64_t queue = 8;                 // requests that may wait; more are refused with 429
  bool grounded = true;
};

struct IndexConfig {
  std::vector<std::string> exclude_globs;
  int64_t max_file_bytes = 2 << 20;
};

struct RetrievalConfig {
  bool enabled = true;
  int64_t max_citations = 6;
  int64_t max_tokens = 2000;
};

// Where a value came from.
struct Origin {
  enum class Source { kDefault, kRootFile, kUserFile, kEnvironment, kFlag };
  Source source = Source::kDefault;
  std::string where;  // "/home/x/.config/promethean/promethean.toml:12", "PORT", "--listen"; empty for defaults
};
std::string_view source_name(Origin::Source source);

struct Config {
  ServerConfig server;
  AuthConfig auth;
  base::LogOptions log;
  IndexConfig index;
  RetrievalConfig retrieval;
  StorageConfig storage;
  ArtifactConfig artifacts;
  ExecConfig exec;
  LocalModelConfig model;
  std::vector<ModelConfig> models;  // after load(): never empty; the default model is the first

  std::map<std::string, Origin> origins;  // "server.listen" -> place; keys at their default are absent
  std::vector<std::string> files;         // the files that were read
  std::vector<std::string> warnings;      // for people; log them once
};

// A value given on the command line for one key of the table.
struct FlagValue {
  std::string key;  // "server.listen"
  std::string value;
  std::string flag;  // "--listen"
};

// The surroundings that load() looks at; tests bring their own.
struct Surroundings {
  std::map<std::string, std::string> environment;
  std::string working_dir;
  static Surroundings of_process();
};

struct LoadRequest {
  std::string config_file;  // --config; empty: $XDG_CONFIG_HOME/promethean/promethean.toml if it is there
  std::vector<FlagValue> flags;
  bool with_root =
      true;  // false: the root is neither resolved nor its file read, for commands that have nothing to do with one
};

// Reads everything and checks what one value says about another. kInvalidArgument as said above; kNotFound for a
// --config file or a root that is not there; kUnsupported for a valid wish that this version cannot fulfil.
base::Result<Config> load_config(const LoadRequest& request, const Surroundings& around);

// "127.0.0.1:3210", "[::1]:3210", "localhost:0"; nullopt for anything else.
std::optional<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);

// True for 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(std::string_view host);

}  // namespace promethean::cli
